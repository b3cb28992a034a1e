from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from dsar.models import Request, RequestEvent
from dsar.services import deadlines
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, LegalParameter
from register.periods import HELSINKI
from tests.dsar.access_factory import open_access

pytestmark = pytest.mark.django_db

# LEGAL 3.1: received, due, due once extended.
VECTORS = [
    ("2025-01-31", "2025-02-28", "2025-04-30"),
    ("2026-01-31", "2026-03-02", "2026-04-30"),
    ("2026-01-30", "2026-03-02", "2026-04-30"),
    ("2026-01-29", "2026-03-02", "2026-04-29"),
    ("2027-01-31", "2027-03-01", "2027-04-30"),
    ("2028-01-31", "2028-02-29", "2028-05-02"),
    ("2026-03-05", "2026-04-07", "2026-06-05"),
    ("2024-02-29", "2024-04-02", "2024-05-29"),
    ("2026-04-01", "2026-05-04", "2026-07-01"),
    ("2026-04-14", "2026-05-15", "2026-07-14"),
    ("2026-05-19", "2026-06-19", "2026-08-19"),
    ("2026-05-20", "2026-06-22", "2026-08-20"),
    ("2026-08-31", "2026-09-30", "2026-11-30"),
    ("2026-11-06", "2026-12-07", "2027-02-08"),
    ("2025-11-24", "2025-12-24", "2026-02-24"),
    ("2025-11-25", "2025-12-29", "2026-02-25"),
    ("2025-12-01", "2026-01-02", "2026-03-02"),
    ("2026-12-06", "2027-01-07", "2027-03-08"),
]


@pytest.mark.parametrize(("received", "due", "extended"), VECTORS)
def test_the_due_date_is_that_of_the_law(officer, at, received, due, extended):
    noon = datetime.fromisoformat(f"{received}T12:00").replace(tzinfo=HELSINKI)

    with at(noon + timedelta(hours=1)):
        request = open_access(officer, received_at=noon)
        assert request.due_on == date.fromisoformat(due)

        deadlines.extend(
            request, reasons="Many requests at once", actor=actors.of_user(officer)
        )
    request.refresh_from_db()
    assert request.due_on == date.fromisoformat(extended)


def test_the_day_of_receipt_is_the_day_in_finland(officer, at):
    received = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)

    with at(received):
        request = open_access(officer, received_at=received)

    assert request.due_on == date(2026, 3, 2)


def test_a_request_gets_a_number_an_event_and_an_audit_entry(officer):
    first = open_access(officer)
    second = open_access(officer, name="Somebody Else")

    assert (first.number, second.number) == (1, 2)
    event = first.events.get()
    assert (event.kind, event.at, event.by) == (
        RequestEvent.Kind.RECEIVED,
        first.received_at,
        officer,
    )
    entry = AuditEntry.objects.filter(action="request.received").first()
    assert entry.object_id == str(second.pk)
    assert "Anna" not in str(entry.details)


def test_the_period_in_force_on_the_day_of_receipt_counts(officer, at):
    LegalParameter.objects.create(
        code="response", period="P2M", valid_from=date(2026, 7, 1), source="new law"
    )

    with at(datetime(2026, 8, 3, 12, tzinfo=UTC)):
        before = open_access(officer, received_at=datetime(2026, 6, 30, 9, tzinfo=UTC))
        after = open_access(officer, received_at=datetime(2026, 7, 1, 9, tzinfo=UTC))

    assert before.due_on == date(2026, 7, 30)
    assert after.due_on == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"received_at": timezone.now() + timedelta(days=365)}, "received_in_future"),
        ({"received_at": datetime(2019, 1, 1, tzinfo=UTC)}, "received_too_long_ago"),
        ({"name": " ", "email": "", "phone": ""}, "nobody_named"),
    ],
)
def test_a_slip_of_the_keyboard_is_refused(officer, change, code):
    with pytest.raises(DomainError) as refused:
        open_access(officer, **change)

    assert refused.value.code == code
    assert Request.objects.count() == 0
    assert not AuditEntry.objects.filter(action="request.received").exists()


def test_without_a_period_of_the_law_nothing_is_registered(officer):
    LegalParameter.objects.filter(code="response").delete()

    with pytest.raises(DomainError) as refused:
        open_access(officer)

    assert refused.value.code == "no_legal_period"
    assert Request.objects.count() == 0
