"""Every operation of the interface: with each key no more than its role and scopes open."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from register import access, actors
from register.access.interface import opened_by
from register.datamap.vocabulary import HEEDED, Category, Level, Scope
from register.models import ApiKey, FieldRule, Role, RoleRight
from register.services import api_keys
from settings.api import api
from tests.access.matrix import asking
from tests.access.matrix.test_fields import ruled
from tests.access.matrix.world import PURPOSE, World, undone
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
ALL_SCOPES = tuple(ApiKey.Scope.values)
names = itertools.count(1)


def operations() -> list[tuple[str, str]]:
    paths = api.get_openapi_schema()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


def body_for(path: str, world: World) -> Any:
    """Return what is sent to an operation: about the people of a world."""
    known = world.canary.identity["person"]
    now = timezone.now().replace(microsecond=0).isoformat()
    when = {"started_at": now, "ended_at": now, "external_id": "number-of-mine"}
    return {
        "/api/v1/contacts": {"emails": [known["email"]], "phones": [known["phone"]]},
        "/api/v1/contacts/search": {"email": known["email"], "phone": known["phone"]},
        "/api/v1/chats": {
            **when,
            "participants": [{"contact_id": str(world.canary.people["person"])}],
        },
        "/api/v1/calls": {
            **when,
            "direction": "inbound",
            "number": known["phone"],
        },
    }.get(path, {})


def key_with(
    scopes: tuple[str, ...] = ALL_SCOPES,
    *,
    reach: Scope = Scope.ALL,
    level: Level | None = None,
) -> str:
    """Return the secret of a key whose role may do everything to some people."""
    role = Role.objects.create(
        code=f"machine-{next(names)}", name=f"m{next(names)}", default_purpose=PURPOSE
    )
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action, scope=reach)
        for category in set(Category) - HEEDED
        for action in ("view", "add", "change", "delete")
    )
    if level is not None:
        FieldRule.objects.bulk_create(
            FieldRule(role=role, field=field, level=level)
            for field in access.all_fields()
        )
    _key, secret = api_keys.create(
        name="Machine",
        scopes=list(scopes),
        role=role,
        actor=actors.system("access_control"),
    )
    return secret


def ask_all(world: World, secret: str) -> dict[tuple[str, str], asking.Answer]:
    client = Client(headers={"accept-language": "en"})
    client.raise_request_exception = False
    return {
        (method, path): asking.call(
            client, method, asking.about(world, path), body_for(path, world), secret
        )
        for method, path in operations()
    }


def test_no_operation_gives_a_key_what_its_scopes_do_not_open(world):
    shown, statuses = {}, {}
    for scope in ALL_SCOPES:
        with undone():
            answers = ask_all(world, key_with((scope,)))
        categories = {category for category, _action in opened_by([scope])}
        needles = world.needles(beyond=categories)
        statuses[scope] = {answer.status for answer in answers.values()}
        for asked, answer in answers.items():
            if betrayed := answer.betrays(needles - _sent(asked[1], world)):
                shown[scope, *asked] = world.named(betrayed)

    assert shown == {}
    assert all(403 in found for found in statuses.values())
    assert all(200 in found or 201 in found for found in statuses.values())


def test_no_operation_gives_a_key_what_its_role_does_not_see(world):
    needles = ruled(world)
    shown, broken, read = {}, [], []
    for level in (Level.HIDDEN, Level.MASKED):
        with undone():
            answers = ask_all(world, key_with(level=level))
        for asked, answer in answers.items():
            betrayed = answer.betrays(set(needles) - _sent(asked[1], world))
            if betrayed:
                shown[level, *asked] = sorted({needles[n] for n in betrayed})
            if answer.status >= 500:
                broken.append((level, *asked, answer.text[:200]))
            if asked[0] == "get":
                read.append(answer.status)

    assert shown == {}
    assert broken == []
    assert set(read) == {200}


@pytest.mark.parametrize("level", [Level.HIDDEN, Level.MASKED, Level.READ_ONLY])
def test_nobody_is_found_by_writing_what_a_key_does_not_see(world, level):
    person = str(world.canary.people["person"])
    known = world.canary.identity["person"]
    when = body_for("/api/v1/calls", world)
    phone, email = known["phone"], known["email"]
    bodies = [
        ("/api/v1/contacts", {"phones": [phone]}),
        ("/api/v1/contacts", {"emails": [email]}),
        ("/api/v1/calls", when),
        ("/api/v1/calls", when | {"number": "", "caller": {"phone": phone}}),
        ("/api/v1/calls", when | {"number": "", "caller": {"email": email}}),
        ("/api/v1/chats", body_for("/api/v1/chats", world)),
    ]
    bodies[-1][1]["participants"] = [{"phone": phone}]
    client = Client(headers={"accept-language": "en"})

    def ask(secret: str) -> list[tuple[int, bool]]:
        answers = [
            asking.call(client, "post", path, body, secret) for path, body in bodies
        ]
        return [(answer.status, person in answer.text) for answer in answers]

    with undone():
        before = Contact.objects.count()
        clear, unseen = ask(key_with()), ask(key_with(level=level))
        assert Contact.objects.count() == before

    assert {is_found for _status, is_found in clear} == {True}
    assert unseen == [(403, False)] * len(bodies)


@pytest.mark.parametrize("reach", [Scope.OWN, Scope.TEAM])
def test_no_refusal_tells_a_key_that_there_are_people_beyond_its_reach(world, reach):
    with undone():
        secret = key_with(reach=reach)
        with undone():
            theirs = World(beside=world)
            theirs.fill()
            theirs.belongs_to(make_user("somebody.else"))
            with_them = ask_all(theirs, secret)
        without = ask_all(theirs, secret)

    needles = theirs.needles(beyond=set())
    assert {
        asked: theirs.named(betrayed)
        for asked, answer in with_them.items()
        if (betrayed := answer.betrays(needles))
    } == {}
    assert {
        asked: (answer.status, without[asked].status, answer.text, without[asked].text)
        for asked, answer in with_them.items()
        if answer != without[asked]
    } == {}


def test_what_a_key_may_not_add_is_refused_as_such_and_not_as_too_old(world):
    with undone():
        secret = key_with()
        RoleRight.objects.filter(role__code__startswith="machine-").filter(
            category__in=(Category.CHATS, Category.COMMUNICATION)
        ).update(scope=Scope.OWN)
        chat = body_for("/api/v1/chats", world)
        client = Client(headers={"accept-language": "en"})
        answers = [
            asking.call(client, "post", f"/api/v1/{what}", body, secret)
            for what, body in (
                ("calls", body_for("/api/v1/calls", world) | {"number": ""}),
                ("chats", chat | {"participants": [{"display_name": "Somebody"}]}),
            )
        ]

    assert [answer.status for answer in answers] == [403, 403]
    assert "past_retention" not in answers[0].text + answers[1].text


def _sent(path: str, world: World) -> set[str]:
    """Return what an answer may repeat because it was sent."""
    sent = str(body_for(path, world))
    return {needle for needle in world.needles(beyond=set()) if needle in sent}
