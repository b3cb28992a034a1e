from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from communications.models import Chat
from dsar.models import Request, RequestEvent
from dsar.services import closing, identity, package, review
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Hold
from retention.services import sweep
from tests.dsar.access_factory import collected, confirmed, open_access, packed
from tests.dsar.erasure_factory import make_chat

pytestmark = pytest.mark.django_db


def in_force() -> set[object]:
    holds = Hold.objects.filter(released_at=None)
    return {hold.subject_id for hold in holds}


def test_a_confirmed_person_is_held_until_the_request_is_closed(officer, anna, bruno):
    request = confirmed(officer, anna)
    hold = Hold.objects.get()
    assert (hold.subject_id, hold.reason, hold.reference) == (
        anna.pk,
        Hold.Reason.ACCESS_REQUEST,
        f"#{request.number}",
    )

    closing.close(
        request, outcome="refused", reason="unfounded", actor=actors.of_user(officer)
    )

    assert in_force() == set()


def test_a_request_for_erasure_holds_nothing(officer, anna):
    confirmed(officer, anna, kind="erasure")

    assert not Hold.objects.exists()


def test_another_person_moves_the_hold(officer, anna, bruno):
    request = confirmed(officer, anna)

    identity.confirm_person(
        request, subject_ids=[bruno.pk], actor=actors.of_user(officer)
    )

    assert in_force() == {bruno.pk}


def test_the_hold_of_another_request_stays(officer, anna):
    first, second = confirmed(officer, anna), confirmed(officer, anna)

    closing.close(
        first, outcome="refused", reason="twice", actor=actors.of_user(officer)
    )

    assert in_force() == {anna.pk}
    assert Hold.objects.get(released_at=None).reference == f"#{second.number}"


def test_nothing_of_the_person_ends_while_the_request_is_open(
    officer, anna, bruno, at, django_capture_on_commit_callbacks
):
    with at(datetime(2026, 5, 4, 9, tzinfo=UTC)):
        annas, brunos = make_chat(anna), make_chat(bruno)
        request = confirmed(officer, anna)

    with at(datetime(2026, 8, 20, 9, tzinfo=UTC)):
        sweep.sweep(at=timezone.now())
        assert set(Chat.objects.all()) == {annas}
        closing.close(
            request,
            outcome="refused",
            reason="unfounded",
            actor=actors.of_user(officer),
        )
        sweep.sweep(at=timezone.now())
        assert not Chat.objects.exists()
    del brunos


def test_handing_over_closes_the_request(officer, anna, bruno):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    made = packed(officer, request)
    actor = actors.of_user(officer)

    package.note_download(made, actor=actor)
    closing.close(request, outcome="delivered", actor=actor)

    request.refresh_from_db()
    assert (request.state, request.outcome) == (Request.State.CLOSED, "delivered")
    assert list(request.events.values_list("kind", flat=True))[-2:] == [
        RequestEvent.Kind.DELIVERED,
        RequestEvent.Kind.CLOSED,
    ]
    assert AuditEntry.objects.get(action="package.downloaded").subject_id == anna.pk
    assert in_force() == set()


def test_found_means_not_nothing_found(officer, anna):
    request = confirmed(officer, anna)

    with pytest.raises(DomainError) as refused:
        closing.close(request, outcome="not_found", actor=actors.of_user(officer))

    assert refused.value.code == "person_confirmed"
    assert in_force() == {anna.pk}


def test_the_person_of_a_packed_request_is_settled(officer, anna, bruno):
    request = collected(officer, anna)
    packed(officer, request)

    with pytest.raises(DomainError) as refused:
        identity.confirm_person(
            request, subject_ids=[bruno.pk], actor=actors.of_user(officer)
        )

    assert refused.value.code == "too_late_to_change"
    assert in_force() == {anna.pk}


def test_closing_without_a_person_releases_nothing_of_others(officer, anna):
    confirmed(officer, anna)
    other = open_access(officer, name="Nobody Known", email="", phone="")

    closing.close(other, outcome="not_found", actor=actors.of_user(officer))

    assert in_force() == {anna.pk}


def test_a_package_that_no_longer_says_what_was_decided_is_not_handed_over(
    officer, anna, bruno
):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    package.note_download(packed(officer, request), actor=actor)
    finding = request.findings.first()
    review.decide(request, decisions={finding.pk: review.Decision("give")}, actor=actor)

    with pytest.raises(DomainError) as refused:
        closing.close(request, outcome="delivered", actor=actor)

    assert refused.value.code == "not_downloaded"
    assert in_force() == {anna.pk}
