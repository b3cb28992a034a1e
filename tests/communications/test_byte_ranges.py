"""Reading the header Range."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from communications.byte_ranges import Span, Unsatisfiable, span_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-99", Span(0, 99)),
        ("bytes=0-100", Span(0, 99)),
        ("bytes=10-", Span(10, 99)),
        ("bytes=99-", Span(99, 99)),
        ("bytes=-1", Span(99, 99)),
        ("bytes=-100", Span(0, 99)),
        ("bytes=-1000", Span(0, 99)),
        ("Bytes=5-6", Span(5, 6)),
        ("bytes=000000000000000000000005-6", Span(5, 6)),
        ("bytes=5-99999999999999999999999999", Span(5, 99)),
        (f"bytes=-{'9' * 5000}", Span(0, 99)),
    ],
)
def test_one_range(header, expected):
    assert span_of(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2,4-5", "lines=0-5", "bytes=1.5-2", "bytes=--5", "bytes=٥-٦", "0-5"],
)  # fmt: skip
def test_what_is_no_single_range_asks_for_the_whole(header):
    assert span_of(header, 100) is None


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={'9' * 5000}-"]
)
def test_a_range_outside_the_file(header):
    with pytest.raises(Unsatisfiable):
        span_of(header, 100)


@given(st.text(), st.integers(1, 10**12))
def test_whatever_is_asked_the_span_is_inside_the_file(header, size):
    try:
        span = span_of(f"bytes={header}", size)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.first <= span.last < size
