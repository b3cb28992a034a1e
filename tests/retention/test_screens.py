from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from communications.models import Chat
from register import actors
from register.models import AuditEntry, Hold, Job
from register.services import holds, jobs
from retention.models import Run
from retention.services import orders
from retention.services.sweep import sweep
from tests.retention.factory import days_ago, make_call, make_chat, make_recording

pytestmark = pytest.mark.django_db

PLAN = "admin:retention_run_plan"


def hold_person(contact):
    return holds.place(
        reason=Hold.Reason.LEGAL_CLAIM, subject_id=contact.pk, actor=actors.system()
    )


def messages_of(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


# --- the ledger -----------------------------------------------------------------------


def test_the_ledger_is_narrowed_to_a_table_in_words(officer, client_of, anna):
    make_chat(anna, ended_at=days_ago(300))
    sweep()
    ledger = reverse("admin:retention_batch_changelist")

    def found(**query):
        page = client_of(officer).get(ledger, query)
        return [row.table for row in page.context["cl"].result_list]

    assert "?rule=chats" in (page := client_of(officer).get(ledger).content.decode())
    assert "Packages" in page
    assert found(rule="chats") == ["communications.Chat"]
    assert found(rule="calls") == []


# --- who may what ---------------------------------------------------------------------

SEES = {"officer", "second_officer", "auditor"}
DECIDES = {"officer", "second_officer"}
EVERYBODY = [
    "officer",
    "second_officer",
    "auditor",
    "agent",
    "seller",
    "marketer",
    "administrator",
    "stranger",
]


@pytest.fixture
def hold(anna):
    return hold_person(anna)


@pytest.mark.parametrize("role", EVERYBODY)
def test_pages_open_to_those_who_see_retention(role, request, client_of, anna, hold):
    make_chat(anna, ended_at=days_ago(300))
    Hold.objects.update(released_at=timezone.now())
    run = sweep()
    browser = client_of(request.getfixturevalue(role))
    expected = 200 if role in SEES else 403

    for url in (
        reverse(PLAN),
        reverse("admin:retention_run_changelist"),
        reverse("admin:retention_run_change", args=[run.pk]),
        reverse("admin:retention_batch_changelist"),
        reverse("admin:retention_batch_change", args=[run.batches.get().pk]),
        reverse("admin:register_hold_changelist"),
        reverse("admin:register_hold_change", args=[hold.pk]),
    ):
        assert browser.get(url).status_code == expected, url


@pytest.mark.parametrize("role", EVERYBODY)
def test_only_the_dpo_places_releases_and_sweeps(
    role, request, client_of, anna, bruno, hold
):
    browser = client_of(request.getfixturevalue(role))
    decides = role in DECIDES

    placed = browser.post(
        reverse("admin:register_hold_add"),
        {"person": bruno.pk, "reason": "authority"},
    )
    released = browser.post(reverse("admin:register_hold_release", args=[hold.pk]))
    swept = browser.post(reverse("admin:retention_run_sweep"))

    answers = [placed.status_code, released.status_code, swept.status_code]
    assert answers == ([302] * 3 if decides else [403] * 3)
    assert Hold.objects.filter(subject_id=bruno.pk).exists() is decides
    hold.refresh_from_db()
    assert (hold.released_at is not None) is decides
    assert Job.objects.exists() is decides


def test_nobody_gets_in_without_an_account(anna, hold):
    for url in (
        reverse(PLAN),
        reverse("admin:register_hold_add"),
        reverse("admin:register_hold_changelist"),
    ):
        answer = Client().get(url)
        assert (answer.status_code, answer.url.split("?")[0]) == (
            302,
            reverse("admin:login"),
        )
    assert Client().post(reverse("admin:retention_run_sweep")).status_code == 302
    assert not Job.objects.exists()


@pytest.mark.parametrize("page", ["retention_run", "retention_batch", "register_hold"])
def test_nothing_is_edited_or_deleted_by_hand(page, officer, client_of, anna, hold):
    make_chat(ended_at=days_ago(300))
    run = sweep()
    key = {
        "retention_run": run.pk,
        "retention_batch": run.batches.get().pk,
        "register_hold": hold.pk,
    }[page]
    browser = client_of(officer)

    changed = browser.post(
        reverse(f"admin:{page}_change", args=[key]), {"reference": "x", "deleted": 0}
    )
    deleted = browser.post(reverse(f"admin:{page}_delete", args=[key]), {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert (Run.objects.get().deleted, Hold.objects.get().reference) == (1, "")


@pytest.mark.parametrize(
    "name", ["admin:retention_run_sweep", "admin:register_hold_release"]
)
def test_nothing_happens_by_following_a_link(name, officer, client_of, hold):
    args = [hold.pk] if "release" in name else []

    answer = client_of(officer).get(reverse(name, args=args))

    assert answer.status_code == (200 if args else 405)
    assert not Job.objects.exists()
    hold.refresh_from_db()
    assert hold.released_at is None


# --- the plan -------------------------------------------------------------------------


def test_the_plan_counts_what_is_due_although_nobody_sees_it(
    auditor, client_of, anna, bruno
):
    make_chat(anna)
    make_chat(bruno)
    make_chat(bruno, ended_at=days_ago(60))
    hold_person(anna)

    page = client_of(auditor).get(reverse(PLAN))

    assert page.context["totals"] == {"ready": 1, "held": 1, "late": 1, "soon": 0}
    assert page.context["held_rows"] is None
    assert "broken: 1 late" in page.text
    assert "No sweep has run yet." in page.text
    weeks = {sum(counts) for _, counts in page.context["chart"]["rows"]}
    assert weeks == {0, 1}


def test_the_dpo_sees_what_is_held_and_why(officer, client_of, anna, bruno):
    held = make_chat(anna, bruno)
    of_bruno = make_chat(bruno)
    recording = make_recording(make_call(bruno))
    hold_person(anna)
    holds.place(reason=Hold.Reason.AUTHORITY, obj=recording, actor=actors.system())

    page = client_of(officer).get(reverse(PLAN))

    shown = {(row.name, row.reasons) for row in page.context["held_rows"]}
    assert shown == {
        (f"Chat {held.pk}", "a legal claim"),
        (f"Recording {recording.pk}", "an order of an authority"),
        (f"Call {recording.call_id}", "an order of an authority"),
    }
    assert f"Chat {of_bruno.pk}" not in page.text
    assert reverse("admin:communications_chat_change", args=[held.pk]) in page.text


def test_what_is_held_says_so_and_only_to_the_dpo(officer, agent, client_of, anna):
    held = make_chat(anna)
    hold_person(anna)
    url = reverse("admin:communications_chat_change", args=[held.pk])

    page = client_of(officer).get(url)

    assert (page.status_code, messages_of(page)) == (
        200,
        [
            "The period of this record is over. It exists only because it is held,"
            " and only data protection officers see it."
        ],
    )
    assert client_of(agent).get(url).status_code == 302


def test_a_silent_scheduler_is_noticed(officer, client_of):
    run = sweep()
    browser = client_of(officer)
    assert "The last sweep began" not in browser.get(reverse(PLAN)).text

    Run.objects.filter(pk=run.pk).update(
        started_at=timezone.now() - timedelta(minutes=31)
    )

    assert "The last sweep began" in browser.get(reverse(PLAN)).text


def test_late_records_stand_on_the_overview(officer, client_of, anna):
    make_chat(anna)

    page = client_of(officer).get(reverse("admin:index"))

    (figure,) = [f for f in page.context["figures"] if "past" in str(f.title)]
    assert (figure.value, figure.mark) == (1, "bad")


# --- sweeping by hand -----------------------------------------------------------------


def test_sweeping_now_is_a_job(officer, client_of, anna):
    make_chat(anna)
    browser = client_of(officer)

    answer = browser.post(reverse("admin:retention_run_sweep"))

    job = Job.objects.get()
    assert answer.url == reverse("admin:register_job_progress", args=[job.pk])
    assert (job.kind, job.created_by) == (orders.KIND, officer)
    assert AuditEntry.objects.filter(action="job.ordered").exists()
    done = jobs.run(job.pk)
    assert (done.state, done.done, done.total) == ("done", 1, 1)
    assert done.result == {"counts": {"rows": 1, "files": 0}}
    assert Chat.objects.count() == 0


def test_asking_twice_orders_one_sweep(officer, second_officer, client_of):
    first = client_of(officer).post(reverse("admin:retention_run_sweep"))
    second = client_of(second_officer).post(reverse("admin:retention_run_sweep"))

    assert first.url == second.url
    assert Job.objects.count() == 1


# --- holds ----------------------------------------------------------------------------


def test_a_person_is_held_by_the_form(officer, client_of, anna):
    answer = client_of(officer).post(
        reverse("admin:register_hold_add"),
        {
            "person": anna.pk,
            "reason": "legal_claim",
            "reference": "HelKO 26/1",
            "review_on": "2027-01-15",
        },
    )

    hold = Hold.objects.get()
    assert answer.url == reverse("admin:register_hold_change", args=[hold.pk])
    assert (hold.subject_id, hold.reason, hold.reference, hold.placed_by) == (
        anna.pk,
        "legal_claim",
        "HelKO 26/1",
        officer,
    )
    entry = AuditEntry.objects.get(action="hold.placed")
    assert (entry.actor_id, entry.subject_id) == (str(officer.pk), anna.pk)
    assert entry.details == {"reason": "legal_claim"}


@pytest.mark.parametrize("what", ["chat", "call", "recording"])
def test_a_record_is_held_by_the_link_on_its_page(what, officer, client_of, anna):
    rows = {"chat": make_chat(anna, ended_at=days_ago(5))}
    rows["call"] = make_call(anna, ended_at=days_ago(5))
    rows["recording"] = make_recording(rows["call"])
    row = rows[what]
    browser = client_of(officer)

    link = browser.get(
        reverse(f"admin:communications_{what}_place_hold", args=[row.pk])
    )
    form = browser.get(link.url)
    browser.post(
        reverse("admin:register_hold_add"),
        {"record": f"communications.{what}:{row.pk}", "reason": "authority"},
    )

    assert f"{what.capitalize()} {row.pk}" in form.text
    hold = Hold.objects.get()
    assert (hold.object_type, hold.object_id, hold.subject_id) == (
        f"communications.{what}",
        str(row.pk),
        None,
    )


@pytest.mark.parametrize(
    "record",
    [
        "communications.chat:999999",
        "communications.chat:x\0y",
        "communications.chat:",
        "contacts.contact:1",
        "register.user:1",
        "nowhere",
        "a.b.c:1",
    ],
)
def test_what_is_not_there_cannot_be_held(record, officer, client_of):
    browser = client_of(officer)
    url = reverse("admin:register_hold_add")

    answer = browser.post(url, {"record": record, "reason": "authority"})

    assert browser.get(url, {"record": record.replace("\0", "")}).status_code == 200
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert Hold.objects.count() == 0


def test_what_is_due_cannot_be_brought_back_by_a_hold_on_it(officer, client_of, anna):
    due = make_chat(anna)

    answer = client_of(officer).post(
        reverse("admin:register_hold_add"),
        {"record": f"communications.chat:{due.pk}", "reason": "authority"},
    )

    assert "has been deleted" in answer.text
    assert Hold.objects.count() == 0


def test_a_hold_needs_a_person_and_a_reason(officer, client_of):
    answer = client_of(officer).post(
        reverse("admin:register_hold_add"), {"person": "not-a-key"}
    )

    assert set(answer.context["form"].errors) == {"person", "reason"}
    assert Hold.objects.count() == 0


def test_a_link_with_an_impossible_person_shows_an_empty_form(officer, client_of):
    answer = client_of(officer).get(
        reverse("admin:register_hold_add"), {"person": "not-a-key"}
    )

    assert answer.status_code == 200


def test_releasing_asks_first_and_leaves_a_trace(officer, client_of, anna, hold):
    browser = client_of(officer)
    url = reverse("admin:register_hold_release", args=[hold.pk])

    assert "That cannot be undone." in browser.get(url).text
    browser.post(url)
    browser.post(url)

    hold.refresh_from_db()
    assert hold.released_at is not None
    assert AuditEntry.objects.filter(action="hold.released").count() == 1
    assert "was released already" in browser.get(url).text


def test_names_on_holds_are_for_those_who_may_see_people(
    officer, auditor, client_of, anna, bruno, hold
):
    holds.place(
        reason=Hold.Reason.AUTHORITY,
        obj=make_chat(bruno, ended_at=days_ago(5)),
        actor=actors.system(),
    )
    url = reverse("admin:register_hold_changelist")

    assert "Anna Virtanen" in client_of(officer).get(url).text
    page = client_of(auditor).get(url).text
    assert "Anna Virtanen" not in page
    assert f"Contact {str(anna.pk)[:8]}" in page


def test_a_hold_outlives_the_person(officer, client_of, bruno):
    hold = hold_person(bruno)
    bruno.delete()
    browser = client_of(officer)

    for url in (
        reverse("admin:register_hold_changelist"),
        reverse("admin:register_hold_change", args=[hold.pk]),
    ):
        assert "a person who is no longer in the register" in browser.get(url).text


def test_holds_are_listed_by_state(officer, client_of, anna, bruno, hold):
    other = hold_person(bruno)
    holds.release(other, actor=actors.system())
    url = reverse("admin:register_hold_changelist")
    browser = client_of(officer)

    in_force = browser.get(url, {"state": "in_force"}).context["cl"].result_list
    released = browser.get(url, {"state": "released"}).context["cl"].result_list

    assert ([h.pk for h in in_force], [h.pk for h in released]) == (
        [hold.pk],
        [other.pk],
    )


def test_who_is_named_on_the_page_that_places_a_hold_is_on_the_record(
    officer, client_of, anna
):
    page = client_of(officer).get(
        reverse("admin:register_hold_add"), {"person": anna.pk}
    )

    assert "Anna Virtanen" in page.content.decode()
    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.actor_id, entry.subject_id) == (str(officer.pk), anna.pk)


def test_an_empty_page_that_places_a_hold_is_nobodys_read(officer, client_of):
    for person in ("", "no key", str(uuid.uuid4())):
        client_of(officer).get(reverse("admin:register_hold_add"), {"person": person})

    assert not AuditEntry.objects.filter(action="record.viewed").exists()


@pytest.mark.parametrize("reference", ["Virtanen v. us", "case ANNA", "virtanen/2026"])
def test_a_reference_that_names_the_person_is_refused(
    officer, client_of, anna, reference
):
    page = client_of(officer).post(
        reverse("admin:register_hold_add"),
        {"person": anna.pk, "reason": "legal_claim", "reference": reference},
    )

    assert page.context["form"].errors == {
        "reference": ["Write the number of the case, not the name of the person."]
    }
    assert not Hold.objects.exists()
