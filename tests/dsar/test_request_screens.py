from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts import panels
from dsar.models import Request
from dsar.services import deadlines, package
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs
from tests.dsar.access_factory import (
    collected,
    confirmed,
    content_of,
    open_access,
    packed,
)
from tests.dsar.erasure_factory import make_chat, make_recording

pytestmark = pytest.mark.django_db

LIST = reverse("admin:dsar_request_changelist")
ADD = reverse("admin:dsar_request_add")


def url(name: str, request: Request, *more) -> str:
    return reverse(f"admin:dsar_request_{name}", args=[request.pk, *more])


# --- who may what --------------------------------------------------------------------

SEES = {"officer", "auditor"}
WORKS = {"officer"}
EVERYBODY = ["officer", "auditor", "agent", "seller", "marketer", "administrator"]


@pytest.mark.parametrize("who", [*EVERYBODY, "stranger"])
def test_each_step_is_open_to_its_roles_alone(
    request, who, officer, anna, bruno, client_of
):
    make_chat(anna, bruno)
    obj = collected(officer, anna)
    made = packed(officer, obj)
    user = request.getfixturevalue(who)
    client = client_of(user)

    def status(method: str, address: str, **data):
        answer = getattr(client, method)(address, data)
        if answer.streaming:
            list(answer.streaming_content)  # closes the file
        return answer.status_code

    seen = 200 if who in SEES else 403
    works = 200 if who in WORKS else 403
    acts = 302 if who in WORKS else 403
    assert status("get", LIST) == seen
    assert status("get", url("change", obj)) == seen
    assert status("get", ADD) == works
    assert status("get", url("find", obj)) == works
    assert status("get", url("review", obj)) == works
    assert status("get", url("download", obj, made.pk)) == works
    assert status("post", url("clock", obj), action="suspend") == acts
    assert status("post", url("collect", obj)) == acts
    assert status("post", url("package", obj)) == acts
    assert status("post", url("close", obj), outcome="") == acts
    obj.refresh_from_db()
    assert obj.state != Request.State.CLOSED


def test_nobody_without_an_account_sees_a_request(client, officer, anna):
    obj = confirmed(officer, anna)

    for address in (LIST, url("change", obj), url("find", obj), url("review", obj)):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("name", ["clock", "collect", "package", "close"])
def test_reading_a_link_does_nothing(officer, anna, client_of, name):
    obj = confirmed(officer, anna)

    assert client_of(officer).get(url(name, obj)).status_code == 405
    assert obj.events.count() == 2


def test_an_auditor_sees_the_clock_and_not_the_person(
    officer, auditor, anna, bruno, client_of
):
    make_chat(anna, bruno)
    obj = collected(officer, anna, other_identifiers="Annan koira Musti")
    deadlines.extend(obj, reasons="Anna was told", actor=actors.of_user(officer))
    client = client_of(auditor)

    pages = [
        client.get(address).content.decode() for address in (LIST, url("change", obj))
    ]

    assert "days left" in pages[0]
    assert "extended by two months" in pages[1]
    assert "Shown only to those who work on requests." in pages[1]
    for page in pages:
        for secret in ("Anna", "Virtanen", "anna.virtanen", "401234567", "Musti"):
            assert secret not in page
    assert url("find", obj) not in pages[1]


# --- the list ------------------------------------------------------------------------


def test_the_deadline_is_said_in_words(officer, client_of, at):
    received = datetime(2026, 10, 5, 9, tzinfo=UTC)
    actor = actors.of_user(officer)
    with at(received + timedelta(days=1)):
        open_access(officer, received_at=received)
        stopped = open_access(officer, received_at=received)
        deadlines.suspend(stopped, reason="identity", actor=actor)

    words = {}
    for day in (10, 30, 31, 32):
        with at(received + timedelta(days=day)):
            page = client_of(officer).get(LIST).content.decode()
            words[day] = re.findall(
                r"</span>([^<]*(?:day|due|clock)[^<]*)</span>", page
            )

    assert words == {
        10: ["21 days left", "clock stopped"],
        30: ["1 day left", "clock stopped"],
        31: ["due today", "clock stopped"],
        32: ["1 day late", "clock stopped"],
    }


def test_the_most_urgent_is_at_the_top_and_closed_ones_at_the_end(
    officer, client_of, django_assert_max_num_queries
):
    late = open_access(officer, received_at=timezone.now() - timedelta(days=50))
    new = open_access(officer)
    closed = open_access(officer, received_at=timezone.now() - timedelta(days=60))
    client = client_of(officer)
    client.post(url("close", closed), {"outcome": "not_found"})

    with django_assert_max_num_queries(20):
        page = client.get(LIST).content.decode()

    order = [page.index(f">{each}</a>") for each in (late, new, closed)]
    assert order == sorted(order)
    assert f">{new}</a>" not in client.get(f"{LIST}?deadline=late").content.decode()
    assert f">{late}</a>" in client.get(f"{LIST}?deadline=late").content.decode()


