"""What tracks an MP4 file has (ISO/IEC 14496-12), read without holding the file in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import BinaryIO

# More boxes side by side than this are no recording; a file could consist of them.
MOST_BOXES = 10_000
DEPTH = 3  # the film, its tracks, their media
_CONTAINERS = {b"moov", b"trak", b"mdia"}


def is_mp4(head: bytes) -> bool:
    """Whether a file begins as this kind does, whatever its brand."""
    return head[4:8] == b"ftyp" and 16 <= int.from_bytes(head[:4], "big") <= 1024


def handlers(file: BinaryIO) -> set[bytes]:
    """Return what the tracks hold: ``soun``, ``vide`` and others; empty if there is none.

    Nothing is trusted that the file tells of its own lengths.
    """
    end = file.seek(0, 2)
    return set(itertools.islice(_handlers(file, 0, end), MOST_BOXES))


def _handlers(file: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[bytes]:
    for kind, first, last in itertools.islice(_boxes(file, start, end), MOST_BOXES):
        if kind in _CONTAINERS and depth < DEPTH:
            yield from _handlers(file, first, last, depth + 1)
        elif kind == b"hdlr":
            # Version, flags and four bytes of no meaning come before.
            file.seek(first + 8)
            yield file.read(4)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, beginning and end of the content of each box between two places."""
    while start + 8 <= end:
        file.seek(start)
        header = file.read(16)
        size, kind, length = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:  # the length stands in eight bytes of its own
            size, length = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:  # to the end
            size = end - start
        if size < length or start + size > end:
            return
        yield kind, start + length, start + size
        start += size
