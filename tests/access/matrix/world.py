"""A register filled by the data map, of which a reader is to see nothing, or little.

What belongs to no customer (accounts, vocabularies, jobs) is made before, so that two
worlds, with and without the customers, differ in the customers alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from register.database.scopes import leads_to_customers
from register.datamap.graph import graph
from register.datamap.vocabulary import HEEDED, Category, Level, Scope
from register.models import FieldRule, Role, RoleRight, Team, TeamMembership
from tests.architecture.canary.filling import Canary, entries
from tests.conftest import make_user

STANDARD = ("dpo", "service", "sales", "marketing", "auditor", "admin")


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back everything that is written inside."""
    # As a test's own transaction, which a durable one may begin in.
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        try:
            yield
        finally:
            transaction.set_rollback(True)


PURPOSE = "customer_relationship"
NAMES_OF_COLLEAGUES = {
    ("register.User", "first_name"),
    ("register.User", "last_name"),
}


class World:
    """The canary's people, and the rows of which addresses are made."""

    def __init__(self, *, beside: World | None = None) -> None:
        """Make what customers' rows point at, or share it with a world there already."""
        self.canary = Canary(after=5000 if beside else 0)
        self.keys: dict[str, list[str]] = {}
        for (label, when), row in beside.canary._shared.items() if beside else ():
            if not leads_to_customers(graph()[label]):
                self.canary._shared[label, when] = row
        for target in () if beside else _surroundings():
            self.canary.shared(graph().of(target))

    def fill(self) -> None:
        """Add the customers with everything that the register may hold of them."""
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        before = {entry.label: _keys(entry.model) for entry in graph()}
        self.canary.fill()
        for entry in graph():
            new = sorted(_keys(entry.model) - before[entry.label])
            self.keys[entry.model._meta.label_lower] = new

    def key(self, label: str, number: int = 0) -> str:
        """Return the key of a row of this world."""
        return self.keys[label][number]

    def belongs_to(self, user: Any) -> None:
        """Let somebody be responsible for all people and companies of this world."""
        for label in ("contacts.contact", "contacts.company"):
            model = apps.get_model(label)
            rows = model._default_manager.filter(pk__in=self.keys[label])
            rows.update(responsible=user, team=None)

    def tie_to(self, other: World) -> None:
        """Let its people be with those of another world wherever people meet."""
        me, them = other.canary.people["person"], self.canary.people["person"]
        first, second = sorted((me, them))
        for label, values in {
            "contacts.Affiliation": {
                "contact_id": them,
                "company_id": other.key("contacts.company"),
                "source": "staff",
            },
            "contacts.ContactPair": {
                "first_id": first,
                "second_id": second,
                "points": 90,
                "features": ["phone"],
            },
            "contacts.AgreementContact": {
                "agreement_id": other.key("contacts.serviceagreement"),
                "contact_id": them,
            },
            "communications.MeetingParticipant": {
                "meeting_id": other.key("communications.meeting"),
                "contact_id": them,
            },
            "communications.ChatParticipant": {
                "chat_id": other.key("communications.chat"),
                "contact_id": them,
                "display_name": "Zqhidden",
            },
        }.items():
            apps.get_model(label)._default_manager.create(**values)

    def needles(self, *, beyond: set[str]) -> set[str]:
        """Return the markers in tables of categories that are not among ``beyond``.

        Colleagues know each other's names: who looks after a customer, or comes along.
        """
        return {
            marker.needle
            for marker in self.canary.markers
            if str(graph()[marker.label].map.category) not in beyond
            and (marker.label, marker.field) not in NAMES_OF_COLLEAGUES
        }

    def named(self, needles: list[str]) -> list[str]:
        """Return in which fields some markers stand."""
        found = [m for m in self.canary.markers if m.needle in needles]
        return [f"{marker.label}.{marker.field}" for marker in found[:5]]


def _keys(model: type[models.Model]) -> set[str]:
    return set(map(str, model._base_manager.values_list("pk", flat=True)))


def _surroundings() -> list[type[models.Model]]:
    """Return the tables that rows of customers point at and that are not theirs."""
    found = []
    for entry in entries():
        for field in entry.model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey) or field.null:
                continue
            target = graph().of(field.remote_field.model)
            if not leads_to_customers(target) and target.model not in found:
                found.append(target.model)
    return found


def categories_of(role: str) -> set[str]:
    """Return the categories that a role may view."""
    rights = RoleRight.objects.filter(role__code=role, action="view")
    return set(rights.values_list("category", flat=True))


def limited_reader(scope: Scope, team: Team | None = None) -> Any:
    """Return somebody with every right to customers' data, of his own or his team's."""
    role = _role(f"all-{scope}", scope)
    user = make_user(f"reader.{scope}", role.code)
    team = team or Team.objects.create(name=f"Team of {scope}")
    TeamMembership.objects.create(team=team, user=user)
    return user


def reader_like(code: str, scope: Scope, team: Team) -> Any:
    """Return somebody with the rights of a role to customers' data, of few of them.

    Without what is given for all people or not at all.
    """
    role = Role.objects.create(
        code=f"{code}-{scope}", name=f"{code}-{scope}", default_purpose=PURPOSE
    )
    rights = RoleRight.objects.filter(role__code=code).exclude(category__in=HEEDED)
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action, scope=scope)
        for category, action in rights.values_list("category", "action")
    )
    user = make_user(f"reader.{code}.{scope}", role.code)
    TeamMembership.objects.create(team=team, user=user)
    return user


def reader_with_levels(name: str, levels: dict[str, Level]) -> Any:
    """Return somebody who sees all customers, but not all of some fields."""
    role = _role(name, Scope.ALL)
    FieldRule.objects.bulk_create(
        FieldRule(role=role, field=field, level=level)
        for field, level in levels.items()
    )
    return make_user(f"reader.{name}", role.code)


def _role(code: str, scope: Scope) -> Role:
    role = Role.objects.create(code=code, name=code, default_purpose=PURPOSE)
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action, scope=scope)
        for category in set(Category) - HEEDED
        for action in ("view", "add", "change", "delete", "export")
    )
    return role
