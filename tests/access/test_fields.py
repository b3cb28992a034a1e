from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from communications.models import Call, Chat
from communications.services import follow_ups
from contacts.models import Contact, ContactPoint, PostalAddress
from register import access, actors
from register.access.masks import masked
from register.datamap import Category, Identifier, Level, Scope
from register.models import FieldRule, Role, RoleAssignment, RoleRight
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
PHONE = "contacts.contactpoint.value:phone"
EMAIL = "contacts.contactpoint.value:email"


def rule(role: str, field: str, level: str) -> None:
    FieldRule.objects.create(role=Role.objects.get(code=role), field=field, level=level)


@pytest.mark.parametrize(
    ("value", "kinds", "mask"),
    [
        ("+358401231234", (Identifier.PHONE,), "+358 •• ••• 12 34"),
        ("+46701234567", (Identifier.PHONE,), "+46 •• ••• 45 67"),
        ("112", (Identifier.PHONE,), "•••"),
        ("no number", (Identifier.PHONE,), "•••"),
        ("anna.virtanen@firma.fi", (Identifier.EMAIL,), "a•••@firma.fi"),
        ("a@firma.fi", (Identifier.EMAIL,), "•••@firma.fi"),
        ("not an address", (Identifier.EMAIL,), "•••"),
        ("Katu 1", (), "•••"),
        ("", (Identifier.EMAIL,), ""),
        (None, (), ""),
    ],
)
def test_a_mask_leaves_what_tells_values_apart_and_no_more(value, kinds, mask):
    assert masked(value, kinds) == mask


def test_without_a_rule_a_field_is_open_to_whoever_sees_the_category(agent, stranger):
    assert access.level(agent, Contact, "last_name") is Level.FULL
    assert access.level(stranger, Contact, "last_name") is Level.HIDDEN


def test_a_rule_for_one_kind_leaves_the_other_alone(agent, anna):
    rule("service", PHONE, Level.MASKED)
    shown = {p.kind: access.present(agent, p, "value") for p in anna.points.all()}

    assert shown == {
        "email": "anna.virtanen@esimerkki.example",
        "phone": "+358 •• ••• 45 67",
    }
    assert not access.in_clear(agent, ContactPoint, "value", kind="phone")
    assert access.in_clear(agent, ContactPoint, "value", kind="email")


def test_without_the_kind_the_strictest_answers(agent):
    rule("service", PHONE, Level.HIDDEN)

    assert not access.shown(agent, ContactPoint, "value")
    assert access.unseen(agent, ContactPoint) == {"value"}


def test_a_hidden_value_is_nothing_at_all(agent, anna):
    rule("service", EMAIL, Level.HIDDEN)

    assert access.present(agent, anna.points.get(kind="email"), "value") == ""


def test_read_only_is_seen_and_not_written(agent):
    rule("service", "contacts.postaladdress.street", Level.READ_ONLY)

    assert access.in_clear(agent, PostalAddress, "street")
    assert not access.editable(agent, PostalAddress, "street")


def test_the_milder_of_two_roles_of_equal_reach_decides(db):
    both = make_user("both", "service", "sales")
    rule("service", PHONE, Level.HIDDEN)

    assert access.in_clear(both, ContactPoint, "value", kind="phone")


def test_a_role_that_reaches_few_does_not_unmask_all_the_others(db):
    both = make_user("both", "service")
    near = Role.objects.create(code="near", name="N", default_purpose="accountability")
    RoleRight.objects.create(
        role=near, category=Category.IDENTITY, action="view", scope=Scope.OWN
    )
    RoleAssignment.objects.create(user=both, role=near)
    rule("service", PHONE, Level.MASKED)

    assert access.level(both, ContactPoint, "value", kind="phone") is Level.MASKED


def test_what_binds_everybody_has_no_rules():
    categories = {field.category for field in access.all_fields().values()}

    assert Category.IDENTITY in categories
    assert not categories & {Category.PROHIBITIONS, Category.PROTECTED, Category.AUDIT}


def test_rules_know_fields_by_name_and_kind_and_no_links(db):
    codes = set(access.all_fields())

    assert {PHONE, EMAIL, "contacts.contact.source_detail"} <= codes
    assert "contacts.contactpoint.value" not in codes
    assert "contacts.contactpoint.contact" not in codes


def test_rights_and_rules_are_read_by_one_query(agent, django_assert_num_queries):
    rule("service", PHONE, Level.MASKED)

    with django_assert_num_queries(1):
        access.level(agent, ContactPoint, "value", kind="phone")
        access.may(agent, "view", Category.IDENTITY)


def test_no_call_or_chat_is_found_by_what_is_masked(agent, anna, client_of):
    now = timezone.now()
    Call.objects.create(
        contact=anna,
        direction="inbound",
        number="+358401234567",
        external_id="call-1",
        started_at=now,
        ended_at=now,
    )
    Chat.objects.create(started_at=now, ended_at=now, external_id="chat-1")
    asked = [("call", "040 1234567"), ("call", "call-1"), ("chat", "chat-1")]

    def found() -> list[int]:
        lists = [
            client_of(agent).get(f"/admin/communications/{kind}/", {"q": words})
            for kind, words in asked
        ]
        return [each.context_data["cl"].result_count for each in lists]

    assert found() == [1, 1, 1]
    for field in ("call.number", "call.external_id", "chat.external_id"):
        rule("service", f"communications.{field}", Level.MASKED)
    assert found() == [0, 0, 0]


def test_when_a_follow_up_is_due_is_told_neither_by_its_heading_nor_by_its_place(
    agent, anna, client_of
):
    rule("service", "communications.followup.due_at", Level.MASKED)
    actor, now = actors.of_user(agent), timezone.now()
    for what, days in (("Second", 9), ("First", 3)):
        follow_ups.add(
            anna,
            what=what,
            due_at=now + timedelta(days=days),
            responsible=agent,
            actor=actor,
        )

    page = client_of(agent).get(reverse("admin:communications_followup_mine"))

    ((_title, mark, rows),) = page.context["groups"]
    assert mark == ""
    assert [row.what for row in rows] == ["Second", "First"]
    assert {row.due_at for row in rows} == {"•••"}
