"""Who must be told, and by when (GDPR Art. 14(3)(a)).

The duty follows from the contact: its source is not the person, and nobody has told the
person yet. It is due one month after the data was obtained, by the calendar of Finland.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.models import Contact
from contacts.models.people import DUTY_OPEN
from register.periods import HELSINKI, Period, ends_on

MONTH = Period(months=1)
# The column that says when the data was obtained; the index of open duties has it.
OBTAINED = "collected_at"


def open_duties() -> QuerySet[Contact]:
    """Whoever is still to be told, those first whose data came first."""
    return Contact.objects.filter(DUTY_OPEN).order_by(OBTAINED, "pk")


def is_open(contact: Contact) -> bool:
    """Whether the person is still to be told."""
    return open_duties().filter(pk=contact.pk).exists()


def due_on(obtained: datetime) -> date:
    """Return the last day on which a person may be told whose data was obtained then."""
    return ends_on(obtained.astimezone(HELSINKI).date(), MONTH)


def due_before(day: date) -> Q:
    """The condition that the last day was before ``day``, as one range of the index."""
    last = day - timedelta(days=27)
    while ends_on(last, MONTH) >= day:
        last -= timedelta(days=1)
    end = datetime.combine(last + timedelta(days=1), time(), tzinfo=HELSINKI)
    return Q(**{f"{OBTAINED}__lt": end})


def overdue(today: date | None = None) -> QuerySet[Contact]:
    """Whoever should have been told by yesterday."""
    return open_duties().filter(due_before(today or timezone.localdate()))
