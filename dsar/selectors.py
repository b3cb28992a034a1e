"""Reading requests: what their clock shows. Nothing here asks who reads."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar import clock
from dsar.models import Request, RequestEvent
from register.errors import DomainError
from register.models import LegalParameter
from register.periods import HELSINKI, Period

Kind = RequestEvent.Kind
# The events by which the clock goes; all others only tell what was done.
CLOCK_EVENTS = (Kind.RECEIVED, Kind.SUSPENDED, Kind.RESUMED, Kind.EXTENDED, Kind.CLOSED)


def clock_of(request: Request, at: datetime | None = None) -> clock.ClockState:
    """Return what the legal clock of a request shows at an instant, by default now.

    Raises :class:`dsar.clock.ClockError` if its events cannot have happened so.
    """
    events = request.events.filter(kind__in=CLOCK_EVENTS).order_by("at", "id")
    return fold(
        request.received_at,
        [_as_clock_event(event) for event in events],
        at=at or timezone.now(),
    )


def fold(
    received_at: datetime, events: list[clock.Event], *, at: datetime
) -> clock.ClockState:
    """Fold events with the periods of the law on the day of receipt."""
    response, extension = periods_of_law(received_at.astimezone(HELSINKI).date())
    return clock.fold(events, response=response, extension=extension, at=at)


def periods_of_law(on: date) -> tuple[Period, Period]:
    """Return the time to answer, and the further time that an extension adds.

    The law's table holds the extended period from receipt; the difference is what
    the clock adds. Raises :class:`DomainError` if the table does not say.
    """
    response = _period(LegalParameter.Code.RESPONSE, on)
    extended = _period(LegalParameter.Code.EXTENSION, on)
    try:
        further = Period(
            years=extended.years - response.years,
            months=extended.months - response.months,
            weeks=extended.weeks - response.weeks,
            days=extended.days - response.days,
        )
    except ValueError as error:
        raise DomainError(
            "periods_do_not_fit",
            _(
                "The extended period of the law must be longer than the ordinary one and in the same unit; correct the legal parameters."
            ),
        ) from error
    return response, further


def with_suspension(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Annotate ``is_suspended``: whether the last word about the clock was to stop."""
    last = (
        RequestEvent.objects.filter(
            request=OuterRef("pk"),
            kind__in=(Kind.SUSPENDED, Kind.RESUMED, Kind.CLOSED),
        )
        .order_by("-at", "-id")
        .values("kind")[:1]
    )
    # A clock that never stopped has no such event: it runs, which NULL would not say.
    word = Coalesce(Subquery(last), Value(""))
    return requests.alias(last_clock_event=word).annotate(
        is_suspended=ExpressionWrapper(
            Q(last_clock_event=Kind.SUSPENDED), output_field=BooleanField()
        )
    )


def _period(code: LegalParameter.Code, on: date) -> Period:
    parameter = (
        LegalParameter.objects.filter(code=code, valid_from__lte=on)
        .order_by("-valid_from")
        .first()
    )
    if parameter is None:
        raise DomainError(
            "no_legal_period",
            _(
                "The legal parameters do not say how long the answer may take on that day; add the period first."
            ),
        )
    return Period.parse(parameter.period)


def _as_clock_event(event: RequestEvent) -> clock.Event:
    match event.kind:
        case Kind.RECEIVED:
            return clock.Received(event.at)
        case Kind.SUSPENDED:
            return clock.Suspended(event.at, event.reason)
        case Kind.RESUMED:
            return clock.Resumed(event.at)
        case Kind.EXTENDED:
            return clock.Extended(event.at, event.reason)
    return clock.Closed(event.at)
