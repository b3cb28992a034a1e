"""All of one category and only one's own of another: neither opens the other."""

from __future__ import annotations

import pytest

from register.datamap.graph import graph
from register.datamap.vocabulary import HEEDED, Category, Scope
from register.models import Role, RoleRight
from tests.access.matrix import asking
from tests.access.matrix.world import NAMES_OF_COLLEAGUES, PURPOSE, undone
from tests.conftest import make_user, session_of

pytestmark = pytest.mark.django_db
# Recordings are of calls, and the names of people stand in texts about them.
OWN = {
    "people": {Category.IDENTITY},
    "work": set(Category) - HEEDED - {Category.IDENTITY, Category.RECORDINGS},
}


@pytest.mark.parametrize("own", OWN)
def test_rows_of_others_are_in_no_answer_about_what_may_be_seen_of_all(world, own):
    with undone():
        world.belongs_to(make_user("somebody.else"))
        role = Role.objects.create(code="mixed", name="Mixed", default_purpose=PURPOSE)
        RoleRight.objects.bulk_create(
            RoleRight(
                role=role,
                category=category,
                action=action,
                scope=Scope.OWN if category in OWN[own] else Scope.ALL,
            )
            for category in set(Category) - HEEDED
            for action in ("view", "add", "change", "delete", "export")
        )
        needles = {
            marker.needle
            for marker in world.canary.markers
            if graph()[marker.label].map.category in OWN[own]
            and (marker.label, marker.field) not in NAMES_OF_COLLEAGUES
            and not (own == "people" and marker.field.endswith("_name"))
        }
        client = session_of(make_user("reader.mixed", role.code))
        client.raise_request_exception = False
        found, broken = {}, []
        for path in asking.addresses(world):
            answer = asking.get(client, path)
            betrayed = [n for n in answer.betrays(needles) if n not in path]
            if betrayed:
                found[path] = world.named(betrayed)
            if answer.status >= 500:
                broken.append(path)

    assert len(needles) > 100
    assert found == {}
    assert broken == []
