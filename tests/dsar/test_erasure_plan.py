from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from communications.models import Chat, ChatLine
from contacts.models import Contact
from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.services import closing, erasure, intake, verification
from dsar.services.erasure_plan import kept_until
from register import actors
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import Approval, AuditEntry, Hold, Job
from register.services import approvals, holds, jobs
from tests.dsar.erasure_factory import (
    approved,
    erase,
    erasure_request,
    make_chat,
    make_recording,
    say,
    waiting_approval,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(officer):
    return actors.of_user(officer)


@pytest.fixture
def second(second_officer):
    return actors.of_user(second_officer)


@pytest.fixture
def request_(anna, officer):
    return erasure_request(anna, officer, email="anna.virtanen@esimerkki.example")


def assert_nothing_erased(anna):
    assert Contact.objects.filter(pk=anna.pk).exists()
    assert not AuditEntry.objects.filter(action="contact.erased").exists()


def test_planning_counts_and_changes_nothing(anna, bruno, request_, actor):
    make_chat(anna, bruno, agent_says="Hei Anna")
    recording = make_recording(anna)

    plan = erasure.plan(request_, actor=actor)

    lines = {(line["table"], line["verdict"]): line for line in plan.lines}
    assert lines["communications.ChatLine", "delete_row"]["rows"] == 1
    assert lines["communications.ChatLine", "scrub"]["rows"] == 2
    assert lines["communications.Recording", "delete_row"]["files"] == 1
    assert lines["dsar.Request", "keep"]["law"] == "GDPR Art. 5(2)"
    assert lines["dsar.Request", "blank"]["fields"] == [
        "name",
        "email",
        "phone",
        "other_identifiers",
    ]
    assert ChatLine.objects.filter(text="Hei Anna").exists()
    assert recording.file.storage.exists(recording.file.name)
    request_.refresh_from_db()
    assert request_.state == Request.State.PLANNED
    assert_nothing_erased(anna)


def test_the_plan_holds_counts_and_codes_only(anna, bruno, request_, actor):
    make_chat(anna, bruno)

    plan = erasure.plan(request_, actor=actor)

    for value in ("Anna", "Virtanen", "anna.virtanen", "4012345"):
        assert value not in str(plan.lines)
    assert plan.sealed_identifiers == ""


def test_the_same_register_gives_the_same_fingerprint(anna, bruno, request_, actor):
    make_chat(anna, bruno)

    first = erasure.plan(request_, actor=actor).fingerprint
    assert erasure.plan(request_, actor=actor).fingerprint == first

    say(Chat.objects.get(), "Vielä yksi asia", anna)
    assert erasure.plan(request_, actor=actor).fingerprint != first
    assert ErasurePlan.objects.count() == 1


def test_what_is_kept_is_told_until_the_day_its_row_really_ends(anna, officer, at):
    received = datetime(2026, 3, 2, 10, tzinfo=UTC)
    with at(received):
        earlier = erasure_request(anna, officer)
    with at(datetime(2026, 5, 4, 10, tzinfo=UTC)):
        closing.close(
            earlier,
            outcome="refused",
            reason="ei tunnistettu",
            actor=actors.of_user(officer),
        )
    entry = graph()["dsar.RequestEvent"]

    # Three years from the closing of the request, whose parts end with it.
    assert kept_until(entry, earlier.events.values_list("pk", flat=True)) == date(
        2029, 5, 4
    )


@pytest.mark.parametrize("reason", ["legal_claim", "authority"])
def test_a_hold_on_the_person_blocks(anna, request_, actor, reason):
    erasure.plan(request_, actor=actor)
    hold = holds.place(reason=Hold.Reason(reason), subject_id=anna.pk, actor=actor)

    with pytest.raises(DomainError, match="Release the hold first"):
        erasure.submit(request_, actor=actor)

    request_.refresh_from_db()
    assert request_.state == Request.State.PLANNED
    assert not Approval.objects.exists()
    assert [o.code for o in erasure.obstacles_of(request_)] == ["on_hold"]

    holds.release(hold, actor=actor)
    assert erasure.obstacles_of(request_) == []
    erasure.submit(request_, actor=actor)


def test_a_hold_on_a_chat_blocks_also_while_others_keep_it(
    anna, bruno, request_, actor
):
    chat = make_chat(anna, bruno)
    holds.place(reason=Hold.Reason.AUTHORITY, obj=chat, actor=actor)

    assert [o.code for o in erasure.obstacles_of(request_)] == ["on_hold"]


@pytest.mark.parametrize("is_person", [True, False], ids=["person", "chat"])
def test_a_mention_in_what_a_claim_holds_stays_until_the_claim_is_over(
    is_person, anna, bruno, request_, actor, officer, second_officer
):
    said = "Anna: anna.virtanen@esimerkki.example"
    chat = make_chat(bruno, agent_says=said)
    held = {"subject_id": bruno.pk} if is_person else {"obj": chat}
    hold = holds.place(reason=Hold.Reason.LEGAL_CLAIM, actor=actor, **held)

    erase(request_, officer, second_officer)

    # Nothing else is kept for it, and somebody has to judge what is left.
    assert request_.state == Request.State.EXECUTING
    assert request_.plan.left_over == {"communications_chatline.text": 1}
    assert chat.lines.last().text == said
    assert not Contact.objects.filter(pk=anna.pk).exists()

    holds.release(hold, actor=actor)
    jobs.run(verification.order_search(request_, actor=actor).pk)

    request_.refresh_from_db()
    assert request_.outcome == Request.Outcome.ERASED
    assert chat.lines.last().text == "[…]"


def test_a_hold_on_a_record_or_on_somebody_else_in_it_blocks(
    anna, bruno, request_, actor
):
    chat = make_chat(anna, bruno)
    recording = make_recording(anna)

    for kwargs in ({"obj": recording}, {"subject_id": bruno.pk}):
        hold = holds.place(reason=Hold.Reason.LEGAL_CLAIM, actor=actor, **kwargs)
        assert [o.code for o in erasure.obstacles_of(request_)] == ["on_hold"]
        holds.release(hold, actor=actor)

    # A shared chat stays, so a hold on it asks for nothing that is not done anyway.
    chat.participants.filter(contact=anna).delete()
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, actor=actor, subject_id=bruno.pk)
    assert erasure.obstacles_of(request_) == []


