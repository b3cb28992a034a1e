"""Tables that only repeat others: whoever rewrites a text has them rebuilt.

An app says here what it derives from its own tables; the apps above, which rewrite
rows by the data map alone, need not know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

Rebuild = Callable[[Collection[Any]], None]

_REBUILDS: dict[str, Rebuild] = {}


def register_rebuild(label: str, rebuild: Rebuild) -> None:
    """Have ``rebuild`` called with the keys of the rows of ``label`` whose texts changed."""
    _REBUILDS[label] = rebuild


def rebuild(label: str, keys: Collection[Any]) -> None:
    """Bring what is derived from these rows in line with them, in the same transaction."""
    if keys and label in _REBUILDS:
        _REBUILDS[label](keys)
