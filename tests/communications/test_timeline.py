"""Chats and calls on the page of a contact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from contacts import timeline
from register.models import Hold
from register.services import holds
from tests.communications.conftest import CHAT_DUE, RECORDING_DUE, SOON

pytestmark = pytest.mark.django_db
LINES = ((0, "Hei, lasku puuttuu."), (None, "Lähetän sen heti."))


def page_of(client, contact):
    response = client.get(reverse("admin:contacts_contact_page", args=[contact.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_chat_shows_who_said_what(client_of, agent, anna, make_chat, at):
    chat = make_chat(anna, lines=LINES)

    with at(SOON):
        page = page_of(client_of(agent), anna)
    with override("en"):
        day = date_format(localtime(chat.ends_at), "SHORT_DATETIME_FORMAT")

    assert "Hei, lasku puuttuu." in page
    assert "Lähetän sen heti." in page
    assert "Agent Staff" in page
    assert f"Will be deleted on {day}" in page


def test_others_in_a_chat_are_named(client_of, agent, anna, bruno, make_chat, at):
    make_chat(anna, bruno, None, lines=((1, "Minäkin odotan."),))

    with at(SOON):
        page = page_of(client_of(agent), anna)

    assert "Bruno Mäkelä" in page
    assert "Vieras" in page
    assert reverse("admin:contacts_contact_page", args=[bruno.pk]) in page


def test_what_was_typed_stays_text(client_of, agent, anna, make_chat, at):
    make_chat(anna, lines=((0, "<script>alert(1)</script>\n& toinen rivi"),))

    with at(SOON):
        page = page_of(client_of(agent), anna)

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>&amp; toinen rivi" in page


def test_a_long_chat_begins_here_and_goes_on_at_its_own_page(
    client_of, agent, anna, make_chat, at
):
    chat = make_chat(anna, lines=tuple((0, f"rivi {n:03}") for n in range(40)))

    with at(SOON):
        page = page_of(client_of(agent), anna)
        whole = client_of(agent).get(
            reverse("admin:communications_chat_change", args=[chat.pk])
        )

    assert "rivi 011" in page
    assert "rivi 012" not in page
    assert "28 more lines" in page
    assert "rivi 039" in whole.content.decode()


@pytest.mark.parametrize(
    ("role", "sees_chat", "sees_call", "sees_recording"),
    [
        ("agent", True, True, True),
        ("officer", True, True, True),
        ("seller", False, True, False),
        ("marketer", False, False, False),
    ],
)
def test_each_role_sees_its_part(
    request, client_of, anna, make_chat, make_recording, at, role, sees_chat, sees_call, sees_recording
):  # fmt: skip
    user = request.getfixturevalue(role)
    make_chat(anna, lines=LINES)
    make_recording(anna)

    with at(SOON):
        page = page_of(client_of(user), anna)

    assert ("lasku puuttuu" in page) is sees_chat
    assert ("Incoming call" in page) is sees_call
    assert ("/play/" in page) is sees_recording
    assert ("Listen to it for" in page) is sees_recording


def test_a_chat_leaves_the_page_at_its_due_instant(
    client_of, agent, anna, make_chat, at
):
    make_chat(anna, lines=LINES)

    with at(CHAT_DUE - timedelta(seconds=1)):
        before = page_of(client_of(agent), anna)
    with at(CHAT_DUE):
        after = page_of(client_of(agent), anna)

    assert "lasku puuttuu" in before
    assert "lasku puuttuu" not in after


def test_a_recording_leaves_the_page_and_its_call_stays(
    client_of, agent, anna, make_recording, at
):
    make_recording(anna)

    with at(RECORDING_DUE - timedelta(seconds=1)):
        before = page_of(client_of(agent), anna)
    with at(RECORDING_DUE):
        after = page_of(client_of(agent), anna)

    assert "/play/" in before
    assert "/play/" not in after
    assert "Incoming call" in after


def test_a_chat_that_is_held_for_another_in_it_says_so(
    client_of, officer, anna, bruno, make_chat, at
):
    from register import actors

    make_chat(anna, bruno, lines=LINES)
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM,
        subject_id=bruno.pk,
        actor=actors.of_user(officer),
    )

    with at(CHAT_DUE):
        page = page_of(client_of(officer), anna)

    assert "lasku puuttuu" in page
    assert "held" in page


def test_items_come_newest_first_and_no_more_than_asked(agent, anna, make_chat, at):
    chats = [make_chat(anna) for _ in range(5)]

    with at(SOON):
        page = timeline.page_of(anna, user=agent, limit=2, kinds={"chats"})

    # All five are of one instant, so that a page cannot end between them.
    assert [item.context["chat"].pk for item in page.items] == [
        chat.pk for chat in reversed(chats)
    ]


def test_the_page_needs_few_queries_however_much_was_said(
    agent, anna, bruno, make_chat, make_recording, at, django_assert_max_num_queries
):
    for _ in range(5):
        make_chat(anna, bruno, lines=LINES)
        make_recording(anna)

    # Rights, merges, how the person came, chats (3), calls (2), e-mail, notes,
    # follow-ups, meetings, holds.
    with at(SOON), django_assert_max_num_queries(13):
        timeline.page_of(anna, user=agent)
