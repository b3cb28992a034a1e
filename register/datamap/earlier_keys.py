"""Keys under which persons were known before their records were merged.

What is append-only, the audit trail above all, names a person by the key of then. An
app that merges records says here which keys a person had; whoever looks for everything
about a person asks for them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable

EarlierKeys = Callable[[Collection[uuid.UUID]], Iterable[uuid.UUID]]

_SOURCES: dict[str, EarlierKeys] = {}


def register_earlier_keys(code: str, source: EarlierKeys) -> None:
    """Make a source known, by a name of its own."""
    _SOURCES[code] = source


def with_earlier_keys(keys: Collection[uuid.UUID]) -> tuple[uuid.UUID, ...]:
    """Return these keys, and after them those that the same persons had before."""
    if not keys:
        return ()
    earlier = [key for source in _SOURCES.values() for key in source(keys)]
    return tuple(dict.fromkeys([*keys, *earlier]))