@pytest.mark.parametrize(
    ("term", "finds"), [("1", True), ("#1", True), ("2", False), ("Anna", False)]
)
def test_requests_are_searched_by_number_alone(officer, client_of, term, finds):
    obj = open_access(officer)

    page = client_of(officer).get(LIST, {"q": term}).content.decode()

    assert (url("change", obj) in page) is finds


# --- registering ---------------------------------------------------------------------

FORM = {
    "kind": "access",
    "channel": "post",
    "received_at_0": "2026-10-05",
    "received_at_1": "12:00:00",
    "name": "Anna Virtanen",
    "email": "",
    "phone": "",
    "other_identifiers": "",
    "language": "sv",
}


def test_the_form_registers_a_request(officer, client_of, at):
    with at(datetime(2026, 10, 6, 9, tzinfo=UTC)):
        answer = client_of(officer).post(ADD, FORM)

    obj = Request.objects.get()
    assert answer["Location"] == url("change", obj)
    assert (obj.channel, obj.language, obj.number) == ("post", "sv", 1)
    assert obj.received_at == datetime(2026, 10, 5, 9, tzinfo=UTC)
    assert str(obj.due_on) == "2026-11-05"
    assert obj.events.count() == 1
    assert AuditEntry.objects.filter(object_id=str(obj.pk)).count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"received_at_0": "2027-01-01"}, "cannot arrive in the future"),
        ({"received_at_0": "2001-01-01"}, "more than five years ago"),
        ({"name": "  "}, "at least one thing by which the person can be found"),
        ({"kind": "burn"}, "Select a valid choice"),
    ],
)
def test_the_form_says_what_is_wrong(officer, client_of, at, change, sentence):
    with at(datetime(2026, 10, 6, 9, tzinfo=UTC)):
        answer = client_of(officer).post(ADD, FORM | change)

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Request.objects.exists()


# --- the steps -----------------------------------------------------------------------


def test_from_the_search_to_the_package_in_the_browser(
    officer, anna, bruno, client_of, django_capture_on_commit_callbacks
):
    chat = make_chat(anna, bruno, agent_says="Bruno soittaa pian.")
    client = client_of(officer)
    obj = open_access(officer)

    page = client.get(url("find", obj)).content.decode()
    assert f'value="{anna.pk}"' in page
    assert str(bruno.pk) not in page
    client.post(url("find", obj), {"action": "confirm", "person": [str(anna.pk)]})
    answer = client.post(url("collect", obj))
    assert answer["Location"] == url("review", obj)

    page = client.get(url("review", obj)).content.decode()
    assert "0 of 2 reviewed" in page
    assert "given as it is" in page
    assert "[…] soittaa pian." in page
    first, second = obj.findings.order_by("row_key")
    here = f"{url('review', obj)}?table={first.table}&conversation={first.conversation}"
    client.post(
        here,
        {
            "action": "save",
            f"verdict-{first.pk}": "withhold",
            f"ground-{first.pk}": "others",
            f"verdict-{second.pk}": "redact",
            f"redacted-{second.pk}": "[…] soittaa pian.",
        },
    )
    obj.refresh_from_db()
    assert obj.state == Request.State.REVIEWED

    client.post(url("package", obj))
    jobs.run(Job.objects.get(kind=package.KIND).pk)
    made = obj.packages.get()
    page = client.get(url("change", obj)).content.decode()
    assert url("download", obj, made.pk) in page

    answer = client.get(url("download", obj, made.pk))
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert answer["Content-Disposition"] == 'attachment; filename="request-1.zip"'
    text = b"".join(content_of(made).values()).decode()
    assert "[…] soittaa pian." in text
    assert "Bruno" not in text
    entry = AuditEntry.objects.get(action="package.downloaded")
    assert (entry.subject_id, entry.actor_id) == (anna.pk, str(officer.pk))

    client.post(url("close", obj), {"outcome": "delivered"})
    obj.refresh_from_db()
    assert (obj.state, obj.outcome) == (Request.State.CLOSED, "delivered")
    assert client.get(url("change", obj)).status_code == 200
    assert client.get(url("review", obj)).status_code == 200
    assert chat.lines.count() == 3


def test_more_to_look_for_travels_in_the_form(officer, anna, client_of):
    obj = open_access(officer, name="Somebody Unknown", email="", phone="")
    client = client_of(officer)

    page = client.post(
        url("find", obj), {"action": "search", "more": "040 1234567\n\0"}
    ).content.decode()

    assert f'value="{anna.pk}"' in page
    assert not AuditEntry.objects.filter(details__icontains="1234567").exists()


