"""What is beyond a rule for a field, or a form that is sent: no way round either."""

from __future__ import annotations

import pytest

from register.datamap.vocabulary import Level, Scope
from tests.access.matrix import asking
from tests.access.matrix.world import (
    World,
    limited_reader,
    reader_with_levels,
    undone,
)
from tests.conftest import ensure_seeded, session_of

pytestmark = pytest.mark.django_db
PHONE, EMAIL, TITLE = (
    "contacts.contactpoint.value:phone",
    "contacts.contactpoint.value:email",
    "contacts.affiliation.job_title",
)


def test_no_screen_search_or_order_tells_of_fields_that_a_role_does_not_see(db):
    with undone():
        ensure_seeded()
        world = World()
        world.fill()
        client = session_of(
            reader_with_levels(
                "fields",
                {PHONE: Level.HIDDEN, EMAIL: Level.MASKED, TITLE: Level.HIDDEN},
            )
        )
        client.raise_request_exception = False
        needles = {
            marker.needle
            for marker in world.canary.markers
            if (marker.label, marker.field)
            in {
                ("contacts.ContactPoint", "value"),
                ("contacts.Affiliation", "job_title"),
            }
        }
        known = world.canary.identity["person"]
        paths = [
            path
            for path in asking.addresses(world)
            if "/contacts/" in path or "/communications/" in path
        ]
        shown = {
            path: betrayed
            for path in paths
            if (betrayed := asking.get(client, path).betrays(needles))
        }
        # A search by what is not seen finds as much as a search for nonsense.
        found = {
            word: asking.get(client, f"/admin/contacts/contact/?q={word}").text.count(
                f"/admin/contacts/contact/{world.canary.people['person']}/"
            )
            for word in (known["email"], known["phone"], "xyzzy")
        }

    assert len(needles) >= 6
    assert shown == {}
    assert found == dict.fromkeys(found, 0)


def test_a_form_about_people_of_others_is_answered_as_one_about_nobody(db):
    with undone():
        ensure_seeded()
        world = World()
        client = session_of(limited_reader(Scope.OWN))
        client.raise_request_exception = False
        with undone():
            world.fill()
            paths = [p for p in asking.addresses(world) if "/account/" not in p]
            sent = {path: asking.post(client, path, {"post": "yes"}) for path in paths}
        unknown = {path: asking.post(client, path, {"post": "yes"}) for path in paths}

    needles = world.needles(beyond=set())
    assert {p: b for p, a in sent.items() if (b := a.betrays(needles))} == {}
    assert {
        path: (sent[path].status, unknown[path].status)
        for path in paths
        if sent[path].status != unknown[path].status
    } == {}
    assert [path for path, answer in sent.items() if answer.status >= 500] == []
