"""A filled register, made once for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.matrix.world import World, undone
from tests.conftest import ensure_seeded


@pytest.fixture(scope="module")
def world(django_db_setup: Any, django_db_blocker: Any) -> Iterator[World]:
    """The register with customers of whom everything is known."""
    with django_db_blocker.unblock(), undone():
        ensure_seeded()
        filled = World()
        filled.fill()
        yield filled
