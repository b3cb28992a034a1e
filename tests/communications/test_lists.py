"""The lists of chats and calls, and what one shows of each."""

from __future__ import annotations

import pytest
from django.urls import reverse

from register import actors
from register.models import AuditEntry, Hold
from register.services import holds
from tests.communications.conftest import CHAT_DUE, RECORDING_DUE, SOON

pytestmark = pytest.mark.django_db
LINES = ((0, "Hei, lasku puuttuu."), (None, "Lähetän sen heti."))
CHATS = "/admin/communications/chat/"
CALLS = "/admin/communications/call/"
RECORDINGS = "/admin/communications/recording/"


@pytest.mark.parametrize(
    ("role", "chats", "calls", "recordings"),
    [
        ("agent", 200, 200, 200),
        ("officer", 200, 200, 200),
        ("seller", 403, 200, 403),
        ("marketer", 403, 403, 403),
        ("auditor", 403, 403, 403),
        ("administrator", 403, 403, 403),
        ("stranger", 403, 403, 403),
    ],
)
def test_who_may_see_which_list(request, client_of, make_chat, make_recording, anna, at, role, chats, calls, recordings):  # fmt: skip
    client = client_of(request.getfixturevalue(role))
    chat, recording = make_chat(anna, lines=LINES), make_recording(anna)
    pages = [
        (CHATS, chats),
        (f"{CHATS}{chat.pk}/change/", chats),
        (CALLS, calls),
        (f"{CALLS}{recording.call_id}/change/", calls),
        (RECORDINGS, recordings),
        (f"{RECORDINGS}{recording.pk}/change/", recordings),
    ]

    with at(SOON):
        answers = [(path, client.get(path).status_code) for path, _status in pages]

    assert answers == pages


def test_the_list_of_chats_names_people_and_counts_lines(
    client_of, agent, make_chat, anna, bruno, at
):
    make_chat(anna, bruno, None, lines=LINES)

    with at(SOON):
        page = client_of(agent).get(CHATS).content.decode()

    assert "Anna Virtanen, Bruno Mäkelä, Vieras" in page
    assert "lasku" not in page


def test_the_page_of_a_chat_shows_the_conversation_and_is_recorded_for_each_person(
    client_of, agent, make_chat, anna, bruno, at
):
    chat = make_chat(anna, bruno, lines=LINES)

    with at(SOON):
        page = client_of(agent).get(f"{CHATS}{chat.pk}/change/").content.decode()

    assert "Hei, lasku puuttuu." in page
    entries = AuditEntry.objects.filter(action="record.viewed", object_id=str(chat.pk))
    assert {entry.subject_id for entry in entries} == {anna.pk, bruno.pk}


def test_the_page_of_a_call_has_a_player_for_those_who_may_hear(
    client_of, agent, seller, make_recording, anna, at
):
    recording = make_recording(anna)
    path = f"{CALLS}{recording.call_id}/change/"

    with at(SOON):
        by_agent = client_of(agent).get(path).content.decode()
        by_seller = client_of(seller).get(path).content.decode()

    assert "/play/" in by_agent
    assert "/play/" not in by_seller
    assert "Recording" not in by_seller
    assert "Anna Virtanen" in by_seller


def test_the_page_of_a_recording_does_not_lead_to_its_file(
    client_of, agent, make_recording, anna, at
):
    recording = make_recording(anna)

    with at(SOON):
        page = client_of(agent).get(f"{RECORDINGS}{recording.pk}/change/")

    assert recording.file.name.split("/")[1] not in page.content.decode()
    entry = AuditEntry.objects.get(
        action="record.viewed", object_type="communications.recording"
    )
    assert entry.subject_id == anna.pk


def test_calls_are_found_by_number_in_any_spelling(client_of, agent, make_call, at):
    make_call(number="040 765 4321")
    make_call(number="040 111 2222")

    with at(SOON):
        page = client_of(agent).get(CALLS, {"q": "+358 40-7654321"}).content.decode()

    assert "+358407654321" in page
    assert "+358401112222" not in page


@pytest.mark.parametrize("path", [CHATS, CALLS, RECORDINGS])
def test_nothing_is_added_changed_or_deleted_here(client_of, officer, make_chat, make_recording, anna, at, path):  # fmt: skip
    rows = {CHATS: make_chat(anna), RECORDINGS: make_recording(anna)}
    rows[CALLS] = rows[RECORDINGS].call
    client, row = client_of(officer), rows[path]

    with at(SOON):
        answers = [
            client.get(f"{path}add/").status_code,
            client.post(f"{path}{row.pk}/change/", {"external_id": "x"}).status_code,
            client.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code,
        ]

    assert answers == [403, 403, 403]
    row.refresh_from_db()


def test_a_chat_leaves_list_and_page_at_its_due_instant(
    client_of, agent, make_chat, anna, at
):
    chat = make_chat(anna, lines=LINES)
    client = client_of(agent)

    with at(CHAT_DUE):
        listed = client.get(CHATS)
        page = client.get(f"{CHATS}{chat.pk}/change/")

    assert "Anna Virtanen" not in listed.content.decode()
    assert page.status_code == 302
    assert page["Location"] == reverse("admin:index")


def test_lists_need_as_many_queries_for_one_row_as_for_many(
    client_of, agent, make_chat, make_recording, anna, bruno, at, django_assert_num_queries
):  # fmt: skip
    client = client_of(agent)
    client.get("/admin/")  # what the menu counts is kept for a while
    counts = []
    for _ in range(2):
        for _ in range(3):
            make_chat(anna, bruno, lines=LINES)
            make_recording(anna)
        with at(SOON):
            counts.append([_queries(client, path) for path in (CHATS, CALLS)])

    assert counts[0] == counts[1]
    assert max(counts[1]) <= 20


def _queries(client, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_the_officer_sees_that_a_chat_and_a_recording_are_held(
    client_of, officer, make_chat, make_recording, anna, at
):
    chat, recording = make_chat(anna, lines=LINES), make_recording(anna)
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM,
        subject_id=anna.pk,
        actor=actors.of_user(officer),
    )
    client = client_of(officer)

    with at(RECORDING_DUE):
        pages = [
            client.get(f"{CHATS}{chat.pk}/change/").content.decode(),
            client.get(f"{CALLS}{recording.call_id}/change/").content.decode(),
            client.get(f"{RECORDINGS}{recording.pk}/change/").content.decode(),
        ]

    assert all("(held)" in page for page in pages)
    assert "lasku" in pages[0]