@pytest.mark.parametrize(
    "data",
    [
        {"person": ["not-a-uuid"]},
        {"person": ["00000000-0000-0000-0000-000000000007"]},
        {"record": ["communications.Call:999"]},
        {"record": ["x"]},
        {},
    ],
)
def test_a_made_up_confirmation_changes_nothing(officer, anna, client_of, data):
    obj = open_access(officer)

    answer = client_of(officer).post(url("find", obj), {"action": "confirm", **data})

    assert answer.status_code == 200
    assert not obj.people.exists()


def test_a_refused_decision_keeps_what_was_typed(officer, anna, bruno, client_of):
    make_chat(anna, bruno)
    obj = collected(officer, anna)
    first, second = obj.findings.order_by("row_key")

    answer = client_of(officer).post(
        url("review", obj),
        {
            "action": "save",
            f"verdict-{first.pk}": "redact",
            f"redacted-{first.pk}": " ",
            f"verdict-{second.pk}": "redact",
            f"redacted-{second.pk}": "An hour of typing",
        },
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing is left of the value" in page
    assert "An hour of typing" in page
    assert set(obj.findings.values_list("verdict", flat=True)) == {"waiting"}


def test_a_recording_is_heard_before_it_is_decided(
    officer, auditor, anna, bruno, client_of
):
    recording = make_recording(anna)
    obj = collected(officer, anna)
    finding = obj.findings.get()

    answer = client_of(officer).get(url("file", obj, finding.pk))

    assert b"".join(answer.streaming_content) == b"RIFF"
    entry = AuditEntry.objects.get(action="request.file_opened")
    assert entry.subject_id == anna.pk
    assert client_of(auditor).get(url("file", obj, finding.pk)).status_code == 403
    other = confirmed(officer, bruno)
    assert client_of(officer).get(url("file", other, finding.pk)).status_code == 404
    assert recording.file


def test_a_package_is_found_only_under_its_request(officer, anna, bruno, client_of):
    made = packed(officer, collected(officer, anna))
    other = confirmed(officer, bruno)

    assert client_of(officer).get(url("download", other, made.pk)).status_code == 404
    made.refresh_from_db()
    assert made.downloaded_at is None


def test_a_long_conversation_is_shown_in_pages(
    officer, anna, bruno, client_of, monkeypatch
):
    monkeypatch.setattr("dsar.conversations.LINES_PER_PAGE", 2)
    make_chat(anna, bruno)
    obj = collected(officer, anna)
    client = client_of(officer)
    first = obj.findings.first()
    here = f"{url('review', obj)}?table={first.table}&conversation={first.conversation}"

    assert "Hei, olen Anna" in client.get(here).content.decode()
    second = client.get(f"{here}&page=2").content.decode()
    assert "Kuinka voin auttaa?" in second
    assert "Hei, olen Anna" not in second
    assert client.get(f"{here}&page=99999").status_code == 200


def test_every_look_at_a_request_is_on_record(officer, auditor, anna, client_of):
    obj = confirmed(officer, anna)

    client_of(auditor).get(url("change", obj))

    entry = AuditEntry.objects.get(action="request.viewed")
    assert (entry.subject_id, entry.actor_id) == (anna.pk, str(auditor.pk))


# --- the page of the contact ---------------------------------------------------------


def test_the_page_of_the_person_says_that_a_request_is_open(
    officer, agent, anna, bruno
):
    obj = confirmed(officer, anna)

    (notice,) = [n for n in panels.notices_of(anna, user=officer) if n.icon == "inbox"]
    assert f"Open request #{obj.number}: access (Art. 15), due " in str(notice.text)
    assert notice.url == url("change", obj)
    assert not [n for n in panels.notices_of(bruno, user=officer) if n.icon == "inbox"]
    assert not [n for n in panels.notices_of(anna, user=agent) if n.icon == "inbox"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_screens_speak_every_language(officer, anna, bruno, client_of, language):
    make_chat(anna, bruno)
    obj = collected(officer, anna)
    client = client_of(officer)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    for address in (
        LIST,
        ADD,
        url("change", obj),
        url("find", obj),
        url("review", obj),
    ):
        answer = client.get(address, headers={"accept-language": language})
        assert answer.status_code == 200
        assert f'lang="{language}"' in answer.content.decode()


def test_a_personal_identity_code_is_searched_for_nowhere_and_said_at_once(
    officer, anna, client_of
):
    client = client_of(officer)
    address = url("find", open_access(officer))

    answer = client.post(address, {"more": "Annan tunnus on 131052-308T"})

    assert "This looks like a personal identity code." in answer.content.decode()
    assert "131052-308T" not in answer.content.decode()
    assert "Annan tunnus on ******-***" in answer.content.decode()
    # It is not said once more on the page that follows.
    assert "personal identity code" not in client.get(address).content.decode()
