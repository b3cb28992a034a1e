from __future__ import annotations

import pytest

from dsar.models import Finding, Request, RequestEvent
from dsar.services import collection, identity, package, review
from dsar.services.review import Decision
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Job
from tests.dsar.access_factory import collected, confirmed, open_access, packed
from tests.dsar.erasure_factory import make_chat, make_recording, say

pytestmark = pytest.mark.django_db


def findings_of(request: Request) -> set[tuple[str, str]]:
    return {
        (finding.row_key, finding.field)
        for finding in request.findings.filter(table="communications.ChatLine")
    }


def test_what_others_wrote_waits_and_what_the_person_wrote_does_not(
    officer, anna, bruno
):
    chat = make_chat(anna, bruno)
    others = chat.lines.exclude(participant__contact=anna)

    request = collected(officer, anna)

    assert findings_of(request) == {(str(line.pk), "text") for line in others}
    assert request.state == Request.State.REVIEW
    assert {f.conversation for f in request.findings.all()} == {
        f"communications.Chat:{chat.pk}"
    }


def test_a_recording_waits_although_it_is_the_persons_call(officer, anna):
    recording = make_recording(anna)

    request = collected(officer, anna)

    finding = request.findings.get()
    assert (finding.table, finding.row_key, finding.field) == (
        "communications.Recording",
        str(recording.pk),
        "file",
    )


def test_an_empty_text_says_nothing_and_waits_for_nobody(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    chat.lines.update(text="")

    request = collected(officer, anna)

    assert not request.findings.exists()
    assert request.state == Request.State.REVIEWED


def test_two_contacts_of_one_person_wait_once(officer, anna, bruno):
    make_chat(anna, bruno, agent_says="Hei")

    request = collected(officer, anna, bruno)

    assert request.findings.count() == 1
    assert packed(officer, request).row_count > 0


def test_nobody_collects_before_the_person_is_confirmed(officer):
    request = open_access(officer)

    with pytest.raises(DomainError) as refused:
        collection.collect(request, actor=actors.of_user(officer))

    assert refused.value.code == "person_not_confirmed"
    assert request.state == Request.State.RECEIVED


def test_no_package_before_everything_is_decided(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    say(chat, "Vielä jotain?")
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    first = request.findings.first()
    review.decide(request, decisions={first.pk: Decision("give")}, actor=actor)

    with pytest.raises(DomainError) as refused:
        package.order(request, actor=actor)

    assert refused.value.code == "review_unfinished"
    assert not Job.objects.exists()
    assert review.progress(request) == review.Progress(done=1, total=3)


def test_the_end_of_the_review_is_noted_once(officer, anna, bruno):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)

    review.decide_all(request, verdict="withhold", ground="others", actor=actor)
    review.decide_all(request, verdict="give", actor=actor)

    request.refresh_from_db()
    assert request.state == Request.State.REVIEWED
    assert request.events.filter(kind=RequestEvent.Kind.REVIEWED).count() == 1
    assert set(request.findings.values_list("verdict", "ground", "decided_by")) == {
        ("withhold", "others", officer.pk)
    }
    assert AuditEntry.objects.filter(action="request.reviewed").count() == 1


def test_in_bulk_by_conversation_and_by_table(officer, anna, bruno):
    make_chat(anna, bruno)
    second = make_chat(anna, bruno)
    make_recording(anna)
    request = collected(officer, anna)
    actor = actors.of_user(officer)

    code = f"communications.Chat:{second.pk}"
    review.decide_all(request, verdict="give", conversation=code, actor=actor)
    assert review.progress(request).waiting == 3

    table = "communications.Recording"
    review.decide_all(request, verdict="give", table=table, actor=actor)
    assert review.progress(request).waiting == 2


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Decision("withhold"), "ground_missing"),
        (Decision("withhold", ground="bored"), "ground_missing"),
        (Decision("waiting"), "no_decision"),
        (Decision("burn"), "no_decision"),
        (Decision("redact", redacted="  "), "nothing_left"),
    ],
)
def test_an_unsound_decision_changes_nothing(officer, anna, bruno, decision, code):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    finding = request.findings.first()

    with pytest.raises(DomainError) as refused:
        review.decide(
            request, decisions={finding.pk: decision}, actor=actors.of_user(officer)
        )

    assert refused.value.code == code
    assert set(request.findings.values_list("verdict", flat=True)) == {"waiting"}


def test_parts_cannot_be_removed_from_a_file(officer, anna):
    make_recording(anna)
    request = collected(officer, anna)

    with pytest.raises(DomainError) as refused:
        review.decide(
            request,
            decisions={request.findings.get().pk: Decision("redact", redacted="x")},
            actor=actors.of_user(officer),
        )

    assert refused.value.code == "file_not_editable"


def test_a_finding_of_another_request_is_refused(officer, anna, bruno):
    make_chat(anna, bruno)
    mine, other = collected(officer, anna), collected(officer, bruno)
    foreign = other.findings.first()

    with pytest.raises(DomainError) as refused:
        review.decide(
            mine,
            decisions={foreign.pk: Decision("give")},
            actor=actors.of_user(officer),
        )

    assert refused.value.code == "unknown_finding"
    foreign.refresh_from_db()
    assert foreign.verdict == Finding.Verdict.WAITING


def test_a_changed_mind_asks_for_a_new_package(officer, anna, bruno):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    packed(officer, request)
    actor = actors.of_user(officer)

    review.decide(
        request,
        decisions={request.findings.first().pk: Decision("give")},
        actor=actor,
    )

    request.refresh_from_db()
    assert request.state == Request.State.REVIEWED


def test_collecting_again_keeps_decisions_and_follows_the_rows(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    review.decide_all(request, verdict="give", actor=actor)
    gone = chat.lines.filter(participant__contact=bruno).get()
    kept = chat.lines.get(participant=None)
    gone_key = str(gone.pk)
    gone.delete()
    new = say(chat, "Lisäys")

    collection.collect(request, actor=actor)

    assert {(f.row_key, f.verdict) for f in request.findings.all()} == {
        (str(kept.pk), "give"),
        (str(new.pk), "waiting"),
    }
    assert (gone_key, "text") not in findings_of(request)


def test_what_comes_in_after_the_review_is_not_given_unseen(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    review.decide_all(request, verdict="give", actor=actor)
    say(chat, "Brunon salaisuus")
    request.refresh_from_db()

    made = package.make(request, actor=actor)

    assert made is None
    assert not request.packages.exists()
    request.refresh_from_db()
    assert request.state == Request.State.REVIEW
    assert review.progress(request).waiting == 1


def test_other_persons_mean_other_decisions(officer, anna, bruno):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    review.decide_all(request, verdict="give", actor=actor)

    identity.confirm_person(request, subject_ids=[bruno.pk], actor=actor)

    request.refresh_from_db()
    assert request.state == Request.State.IDENTIFIED
    assert not request.findings.exists()
    assert list(request.people.values_list("subject_id", flat=True)) == [bruno.pk]


def test_a_confirmation_alone_is_not_reviewed(officer, anna, bruno):
    make_chat(anna, bruno)
    request = confirmed(officer, anna)

    with pytest.raises(DomainError) as refused:
        review.decide_all(request, verdict="give", actor=actors.of_user(officer))

    assert refused.value.code == "not_collected"
