from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from register import access, actors
from register.datamap import Action, Category, Level, Scope
from register.errors import DomainError
from register.models import (
    Approval,
    AuditEntry,
    Elevation,
    ElevationRight,
    FieldRule,
    Role,
)
from register.services import approvals, rights, staff
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
PHONE = "contacts.contactpoint.value:phone"


def form_of(role: Role, **changes: str) -> dict[str, str]:
    state = rights.state_of(role)
    data = {f"right:{c}.{a}": scope for (c, a), scope in state.rights.items()}
    data |= {f"field:{code}": level for code, level in state.fields.items()}
    return data | {name.replace("__", ":", 1): v for name, v in changes.items()}


def codes() -> list[str]:
    return list(
        AuditEntry.objects.filter(action__startswith="role.")
        .order_by("pk")
        .values_list("action", flat=True)
    )


def test_each_right_that_a_role_gains_or_loses_is_recorded(
    administrator, officer, client_of
):
    role = Role.objects.get(code="sales")
    data = form_of(role)
    data |= {
        "right:identity.view": "own",
        "right:chats.view": "team",
        "right:identity.add": "",
        f"field:{PHONE}": "masked",
        "take:identity.view": "all",
    }

    page = client_of(administrator).post(
        reverse("admin:register_role_rights", args=[role.pk]), data
    )

    assert page.status_code == 302
    approval = Approval.objects.get(kind=rights.APPROVAL)
    approvals.decide(approval, approve=True, actor=actors.of_user(officer))
    state = rights.state_of(role)
    assert state.rights["identity", "view"] == Scope.OWN
    assert state.rights["chats", "view"] == Scope.TEAM
    assert ("identity", "add") not in state.rights
    assert state.fields == {PHONE: Level.MASKED}
    assert state.elevations == {("identity", "view"): Scope.ALL}
    assert sorted(codes()) == [
        "role.change_proposed",
        "role.elevation_changed",
        "role.field_changed",
        "role.right_given",
        "role.right_taken",
        "role.scope_changed",
    ]


def test_nobody_raises_a_role_he_holds_alone(administrator, client_of, officer):
    role = Role.objects.get(code="admin")
    data = form_of(role) | {"right:chats.view": "all"}

    client_of(administrator).post(
        reverse("admin:register_role_rights", args=[role.pk]), data
    )

    assert not access.may(make_user("another", "admin"), Action.VIEW, Category.CHATS)
    approval = Approval.objects.get(kind=rights.APPROVAL)
    with pytest.raises(DomainError):
        approvals.decide(approval, approve=True, actor=actors.of_user(administrator))
    shown = client_of(officer).get(
        reverse("admin:register_role_proposal", args=[approval.object_id])
    )
    assert "Customer-service chats: see" in shown.content.decode()

    approvals.decide(approval, approve=True, actor=actors.of_user(officer))

    assert access.may(make_user("third", "admin"), Action.VIEW, Category.CHATS)


def test_what_takes_from_a_role_one_holds_needs_nobody(administrator):
    role = Role.objects.get(code="admin")
    state = rights.state_of(role)
    fewer = dict(state.rights)
    del fewer["audit", "view"]

    waiting = rights.change(
        role,
        dataclasses.replace(state, rights=fewer),
        actor=actors.of_user(administrator),
    )

    assert waiting is None
    assert not Approval.objects.exists()


def test_unmasking_a_field_for_oneself_needs_a_second_person(administrator):
    role = Role.objects.get(code="admin")
    FieldRule.objects.create(role=role, field=PHONE, level=Level.MASKED)
    state = rights.state_of(role)

    assert rights.change(
        role, dataclasses.replace(state, fields={}), actor=actors.of_user(administrator)
    )
    assert FieldRule.objects.filter(role=role).exists()


def test_nobody_gives_himself_a_role(administrator, officer):
    actor = actors.of_user(administrator)
    both = list(Role.objects.filter(code__in=["admin", "dpo"]))

    assert staff.set_roles(administrator, both, actor=actor)

    assert list(administrator.roles.values_list("code", flat=True)) == ["admin"]
    approval = Approval.objects.get(kind=rights.APPROVAL)
    approvals.decide(approval, approve=True, actor=actors.of_user(officer))
    assert administrator.roles.count() == 2


def test_no_role_is_raised_alone_whoever_holds_it(administrator, officer, agent):
    """Two with an understanding would raise each other."""
    role = Role.objects.get(code="service")
    state = rights.state_of(role)
    more = dict(state.rights) | {("staff", "change"): "all"}

    assert rights.change(
        role,
        dataclasses.replace(state, rights=more),
        actor=actors.of_user(administrator),
    )

    assert rights.state_of(role).rights == state.rights
    approval = Approval.objects.get(kind=rights.APPROVAL)
    with pytest.raises(DomainError):
        approvals.decide(approval, approve=True, actor=actors.of_user(administrator))
    assert not access.may(make_user("new", "service"), Action.CHANGE, Category.STAFF)


