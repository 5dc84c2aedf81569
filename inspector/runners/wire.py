"""Frames between the app and its child processes: length-prefixed JSON with a version, then raw bytes.

A frame is two big-endian uint32 (bytes of JSON, bytes of payload), the JSON object in UTF-8, and the
payload, which is empty or the bytes of one `.npy` file. No pickle anywhere.
"""

import io
import json
import struct
import threading
from typing import Any, BinaryIO, Dict, Optional, Tuple

import numpy as np

VERSION = 1
MAX_HEADER = 64 << 20
MAX_PAYLOAD = 1 << 30
_SIZES = struct.Struct("!II")

# numpy parses the header of a .npy file with `ast`, which CPython 3.11 cannot do in two threads at a time
# ("AST constructor recursion depth mismatch"): whoever loads one holds this.
HEADERS = threading.Lock()
Frame = Tuple[Dict[str, Any], Optional[np.ndarray]]


class WireError(Exception):
    """The other end sent something that is no frame; it is to be treated as hostile."""


def write_frame(stream: BinaryIO, message: Dict[str, Any], array: Optional[np.ndarray] = None) -> None:
    """Write one frame and flush. `array` may have any plain numpy dtype."""
    header = json.dumps(dict(message, v=VERSION)).encode("utf-8")
    payload = b"" if array is None else npy_bytes(array)
    stream.write(_SIZES.pack(len(header), len(payload)) + header)
    if payload:
        stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> Optional[Frame]:
    """Read one frame; None at the end of the stream. Raises WireError on anything that is no frame."""
    sizes = _read_exactly(stream, _SIZES.size)
    if sizes is None:
        return None
    header_size, payload_size = _SIZES.unpack(sizes)
    if header_size > MAX_HEADER or payload_size > MAX_PAYLOAD:
        raise WireError("oversized frame: {} + {} bytes".format(header_size, payload_size))
    header = _read_exactly(stream, header_size)
    payload = _read_exactly(stream, payload_size) if payload_size else b""
    if header is None or payload is None:
        return None
    return _message(header), npy_array(payload) if payload else None


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npy_array(data: bytes) -> np.ndarray:
    try:
        with HEADERS:
            return np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise WireError("payload is no .npy: {}".format(error))


def _message(header: bytes) -> Dict[str, Any]:
    try:
        message = json.loads(header.decode("utf-8"))
    except ValueError as error:
        raise WireError("header is no JSON: {}".format(error))
    if not isinstance(message, dict) or message.get("v") != VERSION:
        raise WireError("unknown message version")
    return message


def _read_exactly(stream: BinaryIO, size: int) -> Optional[bytes]:
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
