from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dsar import selectors
from dsar.models import Request
from dsar.services import closing, deadlines
from register import actors
from register.errors import DomainError
from tests.dsar.access_factory import open_access

pytestmark = pytest.mark.django_db

# 5 October 2026 is a Monday; the answer is due on Thursday 5 November.
RECEIVED = datetime(2026, 10, 5, 9, tzinfo=UTC)


@pytest.fixture
def request_(officer, at):
    with at(RECEIVED):
        return open_access(officer, received_at=RECEIVED)


def test_waiting_for_the_person_moves_the_due_date_by_its_days(officer, at, request_):
    actor = actors.of_user(officer)

    with at(RECEIVED + timedelta(days=3)):
        deadlines.suspend(request_, reason="identity", actor=actor)
    with at(RECEIVED + timedelta(days=8)):
        assert selectors.clock_of(request_).suspended
        deadlines.resume(request_, actor=actor)

    request_.refresh_from_db()
    assert request_.due_on == date(2026, 11, 10)


def test_the_list_knows_whose_clock_is_stopped(officer, request_, at):
    actor = actors.of_user(officer)

    with at(RECEIVED + timedelta(days=1)):
        deadlines.suspend(request_, reason="clarification", actor=actor)
        assert selectors.with_suspension(Request.objects.all()).get().is_suspended
    with at(RECEIVED + timedelta(days=2)):
        deadlines.resume(request_, actor=actor)
        assert not selectors.with_suspension(Request.objects.all()).get().is_suspended


def test_an_extension_is_told_within_the_first_month(officer, at, request_):
    with (
        at(datetime(2026, 11, 6, 9, tzinfo=UTC)),
        pytest.raises(DomainError) as refused,
    ):
        deadlines.extend(request_, reasons="complex", actor=actors.of_user(officer))

    assert refused.value.code == "extended_too_late"
    request_.refresh_from_db()
    assert request_.due_on == date(2026, 11, 5)
    assert request_.events.count() == 1


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda r, a: deadlines.suspend(r, reason="tired", actor=a), "reason_missing"),
        (lambda r, a: deadlines.extend(r, reasons=" ", actor=a), "reasons_missing"),
        (lambda r, a: deadlines.resume(r, actor=a), "not_suspended"),
        (
            lambda r, a: deadlines.suspend(
                r, reason="identity", actor=a, at=RECEIVED + timedelta(days=9)
            ),
            "event_in_future",
        ),
        (
            lambda r, a: deadlines.suspend(
                r, reason="identity", actor=a, at=RECEIVED - timedelta(days=1)
            ),
            "before_receipt",
        ),
    ],
)
def test_what_the_law_does_not_know_changes_nothing(officer, at, request_, act, code):
    with at(RECEIVED + timedelta(hours=1)), pytest.raises(DomainError) as refused:
        act(request_, actors.of_user(officer))

    assert refused.value.code == code
    assert request_.events.count() == 1
    request_.refresh_from_db()
    assert request_.due_on == date(2026, 11, 5)


def test_extending_twice_is_refused(officer, at, request_):
    actor = actors.of_user(officer)
    with at(RECEIVED + timedelta(days=2)):
        deadlines.extend(request_, reasons="complex", actor=actor)

    with at(RECEIVED + timedelta(days=3)), pytest.raises(DomainError) as refused:
        deadlines.extend(request_, reasons="still complex", actor=actor)

    assert refused.value.code == "already_extended"


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [
        ("delivered", "", "not_downloaded"),
        ("refused", " ", "reason_missing"),
        ("", "", "unknown_outcome"),
    ],
)
def test_an_outcome_must_be_borne_out(officer, request_, outcome, reason, code):
    with pytest.raises(DomainError) as refused:
        closing.close(
            request_, outcome=outcome, reason=reason, actor=actors.of_user(officer)
        )

    assert refused.value.code == code
    request_.refresh_from_db()
    assert request_.state == Request.State.RECEIVED


def test_nothing_is_done_for_a_closed_request(officer, request_):
    actor = actors.of_user(officer)
    closing.close(request_, outcome="not_found", actor=actor)

    for act in (
        lambda: deadlines.suspend(request_, reason="identity", actor=actor),
        lambda: closing.close(request_, outcome="not_found", actor=actor),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code == "request_closed"
    request_.refresh_from_db()
    assert request_.outcome == "not_found"
    assert request_.closed_at is not None