@pytest.mark.parametrize("role", ["dpo", "admin"])
def test_nobody_makes_an_officer_or_administrator_alone(
    administrator, officer, second_officer, agent, role
):
    both = list(Role.objects.filter(code__in=["service", role]))

    assert staff.set_roles(agent, both, actor=actors.of_user(administrator))

    assert list(agent.roles.values_list("code", flat=True)) == ["service"]
    approval = Approval.objects.get(kind=rights.APPROVAL)
    with pytest.raises(DomainError):
        approvals.decide(approval, approve=True, actor=actors.of_user(administrator))
    approvals.decide(approval, approve=True, actor=actors.of_user(officer))
    assert agent.roles.count() == 2


def test_nobody_decides_that_he_is_given_a_role_himself(administrator, officer):
    both = list(Role.objects.filter(code__in=["dpo", "admin"]))
    staff.set_roles(officer, both, actor=actors.of_user(administrator))
    approval = Approval.objects.get(kind=rights.APPROVAL)

    with pytest.raises(DomainError):
        approvals.decide(approval, approve=True, actor=actors.of_user(officer))

    assert list(officer.roles.values_list("code", flat=True)) == ["dpo"]


def test_a_role_that_a_person_may_take_for_a_while_governs_too(administrator, agent):
    role = Role.objects.create(code="x", name="x", default_purpose="y")
    role.elevations.create(category="staff", action="change", scope="all")

    assert staff.set_roles(agent, [role], actor=actors.of_user(administrator))

    assert not agent.roles.filter(pk=role.pk).exists()


def test_a_rejected_wish_changes_nothing(administrator, officer):
    actor = actors.of_user(administrator)
    both = list(Role.objects.filter(code__in=["admin", "dpo"]))
    staff.set_roles(administrator, both, actor=actor)

    approvals.decide(
        Approval.objects.get(), approve=False, actor=actors.of_user(officer)
    )

    assert administrator.roles.count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "right:nothing.view",
        "right:identity.fly",
        "right:prohibitions.view",
        "field:contacts.contact.nothing",
        "take:audit.view",
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(
    administrator, client_of, name
):
    role = Role.objects.get(code="sales")
    before = rights.state_of(role)

    page = client_of(administrator).post(
        reverse("admin:register_role_rights", args=[role.pk]),
        form_of(role) | {name: "own" if name[0] != "f" else "masked"},
    )

    assert page.status_code == 422
    assert rights.state_of(role) == before


def test_who_may_only_see_roles_changes_none(officer, client_of):
    role = Role.objects.get(code="sales")
    address = reverse("admin:register_role_rights", args=[role.pk])

    assert client_of(officer).get(address).status_code == 200
    assert client_of(officer).post(address, {}).status_code == 403
    assert role.rights.exists()


# --- for a while ----------------------------------------------------------------------


@pytest.fixture
def offer(seller) -> ElevationRight:
    return ElevationRight.objects.create(
        role=Role.objects.get(code="sales"),
        category=Category.RECORDINGS,
        action=Action.VIEW,
    )


def test_a_right_is_taken_for_an_hour_and_ends_by_itself(seller, offer, at):
    actor = actors.of_user(seller)

    taken = rights.take(offer, reason="A customer disputes a call", actor=actor)

    assert access.may(seller, Action.VIEW, Category.RECORDINGS)
    assert taken.until - taken.started_at == timedelta(hours=1)
    with at(timezone.now() + timedelta(minutes=61)):
        access.forget(seller)
        assert not access.may(seller, Action.VIEW, Category.RECORDINGS)


def test_a_right_is_given_back_by_hand(seller, offer):
    actor = actors.of_user(seller)
    taken = rights.take(offer, reason="A customer disputes a call", actor=actor)

    rights.give_back(taken, actor=actor)
    rights.give_back(taken, actor=actor)

    assert not access.may(seller, Action.VIEW, Category.RECORDINGS)
    assert AuditEntry.objects.filter(action="elevation.ended").count() == 1


@pytest.mark.parametrize(
    ("reason", "hours"),
    [("", 1), ("short", 1), ("A customer disputes", 9), ("A customer disputes", 0)],
)
def test_without_a_reason_or_for_long_none_is_taken(seller, offer, reason, hours):
    with pytest.raises(DomainError):
        rights.take(
            offer,
            reason=reason,
            lasting=timedelta(hours=hours),
            actor=actors.of_user(seller),
        )
    assert not Elevation.objects.exists()


def test_what_no_role_offers_is_not_taken(agent, offer):
    with pytest.raises(DomainError):
        rights.take(
            offer, reason="A customer disputes a call", actor=actors.of_user(agent)
        )


def test_nothing_is_offered_for_a_while_that_somebody_has_already(agent):
    role = Role.objects.get(code="service")
    ElevationRight.objects.all().delete()
    for category, scope in (("identity", "all"), ("audit", "all")):
        ElevationRight.objects.create(
            role=role, category=category, action="view", scope=scope
        )

    assert [right.category for right in rights.may_take(agent)] == ["audit"]
