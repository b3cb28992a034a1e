"""Notes, follow-ups, e-mail, meetings and duties of other people's customers do not exist."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from communications.models import FollowUp, Meeting, Message, Note
from communications.services import follow_ups, meetings, notes
from contacts.models import Contact
from register import actors
from register.models import Job, Role, RoleAssignment, RoleRight
from tests.conftest import ensure_seeded, make_contact, make_user

pytestmark = pytest.mark.django_db
TEXT = "Zebra crossing"
CATEGORIES = ("identity", "company", "notes", "messages", "information")


@pytest.fixture
def own(db: None) -> Any:
    ensure_seeded()
    role = Role.objects.create(
        code="own-work", name="own", default_purpose="customer_relationship"
    )
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action, scope="own")
        for category in CATEGORIES
        for action in ("view", "add", "change", "delete")
    )
    user = make_user("own")
    RoleAssignment.objects.create(user=user, role=role)
    return user


@pytest.fixture
def mine(own: Any) -> Any:
    return make_contact(last_name="Mine", email="m@x.test", responsible=own)


@pytest.fixture
def others(seller: Any) -> Any:
    return make_contact(last_name="Others", email="o@x.test", responsible=seller)


@pytest.fixture
def rows(others: Contact, own: Any, seller: Any) -> dict[str, Any]:
    """One of each about a customer of somebody else; the follow-up is even mine to do."""
    actor = actors.of_user(seller)
    soon = timezone.now() + timedelta(hours=1)
    planned: dict[str, Any] = {
        "what": TEXT,
        "due_at": soon,
        "remind_at": timezone.now(),
        "actor": actor,
    }
    return {
        "note": notes.write(others, text=TEXT, actor=actor),
        "followup": follow_ups.add(others, responsible=own, **planned),
        "message": Message.objects.create(
            contact=others, sender=seller, address="o@x.test", subject=TEXT, body=TEXT
        ),
        "meeting": meetings.arrange(
            others,
            title=TEXT,
            starts_at=soon,
            finishes_at=soon + timedelta(hours=1),
            actor=actor,
        ),
    }


def test_lists_counts_badge_and_duties_show_nothing_of_others(
    own, mine, rows, client_of
):
    FollowUp.objects.update(reminded_at=timezone.now())
    browser = client_of(own)
    for name in rows:
        address = reverse(f"admin:communications_{name}_changelist")
        listed = browser.get(address)
        assert listed.context_data["cl"].result_count == 0, name
        assert TEXT not in listed.content.decode()
    mine_page = browser.get(reverse("admin:communications_followup_mine"))
    overview = browser.get(reverse("admin:index"))
    duties = browser.get(reverse("admin:contacts_informationgiven_due"))
    for page in (mine_page, overview):
        assert TEXT not in page.content.decode()
    assert "Nothing to do" in mine_page.content.decode()
    words = duties.content.decode()
    assert ("Mine" in words, "Others" in words) == (True, False)
    assert "to be told: 1<" in words


def test_typed_addresses_of_others_are_not_found_and_change_nothing(
    own, rows, others, client_of
):
    browser = client_of(own)
    soon = timezone.localdate().isoformat()
    asked = [
        ("note_edit", [rows["note"].pk], {"action": "delete"}),
        ("followup_decide", [rows["followup"].pk], {"action": "done"}),
        ("meeting_show", [rows["meeting"].pk], {"action": "save"}),
        ("meeting_close", [rows["meeting"].pk], {"action": "cancelled"}),
        ("message_retry", [rows["message"].pk], {}),
        ("note_write", ["contact", others.pk], {"note-text": "x"}),
        (
            "meeting_arrange",
            ["contact", others.pk],
            {
                "meeting-title": "x",
                "meeting-day": soon,
                "meeting-starts": "09:00",
            },
        ),
        ("message_compose", [others.pk], {}),
    ]
    for name, keys, values in asked:
        address = reverse(f"admin:communications_{name}", args=keys)
        assert browser.post(address, values).status_code == 404, name
    tell = reverse("admin:contacts_informationgiven_tell", args=[others.pk])
    assert browser.get(tell).status_code == 404
    calendar = reverse(
        "admin:communications_meeting_calendar", args=[rows["meeting"].pk]
    )
    assert browser.get(calendar).status_code == 404
    assert [m.objects.count() for m in (Note, FollowUp, Message, Meeting)] == [1] * 4
    assert FollowUp.objects.get().done_at is None
    assert Meeting.objects.get().state == Meeting.State.PLANNED


def test_whoever_reaches_own_people_works_with_them(own, mine, client_of):
    browser = client_of(own)
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    browser.post(
        reverse("admin:communications_note_write", args=["contact", mine.pk]),
        {"note-text": "My own note"},
    )
    browser.post(
        reverse("admin:communications_meeting_arrange", args=["contact", mine.pk]),
        {"meeting-title": TEXT, "meeting-day": day, "meeting-starts": "09:00"},
    )
    meeting = Meeting.objects.get()
    page = browser.get(reverse("admin:contacts_contact_page", args=[mine.pk]))
    words = page.content.decode()
    assert ("My own note" in words, TEXT in words) == (True, True)
    shown = browser.get(reverse("admin:communications_meeting_show", args=[meeting.pk]))
    assert shown.status_code == 200
    browser.post(
        reverse("admin:communications_meeting_close", args=[meeting.pk]),
        {"action": "cancelled"},
    )
    meeting.refresh_from_db()
    assert meeting.state == Meeting.State.CANCELLED


def test_only_who_reaches_all_has_everybody_compared(own, mine, others, client_of):
    lists = ("contactpair", "companypair")
    addresses = [reverse(f"admin:contacts_{name}_changelist") for name in lists]

    for address in addresses:
        page = client_of(own).get(address).content.decode()
        assert "Compare everybody" not in page
        assert client_of(own).get(f"{address}scan/").status_code in (403, 404)

    # How far such a job is tells how many people there are.
    assert not Job.objects.exists()
    RoleRight.objects.update(scope="all")
    shown = client_of(own).get(addresses[0]).content.decode()
    assert "Compare everybody" in shown