def test_an_open_request_for_access_comes_first(anna, officer, request_, actor):
    erasure.plan(request_, actor=actor)
    access = erasure_request(anna, officer, kind="access")

    with pytest.raises(DomainError, match="Finish that request first"):
        erasure.submit(request_, actor=actor)

    closing.close(access, outcome="refused", reason="peruttu", actor=actor)
    assert erasure.obstacles_of(request_) == []


def test_an_open_request_for_access_that_nobody_identified_counts_too(request_, actor):
    intake.open_request(
        kind="access",
        channel="email",
        received_at=timezone.now(),
        email=" ANNA.Virtanen@esimerkki.example",
        actor=actor,
    )

    assert [o.code for o in erasure.obstacles_of(request_)] == ["access_open"]


@pytest.mark.parametrize("kind", ["access", "erasure"])
def test_without_a_confirmed_person_nothing_is_planned(kind, actor):
    request = intake.open_request(
        kind=kind,
        channel="email",
        received_at=timezone.now(),
        name="Anna Virtanen",
        actor=actor,
    )

    with pytest.raises(DomainError):
        erasure.plan(request, actor=actor)

    assert not ErasurePlan.objects.exists()


def test_whoever_asked_cannot_approve(anna, request_, actor):
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    with pytest.raises(DomainError, match="ask a colleague"):
        approvals.decide(approval, approve=True, actor=actor)

    approval.refresh_from_db()
    request_.refresh_from_db()
    assert (approval.state, request_.state) == ("waiting", "approval")
    assert not Job.objects.exists()
    assert_nothing_erased(anna)


@pytest.mark.parametrize(
    "role", ["agent", "seller", "marketer", "auditor", "administrator", "stranger"]
)
def test_without_the_right_nobody_approves(anna, request_, actor, role, request):
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    with pytest.raises(PermissionDenied):
        approvals.decide(
            approval,
            approve=True,
            actor=actors.of_user(request.getfixturevalue(role)),
        )

    assert not Job.objects.exists()
    assert_nothing_erased(anna)


def test_approval_orders_the_erasure_and_a_rejection_does_not(
    anna, request_, actor, second
):
    erasure.plan(request_, actor=actor)
    erasure.submit(request_, actor=actor)
    approvals.decide(waiting_approval(request_), approve=False, actor=second)

    request_.refresh_from_db()
    assert request_.state == Request.State.PLANNED
    assert not Job.objects.exists()

    erasure.submit(request_, actor=actor)
    approvals.decide(waiting_approval(request_), approve=True, actor=second)

    request_.refresh_from_db()
    assert request_.state == Request.State.EXECUTING
    assert Job.objects.get().kind == erasure.ERASE
    assert_nothing_erased(anna)
    kinds = list(request_.events.values_list("kind", flat=True))
    assert kinds == ["received", "identified", "planned", "rejected", "approved"]


def test_an_outdated_plan_is_not_submitted(anna, bruno, request_, actor):
    chat = make_chat(anna, bruno)
    erasure.plan(request_, actor=actor)
    say(chat, "Vielä yksi asia", anna)

    with pytest.raises(erasure.PlanOutdated, match="Make the plan again"):
        erasure.submit(request_, actor=actor)

    assert not Approval.objects.exists()


def test_an_outdated_plan_is_not_approved(anna, bruno, request_, actor, second):
    chat = make_chat(anna, bruno)
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)
    say(chat, "Vielä yksi asia", anna)

    with pytest.raises(erasure.PlanOutdated):
        approvals.decide(approval, approve=True, actor=second)

    approval.refresh_from_db()
    assert approval.state == Approval.State.WAITING
    assert not Job.objects.exists()


