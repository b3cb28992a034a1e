"""How a person is named in what people write, and how such places are found and replaced."""

from __future__ import annotations

from dsar.mentions.crowd import Crowd
from dsar.mentions.finding import MARK, Mentions, Span, merged, replaced
from dsar.mentions.known_by import Known

__all__ = ["MARK", "Crowd", "Mentions", "Span", "mentions_of", "merged", "replaced"]


def mentions_of(known: Known) -> Mentions | Crowd:
    """Return the tests for the one person, or for each of many."""
    return Mentions(known[0]) if len(known) == 1 else Crowd(known)
