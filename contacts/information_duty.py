"""Who must be told, and by when (GDPR Art. 14(3)(a)).

The duty follows from the contact: its source is not the person, and nobody has told the
person yet. It is due one month after the data was obtained, by the calendar of Finland,
or with the first communication to the person, if that is earlier (Art. 14(3)(b)). Of
communication apps above know; they register what they have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from contacts.models import Contact
from contacts.models.people import DUTY_OPEN
from register.periods import HELSINKI, Period, ends_on

MONTH = Period(months=1)
# The column that says when the data was obtained; the index of open duties has it.
OBTAINED = "collected_at"


# By name: returns the people we wrote or spoke to, as rows of ``contact_id`` and ``at``.
_CONTACTED: dict[str, Callable[[], QuerySet[Any, Any]]] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """By when a person is to be told; ``contacted`` if that was when we first spoke."""

    day: date
    is_late: bool
    contacted: bool = False


def register_contacts(name: str, rows: Callable[[], QuerySet[Any, Any]]) -> None:
    """Make communication known in which people are to be told: no letter goes with it.

    ``rows()`` returns a query of dictionaries with ``contact_id`` and ``at``.
    """
    _CONTACTED[name] = rows


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
    """Whoever should have been told by yesterday, or when we first spoke to them."""
    late = due_before(today or timezone.localdate())
    for rows in _CONTACTED.values():
        late |= Q(pk__in=rows().values("contact_id"))
    return open_duties().filter(late)


def with_first_contacts(people: QuerySet[Contact]) -> QuerySet[Contact]:
    """Add to people what :func:`due` asks: when we first spoke to them, if we did."""
    first = {
        f"first_of_{name}": Subquery(
            rows().filter(contact_id=OuterRef("pk")).order_by("at").values("at")[:1]
        )
        for name, rows in _CONTACTED.items()
    }
    return people.annotate(**first)


def due(person: Contact) -> Due:
    """Return by when a person of :func:`with_first_contacts` is, or was, to be told."""
    day = due_on(getattr(person, OBTAINED))
    spoken = (getattr(person, f"first_of_{name}") for name in _CONTACTED)
    days = [at.astimezone(HELSINKI).date() for at in spoken if at is not None]
    if days and min(days) <= day:
        return Due(min(days), is_late=True, contacted=True)
    return Due(day, is_late=day < timezone.localdate())