def _new_line(chat, anna, actor):
    say(chat, "Vielä yksi asia", anna)


def _new_hold(chat, anna, actor):
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actor)


@pytest.mark.parametrize(
    ("change", "error"), [(_new_line, "PlanOutdated"), (_new_hold, "DomainError")]
)
def test_what_happens_after_the_approval_stops_the_erasure(
    anna, bruno, request_, officer, second_officer, actor, change, error
):
    chat = make_chat(anna, bruno)
    job = approved(request_, officer, second_officer)
    change(chat, anna, actor)
    before = list(ChatLine.objects.values_list("pk", "text"))

    jobs.run(job.pk)

    job.refresh_from_db()
    request_.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", error)
    assert request_.state == Request.State.PLANNED
    assert request_.plan.executed_at is None
    assert request_.plan.sealed_identifiers == ""
    assert list(ChatLine.objects.values_list("pk", "text")) == before
    assert AuditEntry.objects.filter(action="erasure.outdated").count() == 1
    assert_nothing_erased(anna)

    # Planned anew and approved anew, it is done.
    Hold.objects.update(released_at=timezone.now())
    erasure.plan(request_, actor=actor)
    erasure.submit(request_, actor=actor)
    approvals.decide(
        waiting_approval(request_), approve=True, actor=actors.of_user(second_officer)
    )
    jobs.run(Job.objects.get(state="queued").pk)
    assert not Contact.objects.filter(pk=anna.pk).exists()


def test_reading_the_request_does_not_outdate_the_plan(
    anna, request_, officer, second_officer, actor
):
    job = approved(request_, officer, second_officer)
    AuditEntry.objects.create(
        action="request.viewed", actor_kind="staff", subject_id=anna.pk
    )

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "done"


def test_what_is_due_does_not_outdate_the_plan_and_goes_along(
    anna, request_, officer, second_officer
):
    job = approved(request_, officer, second_officer)
    long_ago = timezone.now() - timedelta(days=200)
    chat = make_chat(anna)
    Chat.objects.filter(pk=chat.pk).update(started_at=long_ago, ended_at=long_ago)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "done"
    assert not Chat.objects.exists()


def test_planning_anew_withdraws_the_question(anna, request_, actor, second):
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    erasure.plan(request_, actor=actor, includes_namesakes=True)

    approval.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN
    with pytest.raises(DomainError, match="decided already"):
        approvals.decide(approval, approve=True, actor=second)


def test_deciding_about_namesakes_makes_it_another_plan(
    anna, bruno, request_, actor, second
):
    make_chat(bruno, agent_says="Anna Virtanen soitti")
    plan = erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    changed = erasure.decide_about_namesakes(request_, includes=True, actor=actor)

    assert changed.fingerprint != plan.fingerprint
    approval.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN
    # Planned again, the decision stands.
    assert erasure.plan(request_, actor=actor).includes_namesakes
    assert erasure.is_current(Request.objects.get(pk=request_.pk))


def test_an_outdated_plan_is_not_changed(anna, bruno, request_, actor):
    chat = make_chat(anna, bruno)
    erasure.plan(request_, actor=actor)
    say(chat, "Vielä yksi asia", anna)

    with pytest.raises(erasure.PlanOutdated):
        erasure.decide_about_namesakes(request_, includes=True, actor=actor)

    assert not ErasurePlan.objects.get().includes_namesakes


def test_discarding_the_plan_leads_back_to_the_person(request_, actor):
    erasure.plan(request_, actor=actor)
    approval = erasure.submit(request_, actor=actor)

    erasure.discard(request_, actor=actor)

    approval.refresh_from_db()
    request_.refresh_from_db()
    assert approval.state == Approval.State.WITHDRAWN
    assert request_.state == Request.State.IDENTIFIED
    assert not ErasurePlan.objects.exists()


def test_an_approved_erasure_is_neither_planned_nor_discarded(
    request_, officer, second_officer, actor
):
    approved(request_, officer, second_officer)

    for act in (erasure.plan, erasure.discard):
        with pytest.raises(DomainError, match="being carried out"):
            act(request_, actor=actor)
    with pytest.raises(DomainError, match="wait until it ends"):
        erasure.try_again(request_, actor=actor)

    request_.refresh_from_db()
    assert request_.state == Request.State.EXECUTING


def test_a_request_is_not_closed_as_erased_by_hand(request_, actor):
    erasure.plan(request_, actor=actor)

    with pytest.raises(DomainError, match="found to be complete"):
        closing.close(request_, outcome="erased", actor=actor)

    request_.refresh_from_db()
    assert request_.state == Request.State.PLANNED


def test_a_refused_request_is_not_erased_by_a_job_that_comes_later(
    anna, request_, officer, second_officer, actor
):
    job = approved(request_, officer, second_officer)
    closing.close(request_, outcome="refused", reason="vaade", actor=actor)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert_nothing_erased(anna)
    assert not RequestEvent.objects.filter(kind="erased").exists()
