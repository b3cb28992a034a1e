"""Changes of many: who may order them, whom they reach, and what can be taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from communications.models import FollowUp
from contacts.models import (
    BulkChange,
    BulkPerson,
    Company,
    Contact,
    InferredInterest,
    Interest,
    Topic,
)
from contacts.services import interests, search_words
from contacts.services.bulk import making, ordering
from contacts.services.bulk.kinds import kind_of
from contacts.services.exports import ordering as exporting
from register import actors
from register.errors import DomainError
from register.models import Approval, AuditEntry, Job, RoleRight, Team
from register.services import approvals, jobs
from tests.conftest import make_contact, make_user
from tests.contacts.test_import_killed import wait_for_its_connections

LIST = reverse("admin:contacts_contact_changelist")
COMPANIES = reverse("admin:contacts_company_changelist")
State = BulkChange.State

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [make_contact(last_name=f"P{n}") for n in range(5)]


def ordered(user, code, rows=None, *, model=Contact, **terms):
    return ordering.order(
        model.objects.all() if rows is None else rows,
        what=kind_of(model, code),
        terms=terms,
        actor=actors.of_user(user),
    )


def run(change, kind=ordering.RUN):
    job = Job.objects.filter(kind=kind, object_id=str(change.pk)).last()
    done = jobs.run(job.pk)
    assert done.state == Job.State.DONE, done.error_code
    change.refresh_from_db()
    return change


def undone(change, user):
    ordering.order_undo(change, actor=actors.of_user(user))
    return run(change, ordering.UNDO)


def counts(change):
    return (change.changed_count, change.unchanged_count, change.refused_count)


def languages():
    return dict(Contact.objects.values_list("last_name", "language"))


def page_of(client, names, kind="language", url=LIST, query="", **fields):
    """Tick rows of a list and choose an action; without names all results."""
    keys = [str(Contact.objects.get(last_name=name).pk) for name in names]
    everybody = Contact if url == LIST else Company
    return client.post(
        f"{url}?{query}",
        {
            "action": f"bulk_{kind}",
            "select_across": "0" if keys else "1",
            "_selected_action": keys or [str(everybody.objects.first().pk)],
            "index": "0",
            **fields,
        },
    )


def sent_on(client, page, **fields):
    """Send the form of a page as a browser does."""
    context = page.context
    return client.post(
        context["order_url"],
        {
            "kind": context["what"].code,
            "until": context["until"],
            "chosen": [str(key) for key in context["chosen"]],
            **fields,
        },
        follow=True,
    )


def test_ticked_rows_are_shown_before_and_changed_then(people, seller, client_of):
    people[0].language = "fi"
    people[0].save()
    client = client_of(seller)
    page = page_of(client, ["P0", "P1"])

    preview = sent_on(client, page, value="fi", step="show")
    assert preview.context["preview"] | {"terms": 0} == {
        "count": 2,
        "already": 1,
        "changing": 1,
        "terms": 0,
        "is_large": False,
    }
    assert not BulkChange.objects.exists()
    sent_on(client, preview, value="fi", step="start")
    change = run(BulkChange.objects.get())

    assert counts(change) == (1, 1, 0)
    assert change.was_chosen
    assert languages() == {"P0": "fi", "P1": "fi", "P2": "", "P3": "", "P4": ""}
    shown = client.get(reverse("admin:contacts_bulkchange_change", args=[change.pk]))
    assert "Undo the change" in shown.content.decode()


def test_all_results_are_those_of_the_filter_and_nobody_joins(
    people, seller, client_of
):
    Contact.objects.filter(last_name="P4").update(relationship="other")
    client = client_of(seller)
    page = page_of(client, [], query="relationship__exact=prospect")
    assert page.context["count"] == 4
    make_contact(last_name="Late")

    sent_on(client, page, value="sv", step="start")
    change = BulkChange.objects.get()
    make_contact(last_name="Later")
    run(change)

    assert counts(change) == (4, 0, 0)
    assert change.filters == ["relationship__exact=prospect"]
    assert languages()["P4"] == languages()["Late"] == languages()["Later"] == ""


def test_what_was_searched_finds_who_is_changed_and_is_not_kept(
    people, anna, seller, client_of
):
    client = client_of(seller)
    search_words.refresh([anna.pk])
    found = client.post(LIST, {"searching": "1", "q": "virtanen"})
    query = found["Location"].partition("?")[2]

    page = page_of(client, [], query=query)
    sent_on(client, page, value="fi", step="start")
    change = run(BulkChange.objects.get())

    assert counts(change)[0] + counts(change)[1] == change.chosen_count == 1
    assert change.was_searched
    assert change.filters == []


@pytest.mark.parametrize("category", ["identity:bulk", "identity:change"])
def test_without_a_right_nothing_is_offered_or_ordered(
    people, seller, client_of, category
):
    name, action = category.split(":")
    RoleRight.objects.filter(category=name, action=action).delete()
    client = client_of(seller)

    assert "bulk_language" not in client.get(LIST).content.decode()
    with pytest.raises(PermissionDenied):
        ordered(seller, "language", value="fi")
    url = reverse("admin:contacts_contact_bulk")
    sent = client.post(url, {"kind": "language", "value": "fi", "step": "start"})
    assert sent.status_code == 403
    assert not BulkChange.objects.exists()


def test_who_reaches_only_own_people_changes_those_and_hands_none_over(people):
    south = make_user("south", "sales")
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope="own"
    )
    Contact.objects.filter(last_name__in=["P1", "P2"]).update(responsible=south)
    change = ordered(south, "language", value="fi")
    # One goes to somebody else before the work is done.
    Contact.objects.filter(last_name="P2").update(responsible=None)
    run(change)

    assert change.changed_count == 1
    assert change.refused_count == change.chosen_count - 1
    assert {n for n, language in languages().items() if language} == {"P1"}
    with pytest.raises(PermissionDenied):
        ordered(south, "responsible", value=str(south.pk))


def test_rights_are_asked_again_when_it_is_done(people, seller):
    change = ordered(seller, "language", value="fi")
    RoleRight.objects.filter(category="identity", action="bulk").delete()
    run(change)

    assert (change.state, change.stop_reason) == (State.STOPPED, "no_right")
    assert set(languages().values()) == {""}


def test_many_wait_for_a_second_person(people, seller, officer, settings):
    settings.BULK_APPROVAL_ROWS = 4
    change = ordered(seller, "language", value="fi")
    assert change.state == State.WAITING
    assert not Job.objects.exists()
    approval = Approval.objects.get()
    what = ordering.kind(change)
    assert approvals.tell([approval], officer) == {approval.pk: f"{what.title}: 5"}

    approvals.decide(approval, approve=True, actor=actors.of_user(officer))
    run(change)

    assert counts(change) == (5, 0, 0)
    other = ordered(seller, "language", value="sv")
    refused = Approval.objects.get(state=Approval.State.WAITING)
    approvals.decide(refused, approve=False, actor=actors.of_user(officer))
    other.refresh_from_db()
    assert other.state == State.REJECTED
    assert set(languages().values()) == {"fi"}
    assert BulkPerson.objects.filter(change=other).count() == 0


def test_undoing_takes_back_what_nobody_changed_since(people, seller, agent):
    team = Team.objects.create(name="North")
    Contact.objects.filter(last_name="P0").update(team=team)
    change = run(ordered(seller, "responsible", value=str(agent.pk)))
    assert Contact.objects.filter(responsible=agent).count() == 5
    Contact.objects.filter(last_name="P3").update(responsible=seller)

    undone(change, seller)

    assert (change.state, change.undone_count, change.kept_count) == ("undone", 4, 1)
    assert Contact.objects.get(responsible__isnull=False).last_name == "P3"
    with pytest.raises(PermissionDenied):
        ordering.order_undo(change, actor=actors.of_user(agent))
    BulkChange.objects.update(
        state=State.DONE, created_at=timezone.now() - timedelta(days=31)
    )
    change.refresh_from_db()
    assert not ordering.can_be_undone(change)


def test_interests_are_given_concluded_and_removed_by_the_rules_of_one(
    people, marketer
):
    topic = Topic.objects.first()
    refusing, known = people[:2]
    interests.object_to_profiling(refusing, actor=actors.of_user(marketer))
    interests.give(known, topic, actor=actors.of_user(marketer))

    concluded = run(
        ordered(marketer, "concluded", value=str(topic.pk), text="brochures")
    )
    # One objected, one named it: neither is concluded about.
    assert counts(concluded) == (3, 0, 2)
    assert "text" not in concluded.terms
    given = run(ordered(marketer, "interest", value=str(topic.pk)))
    assert counts(given) == (4, 1, 0)
    assert not InferredInterest.objects.exists()
    undone(given, marketer)
    assert (given.undone_count, Interest.objects.get().contact) == (4, known)
    assert InferredInterest.objects.count() == 3
    undone(concluded, marketer)
    removed = run(ordered(marketer, "interest_removed", value=str(topic.pk)))
    assert counts(removed) == (1, 4, 0)
    undone(removed, marketer)
    assert Interest.objects.get().source == "person"


def test_follow_ups_are_added_and_taken_back_if_nobody_touched_them(people, seller):
    terms = {"text": "Call", "due_at": (timezone.now() + timedelta(days=3)).isoformat()}
    change = run(ordered(seller, "follow_up", **terms))
    assert counts(change) == (5, 0, 0)
    done = FollowUp.objects.first()
    FollowUp.objects.filter(pk=done.pk).update(done_at=timezone.now())

    undone(change, seller)

    assert (change.undone_count, change.kept_count) == (4, 1)
    assert FollowUp.objects.get() == done


def test_nobody_found_is_nobody_changed_or_exported(people, marketer):
    for rows in (Contact.objects.none(), Contact.objects.filter(last_name="X")):
        with pytest.raises(DomainError, match="nothing to change"):
            ordered(marketer, "language", rows, value="fi")
        with pytest.raises(DomainError, match="nobody to export"):
            exporting.order(
                rows,
                purpose="customer_relationship",
                reason="Fair",
                columns=["first_name"],
                file_format="csv",
                actor=actors.of_user(marketer),
            )
    assert not BulkChange.objects.exists()


def test_companies_get_a_team(company, seller, client_of):
    team = Team.objects.create(name="North")
    client = client_of(seller)
    page = page_of(client, [], kind="team", url=COMPANIES)
    sent_on(client, page, value=str(team.pk), step="start")

    change = run(BulkChange.objects.get())

    assert Company.objects.get(pk=company.pk).team == team
    undone(change, seller)
    assert Company.objects.get(pk=company.pk).team is None


def test_history_and_trail_name_the_action(people, seller, client_of):
    run(ordered(seller, "relationship", value="customer"))
    url = reverse("admin:contacts_contact_changes", args=[people[0].pk])

    assert "Changed with many others" in client_of(seller).get(url).content.decode()
    job = Job.objects.get()
    entries = AuditEntry.objects.filter(request_id=job.pk)
    assert entries.filter(action="record.changed").count() == 5
    assert entries.get(action="bulk.run").details["count"] == 5


def test_ticked_people_are_exported(people, marketer, client_of):
    keys = [str(p.pk) for p in people[:2]]
    form = {"action": "export_chosen", "_selected_action": keys, "index": "0"}
    page = client_of(marketer).post(LIST, {**form, "select_across": "0"})

    assert [str(key) for key in page.context["chosen"]] == keys
    everybody = client_of(marketer).post(
        f"{LIST}?source__exact=staff", {**form, "select_across": "1"}
    )
    assert everybody["Location"].endswith("/export/?source__exact=staff")


def test_others_do_not_see_a_change(people, seller, agent, officer, client_of):
    change = ordered(seller, "language", value="fi")
    url = reverse("admin:contacts_bulkchange_change", args=[change.pk])
    steps = reverse("admin:contacts_bulkchange_steps", args=[change.pk])

    assert client_of(agent).get(url).status_code in (403, 404)
    assert client_of(officer).get(url).status_code == 200
    for user in (agent, officer):
        sent = client_of(user).post(steps, {"action": "cancel"})
        assert sent.status_code in (403, 404)
    change.refresh_from_db()
    assert change.state == State.RUNNING
    client_of(seller).post(steps, {"action": "cancel"})
    run(change)
    assert (change.state, change.changed_count) == (State.STOPPED, 0)


WORKER = """
import os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from contacts.services.bulk import making
from register.services import jobs
making.CHUNK = 2
real, calls = making._note, []
def dying(*args):
    calls.append(args)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*args)
making._note = dying
jobs.run(sys.argv[2])
"""


@pytest.mark.django_db(transaction=True)
def test_killing_the_worker_changes_nobody_twice_and_forgets_nobody(
    seller, monkeypatch
):
    for number in range(9):
        make_contact(last_name=f"K{number}")
    terms = {"text": "Call", "due_at": (timezone.now() + timedelta(days=3)).isoformat()}
    change = ordered(seller, "follow_up", **terms)
    job = Job.objects.get(kind=ordering.RUN)
    process = subprocess.run(
        [
            *(sys.executable, "-c", WORKER),
            *(connection.settings_dict["NAME"], str(job.pk)),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings.test"},
        cwd=settings.BASE_DIR,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    wait_for_its_connections()
    assert FollowUp.objects.count() == 4
    monkeypatch.setattr(making, "CHUNK", 2)

    run(change)

    assert counts(change) == (9, 0, 0)
    assert FollowUp.objects.count() == 9
    assert FollowUp.objects.values("contact").distinct().count() == 9
