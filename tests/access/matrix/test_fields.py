"""A rule for a field holds wherever its value is shown, asked for, or written.

The reader here sees every person and company, and of their fields none.
"""

from __future__ import annotations

from typing import Any

import pytest

from communications.models import Meeting, Message, Note
from contacts.models import Company, Contact, ContactPoint
from contacts.services import search_words
from register import access
from register.datamap.vocabulary import Level
from register.models import AuditEntry
from tests.access.matrix import asking
from tests.access.matrix.world import (
    NAMES_OF_COLLEAGUES,
    World,
    reader_with_levels,
    undone,
)
from tests.conftest import make_contact, session_of

pytestmark = pytest.mark.django_db


def ruled(world: World) -> dict[str, str]:
    """Return the markers in fields for which roles may have rules, and where they stand."""
    codes = {field.code.partition(":")[0] for field in access.all_fields().values()}
    return {
        marker.needle: f"{marker.label}.{marker.field}"
        for marker in world.canary.markers
        if f"{marker.label.lower()}.{marker.field.partition('.')[0]}" in codes
        and (marker.label, marker.field) not in NAMES_OF_COLLEAGUES
    }


def blind(level: Level) -> Any:
    """Return the session of somebody who sees of everything so much and no more."""
    user = reader_with_levels(
        f"blind-{level}", dict.fromkeys(access.all_fields(), level)
    )
    client = session_of(user)
    client.raise_request_exception = False
    return client


def test_no_answer_holds_what_a_role_does_not_see(world):
    needles = ruled(world)
    known = world.canary.identity["person"]
    words = [known["last_name"], known["email"], known["phone"]]
    shown, broken, answered = {}, [], []
    for level in (Level.HIDDEN, Level.MASKED):
        with undone():
            client = blind(level)
            # What says no to one says no to the other.
            paths = answered or [
                *asking.addresses(world),
                *asking.questions(client, words),
            ]
            for path in paths:
                answer = asking.get(client, path)
                betrayed = [n for n in answer.betrays(set(needles)) if n not in path]
                if betrayed:
                    shown[level, path] = sorted({needles[n] for n in betrayed})
                if answer.status >= 500:
                    broken.append((level, path))
                if level is Level.HIDDEN and answer.status == 200:
                    answered.append(path)

    assert len(needles) > 300
    assert shown == {}
    assert broken == []


def test_nobody_is_found_by_what_the_finder_does_not_see(world):
    person = str(world.canary.people["person"])
    known = world.canary.identity["person"]
    typed = {
        "first_name": known["first_name"],
        "last_name": known["last_name"],
        "points-TOTAL_FORMS": "2",
        "points-0-kind": "email",
        "points-0-value": known["email"],
        "points-1-kind": "phone",
        "points-1-value": known["phone"],
    }
    found = {}
    for level in (Level.HIDDEN, Level.MASKED, Level.READ_ONLY):
        with undone():
            search_words.refresh([person])
            client = blind(level)
            answers = [
                asking.get(client, f"/admin/contacts/contact/?q={known['email']}"),
                asking.post(client, "/admin/find/", {"words": known["last_name"]}),
                asking.post(client, "/admin/contacts/contact/alike/", typed),
            ]
            found[level] = [person in answer.text for answer in answers]

    nothing = [False, False, False]
    assert found[Level.HIDDEN] == found[Level.MASKED] == nothing
    assert found[Level.READ_ONLY] == [True, True, True]


def test_no_list_is_sorted_or_filtered_by_what_is_not_seen(world):
    path = "/admin/contacts/contact/"
    with undone():
        client = blind(Level.MASKED)
        usual = client.get(path).context["cl"]
        answers = [
            client.get(path, {"o": place + 1})
            for place in range(len(usual.list_display))
        ]
        orders = {
            answer.context["cl"].queryset.query.order_by[0]
            for answer in answers
            if answer.status_code == 200
        }
        filtered = asking.get(client, f"{path}?source__exact=staff")

    assert "name" in usual.list_display
    # What is no order of any column is asked in vain, the others are refused.
    assert orders <= {usual.queryset.query.order_by[0]}
    assert {answer.status_code for answer in answers} <= {200, 403}
    assert 403 in {answer.status_code for answer in answers}
    assert filtered.status in (302, 400)


def test_what_is_not_seen_is_not_written_over_nor_written_to(world, settings):
    settings.MAIL_IS_SET_UP, settings.MAIL_FROM = True, "a@vastuu.example"
    note = Note.objects.get(pk=world.key("communications.note"))
    meeting = Meeting.objects.get(pk=world.key("communications.meeting"))
    company = Company.objects.get(pk=world.key("contacts.company"))
    person = world.canary.people["person"]
    with undone():
        client = blind(Level.MASKED)
        email = make_contact(last_name="Kallio", email="k@kallio.example")
        sent = {
            "note": client.post(
                f"/admin/communications/note/{note.pk}/edit/", {"text": "•••"}
            ),
            "meeting": client.post(
                f"/admin/communications/meeting/{meeting.pk}/page/",
                {"action": "save", "meeting-title": "•••"},
            ),
            "register": client.post(
                f"/admin/contacts/company/{company.pk}/register/decide/",
                {"field": "name", "decision": "accept"},
            ),
            "calendar": client.get(
                f"/admin/communications/meeting/{meeting.pk}/meeting.ics"
            ),
        }
        mail = client.post(
            f"/admin/communications/message/{email.pk}/compose/",
            {
                "action": "send",
                "address": "k@kallio.example",
                "subject": "A",
                "body": "B",
            },
        )
        queued = Message.objects.filter(contact=email).count()
        kept = (
            Note.objects.get(pk=note.pk).text,
            Meeting.objects.get(pk=meeting.pk).title,
            Company.objects.get(pk=company.pk).name,
        )

    assert {what: answer.status_code for what, answer in sent.items()} == (
        dict.fromkeys(sent, 403)
    )
    assert kept == (note.text, meeting.title, company.name)
    assert mail.status_code == 200
    assert "k@kallio.example" not in mail.content.decode()
    assert queued == 0
    assert Contact.objects.filter(pk=person).exists()


def test_the_hour_of_reveals_is_one_for_all_ways_to_ask(world, monkeypatch):
    from contacts.screens import reveal

    monkeypatch.setattr(reveal, "MOST_AN_HOUR", 2)
    point = ContactPoint.objects.get(
        contact=world.canary.people["person"], kind=ContactPoint.Kind.PHONE
    )
    address = f"/admin/contacts/contact/{point.contact_id}/points/{point.pk}/reveal/"
    with undone():
        client = blind(Level.MASKED)
        again = session_of(client.get("/admin/").context["user"])
        ways = [
            (client, {}),
            (client, {"hx-request": "true"}),
            (client, {"hx-request": "true"}),
            (client, {}),
            # Another session of the same account is the same reader.
            (again, {}),
        ]
        answers = [each.post(address, headers=headers) for each, headers in ways]
        revealed = AuditEntry.objects.filter(action="record.revealed").count()

    shown = [point.value in answer.content.decode() for answer in answers]
    assert shown == [True, True, False, False, False]
    assert revealed == 2
    # Only the number was asked for: the name beside it stays as it is.
    name = world.canary.identity["person"]["last_name"]
    assert name not in answers[0].content.decode()
