"""The one line on standard error."""

from inspector.domain.errors import InspectorError
from inspector.report.failure import failure_line


def test_an_error_of_ours_is_code_what_where_and_what_to_do():
    error = InspectorError("NOT_FOUND", "there is no such file", where="a.h5", todo="Check the path.")
    assert failure_line(error) == "NOT_FOUND: there is no such file [a.h5]. Check the path."


def test_it_is_one_line_of_plain_text_and_not_endless():
    error = InspectorError("BAD_FILE", "first\nsecond \x1b[31m " + "x" * 9000)
    line = failure_line(error)
    assert line.startswith("BAD_FILE: first second \\x1b[31m xx")
    assert len(line) == 2000


def test_the_systems_errors_name_the_file():
    error = PermissionError(13, "Permission denied", "/root/report.html")
    assert failure_line(error) == (
        "OS_ERROR: Permission denied [/root/report.html]. Check the path and its permissions."
    )


def test_our_own_faults_name_their_place():
    try:
        raise KeyError("tensor")
    except KeyError as error:
        line = failure_line(error)
    assert line.startswith("UNEXPECTED: KeyError: 'tensor' [test_failure.py:")
