"""No reach, no row: nothing of the people of others stands in any answer."""

from __future__ import annotations

import pytest

from register.datamap.vocabulary import Scope
from tests.access.matrix import asking
from tests.access.matrix.world import World, limited_reader, undone
from tests.conftest import ensure_seeded, session_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM])
def test_nothing_of_the_people_of_others_stands_in_any_answer(scope):
    with undone():
        ensure_seeded()
        world = World()
        client = session_of(limited_reader(scope))
        client.raise_request_exception = False
        with undone():
            world.fill()
            paths = _all_paths(world)
            with_them = {path: asking.get(client, path) for path in paths}

    needles = world.needles(beyond=set())
    # A page repeats what was searched.
    shown = {
        path: world.named(betrayed)
        for path, answer in with_them.items()
        if (betrayed := [n for n in answer.betrays(needles) if n not in path])
    }
    assert shown == {}
    assert [p for p, a in with_them.items() if a.status >= 500] == []


def _all_paths(world: World) -> list[str]:
    known = world.canary.identity["person"]
    words = [known["last_name"], known["email"], known["phone"]]
    return [*asking.addresses(world), *asking.questions(words)]
