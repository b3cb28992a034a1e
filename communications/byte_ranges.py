"""Reading the header Range (RFC 9110, section 14), so that players can seek."""

from __future__ import annotations

import dataclasses
import re

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d*)-(\d*)\s*", re.IGNORECASE | re.ASCII)
# No file has more digits; longer numbers are only somewhere behind its end.
_MOST_DIGITS = 18


class Unsatisfiable(Exception):
    """The range lies outside the file: answer 416."""


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """Bytes from ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it is."""
        return self.last - self.first + 1


def span_of(header: str, size: int) -> Span | None:
    """Return the part of a file of ``size`` bytes that is asked for.

    None means the whole file: no range, one that cannot be read, or several at once,
    which a server may ignore and no player asks for. Raises Unsatisfiable.
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _last_bytes(last, size) if last else None
    if last and _number(last) < _number(first):
        return None
    if _number(first) >= size:
        raise Unsatisfiable
    end = min(_number(last), size - 1) if last else size - 1
    return Span(_number(first), end)


def _last_bytes(digits: str, size: int) -> Span:
    count = min(_number(digits), size)
    if count == 0:
        raise Unsatisfiable
    return Span(size - count, size - 1)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
