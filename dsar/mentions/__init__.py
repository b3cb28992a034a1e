"""How a person is named in what people write, and how such places are found and replaced."""

from __future__ import annotations

from dsar.mentions.finding import MARK, Mentions, Span, replaced

__all__ = ["MARK", "Mentions", "Span", "replaced"]
