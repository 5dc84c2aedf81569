"""Program code in a model's config: Lambda layers, and which Python wrote their bytecode."""

import base64
import binascii
import struct
import sys
from typing import Any, Dict, Iterator, List, Tuple

Config = Dict[str, Any]
CODE, REFERENCE, STRING = ord("c"), 0x80, ord("s")
CELLS = b"\x87\x95"  # MAKE_CELL and COPY_FREE_VARS of 3.11 and 3.12, for what inner functions share
RESUME_312 = b"\x97"
RESUME = {151: "3.11 or 3.12", 149: "3.13", 128: "3.14"}  # the op with which newer code begins


def lambda_layers(config: Any) -> List[Tuple[str, Config]]:
    """Name and own config of the Lambda layers whose function is bytecode, nested models included."""
    return list(_lambdas(config))


def _lambdas(config: Any) -> Iterator[Tuple[str, Config]]:
    if isinstance(config, list):
        for item in config:
            for found in _lambdas(item):
                yield found
    if not isinstance(config, dict):
        return
    own = config.get("config")
    if config.get("class_name") == "Lambda" and isinstance(own, dict) and _holds_code(own):
        yield str(own.get("name", "?")), own
    for item in config.values():
        for found in _lambdas(item):
            yield found


def _holds_code(config: Config) -> bool:
    function = config.get("function")
    if isinstance(function, dict):  # Keras 3
        return bool(function.get("class_name") == "__lambda__")
    return config.get("function_type") == "lambda" or isinstance(function, list)


def python_of(config: Config) -> str:
    """Which Pythons can read a Lambda's bytecode, "" when it cannot be told.

    Told by the header of a code object (Python/marshal.c): how many numbers stand before the bytecode."""
    code = _bytecode(config.get("function"))
    if not code or code[0] & ~REFERENCE != CODE:
        return ""
    if not code[0] & REFERENCE:
        return "2 or 3.3"
    for numbers, said in ((6, "3.8 to 3.10"), (5, "")):
        place = 1 + 4 * numbers
        if len(code) > place + 5 and code[place] & ~REFERENCE == STRING:
            size = struct.unpack("<i", code[place + 1 : place + 5])[0]
            if 0 < size < len(code):
                return said or _by_ops(code[place + 5 : place + 5 + size : 2])
    return ""


def _by_ops(ops: bytes) -> str:
    """By the first op: newer code begins with RESUME, before which only cells are made."""
    rest = ops.lstrip(CELLS)
    if rest[:1] == RESUME_312 and rest != ops:
        return RESUME[RESUME_312[0]]
    return RESUME.get(ops[0], "3.4 to 3.7")


def this_python() -> str:
    """As `python_of` says it; a Python that is newer than this file says its own number."""
    number = "{}.{}".format(*sys.version_info[:2])
    known = {"3.11": "3.11 or 3.12", "3.12": "3.11 or 3.12"}
    known.update(dict.fromkeys(("3.8", "3.9", "3.10"), "3.8 to 3.10"))
    known.update(dict.fromkeys(("3.4", "3.5", "3.6", "3.7"), "3.4 to 3.7"))
    return known.get(number, number)


def _bytecode(function: Any) -> bytes:
    if isinstance(function, dict):
        function = function.get("config")
        function = function.get("code") if isinstance(function, dict) else None
    if isinstance(function, (list, tuple)):
        function = function[0] if function else None
    if not isinstance(function, str):
        return b""
    try:
        found = base64.b64decode(function.encode("ascii"))
        if found[:1] in (b"c", b"\xe3"):
            return found
    except (ValueError, binascii.Error):
        pass
    return function.encode("raw_unicode_escape")
