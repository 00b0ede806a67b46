"""A part of a file: players of recordings ask for ranges of bytes (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from django.http import FileResponse

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(Exception):
    """The file has none of the bytes that were asked for."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that ``header`` asks for of a file of ``size`` bytes; None: the whole.

    Several ranges at once, and what is no range of bytes, are answered by the whole, as the RFC allows.

    Raises:
        Unsatisfiable: when the range lies behind the end.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # «-500»: the last 500
        if not int(last) or not size:
            raise Unsatisfiable
        return max(size - int(last), 0), size - 1
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end


def cut(response: FileResponse, file: BinaryIO, header: str, size: int) -> FileResponse:
    """Make ``response`` the part of ``file`` that ``header`` asks for."""
    response["Accept-Ranges"] = "bytes"
    try:
        part = wanted(header, size)
    except Unsatisfiable:
        file.seek(size)
        part, response.status_code = (size, size - 1), 416
        response["Content-Range"] = f"bytes */{size}"
    else:
        if part is None:
            return response
        file.seek(part[0])
        response.status_code = 206
        response["Content-Range"] = f"bytes {part[0]}-{part[1]}/{size}"
    length = part[1] - part[0] + 1
    response.streaming_content = _read(file, length, response.block_size)
    response["Content-Length"] = str(length)
    return response


def _read(file: BinaryIO, length: int, block: int) -> Iterator[bytes]:
    while length and (found := file.read(min(block, length))):
        length -= len(found)
        yield found
