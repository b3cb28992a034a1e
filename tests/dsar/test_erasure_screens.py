from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from contacts.models import Contact
from dsar.models import ErasurePlan, Request
from dsar.services import closing, erasure
from register import actors
from register.errors import DomainError
from register.models import Approval, AuditEntry, Hold, Job
from register.services import holds, jobs
from tests.dsar.erasure_factory import (
    approved,
    erase,
    erasure_request,
    make_chat,
    say,
    waiting_approval,
)

pytestmark = pytest.mark.django_db

SEES = {"officer", "second_officer", "auditor"}
CHANGES = {"officer", "second_officer"}
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
ACTIONS = [
    "plan",
    "namesakes",
    "submit",
    "discard",
    "again",
    "search",
    "acknowledge",
]


@pytest.fixture
def request_(anna, officer):
    return erasure_request(anna, officer, email="anna.virtanen@esimerkki.example")


def page(request_, name="erasure"):
    return reverse(f"admin:dsar_request_{name}", args=[request_.pk])


def do(client, request_, action, **more):
    return client.post(
        page(request_, "erasure_act"), {"action": action, **more}, follow=True
    )


def have_planned(client, request_):
    """Order a plan and let a worker make it; return the page of the plan."""
    answer = do(client, request_, "plan")
    assert "is being made" in says(answer)
    jobs.run(Job.objects.get(kind=erasure.PLAN, state=Job.State.QUEUED).pk)
    return client.get(page(request_))


def says(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize("role", EVERYBODY)
def test_the_plan_and_the_record_open_to_those_who_see_requests(
    role, request, anna, officer, second_officer, client_of
):
    done = erasure_request(anna, officer)
    erase(done, officer, second_officer)
    client = client_of(request.getfixturevalue(role))

    wanted = 200 if role in SEES else 403
    assert client.get(page(done)).status_code == wanted
    assert client.get(page(done, "erasure_record")).status_code == wanted


@pytest.mark.parametrize("role", [role for role in EVERYBODY if role not in CHANGES])
@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_else_takes_a_step(role, action, request, anna, request_, client_of):
    client = client_of(request.getfixturevalue(role))

    answer = client.post(page(request_, "erasure_act"), {"action": action})

    assert answer.status_code == 403
    request_.refresh_from_db()
    assert request_.state == Request.State.IDENTIFIED
    assert not ErasurePlan.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_reading_takes_no_step(action, request_, officer, client_of):
    client = client_of(officer)

    answer = client.get(page(request_, "erasure_act"), {"action": action})

    assert answer.status_code == 405
    assert not ErasurePlan.objects.exists()


def test_from_the_plan_to_the_record(
    anna, bruno, request_, officer, second_officer, client_of
):
    make_chat(anna, bruno, agent_says="Hei Anna")
    make_chat(bruno, agent_says="Anna Virtanen soitti")
    first, second = client_of(officer), client_of(second_officer)

    assert "Plan the erasure" in first.get(page(request_)).text
    answer = have_planned(first, request_)
    assert "Possible namesakes" in answer.text
    assert "GDPR Art. 5(2)" in answer.text

    answer = do(first, request_, "namesakes", includes_namesakes="on")
    assert ErasurePlan.objects.get().includes_namesakes
    assert "Ask a second person to approve" in answer.text

    answer = do(first, request_, "submit")
    approval = waiting_approval(request_)
    decision = reverse("admin:register_approval_decide", args=[approval.pk])
    assert decision in answer.text
    assert page(request_) in second.get(decision).text

    first.post(decision, {"decision": "approve"})
    assert Approval.objects.get().state == Approval.State.WAITING
    second.post(decision, {"decision": "approve"})
    answer = first.get(page(request_))
    job = Job.objects.get(kind=erasure.ERASE)
    assert f"job-{job.pk}" in answer.text

    jobs.run(job.pk)
    record = first.get(page(request_, "erasure_record")).text
    for words in ("Lines of chats", "GDPR Art. 5(2)", "Second.officer Staff"):
        assert words in record
    assert not Contact.objects.filter(pk=anna.pk).exists()
    answer = first.get(reverse("admin:dsar_request_change", args=[request_.pk]))
    assert page(request_, "erasure_record") in answer.text


def test_the_pages_hold_no_value_of_the_person(
    anna, bruno, request_, officer, second_officer, client_of
):
    make_chat(anna, bruno)
    client = client_of(officer)
    texts = [have_planned(client, request_).text]
    erase(request_, officer, second_officer)
    texts += [
        client.get(page(request_, name)).text for name in ("erasure", "erasure_record")
    ]

    for text in texts:
        for value in ("Anna", "Virtanen", "anna.virtanen", "4012345", str(anna.pk)):
            assert value not in text


def test_what_stands_in_the_way_is_said_and_keeps_the_plan_from_going_on(
    anna, request_, officer, client_of
):
    client = client_of(officer)
    have_planned(client, request_)
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM,
        subject_id=anna.pk,
        actor=actors.of_user(officer),
    )

    answer = client.get(page(request_))
    assert "Release the hold first" in answer.text
    assert "Ask a second person" not in answer.text
    assert "Release the hold first" in says(do(client, request_, "submit"))
    assert not Approval.objects.exists()


