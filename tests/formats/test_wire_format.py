"""The wire format against Google's own encoder."""

from __future__ import annotations

import contextlib

import pytest
from google.protobuf import descriptor_pb2, wrappers_pb2
from graph_bytes import number, part
from hypothesis import given
from hypothesis import strategies as st

from inspector.formats.wire_format import BYTES, VARINT, WireFormatError, fields, float32, signed, text, varint


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_int64_as_google_writes_it(value: int) -> None:
    data = memoryview(wrappers_pb2.Int64Value(value=value).SerializeToString())
    [(field, kind, found, _)] = fields(data, 0, len(data))
    assert (field, kind, signed(found)) == (1, VARINT, value)


@given(st.integers(1, 2**64 - 1))
def test_uint64_as_google_writes_it(value: int) -> None:
    data = memoryview(wrappers_pb2.UInt64Value(value=value).SerializeToString())
    [(_, _, found, _)] = fields(data, 0, len(data))
    assert found == value


@given(st.floats(width=32, allow_nan=False).filter(bool))
def test_float32_as_google_writes_it(value: float) -> None:
    data = memoryview(wrappers_pb2.FloatValue(value=value).SerializeToString())
    [(_, _, start, _)] = fields(data, 0, len(data))
    assert float32(data, start) == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300)))
def test_repeated_strings_as_google_writes_them(words: list[str]) -> None:
    data = memoryview(descriptor_pb2.FileDescriptorProto(dependency=words).SerializeToString())
    assert [text(data, start, stop) for _, _, start, stop in fields(data, 0, len(data))] == words


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_within_bounds_or_a_named_error(data: bytes) -> None:
    view, found = memoryview(data), []
    with contextlib.suppress(WireFormatError):
        found.extend(fields(view, 0, len(view)))
    assert all(0 <= start <= stop <= len(data) for _, kind, start, stop in found if kind != VARINT)


def test_a_field_that_is_cut_off_says_where_it_would_end() -> None:
    data = memoryview(part(2, b"x" * 1000)[:10])
    with pytest.raises(WireFormatError, match="field is cut off at byte 0") as caught:
        list(fields(data, 0, len(data)))
    assert caught.value.expected == 1003  # one byte of key, two of length, 1000 of content


def test_a_content_is_a_range_and_not_read() -> None:
    head = number(1, 300) + part(4, b"abc")
    assert list(fields(memoryview(head), 0, len(head))) == [(1, VARINT, 300, 300), (4, BYTES, 5, 8)]


@pytest.mark.parametrize(
    ("data", "what"),
    [(b"\xff" * 11, "number is too long"), (b"\x80", "number is cut off"), (b"\x02\x00", "field number 0")],
)
def test_broken_numbers_are_named(data: bytes, what: str) -> None:
    with pytest.raises(WireFormatError, match=what):
        list(fields(memoryview(data), 0, len(data)))


def test_a_number_that_reaches_into_the_next_message() -> None:
    with pytest.raises(WireFormatError, match="number is cut off at byte 0"):
        list(fields(memoryview(b"\x08\xff\x01"), 0, 2))


def test_a_wire_type_that_does_not_exist() -> None:
    with pytest.raises(WireFormatError, match="unknown wire type 7 at byte 0"):
        list(fields(memoryview(b"\x0f"), 0, 1))


def test_varint_gives_the_offset_behind_it() -> None:
    assert varint(memoryview(b"\x00\xac\x02"), 1) == (300, 3)  # the example of the format's description
