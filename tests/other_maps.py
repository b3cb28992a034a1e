"""Another data map in force, for tests of what a changed declaration breaks."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Mapping
from unittest import mock

from register.datamap import graph as module
from register.datamap.graph import Entry, Graph


@contextlib.contextmanager
def another_map(entries: Mapping[str, Entry]) -> Iterator[Graph]:
    """Let ``graph()`` return a graph of ``entries``."""
    other = Graph(types.MappingProxyType(dict(entries)))
    with mock.patch.object(module, "_compiled", return_value=other):
        yield other