def test_an_outdated_plan_says_so(anna, bruno, request_, officer, client_of):
    chat = make_chat(anna, bruno)
    client = client_of(officer)
    have_planned(client, request_)
    say(chat, "Vielä yksi asia", anna)

    answer = client.get(page(request_))

    assert "The register has changed since the plan was made" in answer.text
    assert "Ask a second person" not in answer.text


def test_a_plan_that_is_being_made_is_not_ordered_twice(request_, officer, client_of):
    client = client_of(officer)
    do(client, request_, "plan")
    answer = do(client, request_, "plan")

    job = Job.objects.get(kind=erasure.PLAN)
    assert f"job-{job.pk}" in answer.text
    assert "Plan the erasure" not in answer.text


def test_a_failed_erasure_can_be_tried_again(
    anna, request_, officer, second_officer, client_of
):
    job = approved(request_, officer, second_officer)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED, error_code="OperationalError"
    )
    client = client_of(officer)

    assert "Try the erasure again" in client.get(page(request_)).text
    do(client, request_, "again")

    jobs.run(Job.objects.get(state=Job.State.QUEUED).pk)
    assert not Contact.objects.filter(pk=anna.pk).exists()


def test_what_is_left_is_shown_and_can_be_judged(
    anna, request_, officer, second_officer, client_of
):
    from register.models import LegalParameter

    LegalParameter.objects.update(source="anna.virtanen@esimerkki.example")
    erase(request_, officer, second_officer)
    client = client_of(officer)

    answer = client.get(page(request_))
    assert "register_legalparameter.source" in answer.text
    assert "Choose places" in says(do(client, request_, "acknowledge"))
    answer = do(client, request_, "search")
    assert Job.objects.filter(state=Job.State.QUEUED).exists()

    answer = do(
        client, request_, "acknowledge", place=["register_legalparameter.source"]
    )
    assert "1 place was judged to be lawful." in says(answer)
    request_.refresh_from_db()
    assert request_.outcome == Request.Outcome.ERASED
    record = client.get(page(request_, "erasure_record")).text
    assert "register_legalparameter.source" in record
    assert AuditEntry.objects.filter(action="erasure.acknowledged").exists()


def test_an_access_request_has_no_erasure(anna, officer, client_of):
    access_request = erasure_request(anna, officer, kind="access")
    client = client_of(officer)

    assert client.get(page(access_request)).status_code == 404
    answer = do(client, access_request, "plan")
    assert answer.status_code == 404
    assert not ErasurePlan.objects.exists()


def test_there_is_no_record_before_the_erasure(request_, officer, client_of):
    client = client_of(officer)
    have_planned(client, request_)

    assert client.get(page(request_, "erasure_record")).status_code == 404


def test_closing_a_request_withdraws_its_question(request_, officer):
    actor = actors.of_user(officer)
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    closing.close(request_, outcome="refused", reason="peruttu", actor=actor)

    approval.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN


def test_what_was_erased_is_not_refused_afterwards(
    anna, request_, officer, second_officer
):
    from register.models import LegalParameter

    LegalParameter.objects.update(source="anna.virtanen@esimerkki.example")
    erase(request_, officer, second_officer)

    with pytest.raises(DomainError, match="erased already"):
        closing.close(
            request_,
            outcome="refused",
            reason="peruttu",
            actor=actors.of_user(officer),
        )

    assert Request.objects.get(pk=request_.pk).state == Request.State.EXECUTING
