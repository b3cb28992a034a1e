"""Tables that only repeat others: whoever rewrites a text has them rebuilt.

An app says here what it derives from its own tables; the apps above, which rewrite
rows by the data map alone, need not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

Rebuild = Callable[[Collection[Any]], None]

# Takes the keys of rows, and of the persons who are about to leave them.
RebuildWithout = Callable[[Collection[Any], Collection[Any]], None]

_REBUILDS: dict[str, Rebuild] = {}
_REBUILDS_WITHOUT: dict[str, RebuildWithout] = {}


def register_rebuild(label: str, rebuild: Rebuild) -> None:
    """Have ``rebuild`` called with the keys of the rows of ``label`` whose texts changed."""
    _REBUILDS[label] = rebuild


def rebuild(label: str, keys: Collection[Any]) -> None:
    """Bring what is derived from these rows in line with them, in the same transaction."""
    if keys and label in _REBUILDS:
        _REBUILDS[label](keys)


def register_rebuild_without(label: str, rebuild: RebuildWithout) -> None:
    """Have ``rebuild`` called with the rows of ``label`` that lose persons, and with these."""
    _REBUILDS_WITHOUT[label] = rebuild


def rebuild_without(
    label: str, keys: Collection[Any], subject_ids: Collection[Any]
) -> None:
    """Bring what is derived of others in line with rows that these persons leave.

    Called while the rows still show who is in them, in the transaction that erases.
    """
    if keys and label in _REBUILDS_WITHOUT:
        _REBUILDS_WITHOUT[label](keys, subject_ids)
