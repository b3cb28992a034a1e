"""Tables and counts in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.text import capfirst

from register.datamap.graph import graph


def table_in_words(label: str) -> str:
    """Return what people call the rows of a table."""
    entry = graph().entries.get(label)
    return str(capfirst(entry.model._meta.verbose_name_plural)) if entry else label


def parts_in_words(counts: Mapping[str, int]) -> str:
    """Return counts by table as one line."""
    return ", ".join(
        f"{table_in_words(label)}: {count}" for label, count in sorted(counts.items())
    )
