"""No right, no row: every role, every category, every address of the product.

The register is filled by the data map, with a marker in every personal field. A marker
of a category, of a person or of a field that a reader may not see stands in no answer;
and to whom all of it is hidden, a register without these people answers the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from register.datamap.vocabulary import Scope
from tests.access.matrix import asking
from tests.access.matrix.world import (
    STANDARD,
    World,
    categories_of,
    limited_reader,
    undone,
)
from tests.conftest import ensure_seeded, make_user, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def base(django_db_setup: Any, django_db_blocker: Any) -> Iterator[World]:
    """The register without customers."""
    with django_db_blocker.unblock(), undone():
        ensure_seeded()
        yield World()


@pytest.fixture(scope="module")
def world(base: World) -> World:
    base.fill()
    return base


@pytest.mark.parametrize("role", STANDARD)
def test_no_screen_shows_a_role_what_is_of_a_category_it_may_not_see(world, role):
    with undone():
        client = session_of(make_user(f"reader.{role}", role))
        client.raise_request_exception = False
        needles = world.needles(beyond=categories_of(role))
        assert needles
        found, broken = {}, []
        for path in asking.addresses(world):
            answer = asking.get(client, path)
            if answer.status >= 500:
                broken.append(path)
            elif betrayed := answer.betrays(needles):
                found[path] = _named(world, betrayed)

    assert found == {}
    assert broken == []


def _named(world: World, needles: list[str]) -> list[str]:
    return [
        f"{m.label}.{m.field}" for m in world.canary.markers if m.needle in needles
    ][:5]


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM])
def test_a_register_without_the_people_of_others_answers_the_same(scope):
    with undone():
        ensure_seeded()
        world = World()
        client = session_of(limited_reader(scope))
        client.raise_request_exception = False
        with undone():
            world.fill()
            paths = _all_paths(world)
            with_them = {path: asking.get(client, path) for path in paths}
        without = {path: asking.get(client, path) for path in paths}

    needles = world.needles(beyond=set())
    # A page repeats what was searched.
    shown = {
        path: _named(world, betrayed)
        for path, answer in with_them.items()
        if (betrayed := [n for n in answer.betrays(needles) if n not in path])
    }
    assert shown == {}
    assert [p for p, a in with_them.items() if a.status >= 500] == []
    different = {
        path: (
            with_them[path].status,
            without[path].status,
            _difference(with_them[path], without[path]),
        )
        for path in paths
        if with_them[path] != without[path]
    }
    assert different == {}


def _all_paths(world: World) -> list[str]:
    known = world.canary.identity["person"]
    words = [known["last_name"], known["email"], known["phone"]]
    return [*asking.addresses(world), *asking.questions(words)]


def _difference(one: asking.Answer, other: asking.Answer) -> list[str]:
    lines = difflib.unified_diff(
        other.text.splitlines(), one.text.splitlines(), n=0, lineterm=""
    )
    return [re.sub(r"\s+", " ", line)[:160] for line in lines][2:8]
