"""Clauses N10.1 and N8.1: requests are answered in time and wholly."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar import selectors
from dsar.clock import ClockError
from dsar.models import Finding as ReviewFinding, Request, RequestEvent, RequestPerson
from register.conformance.measures import capped
from register.conformance.registry import Board, Finding, judge, live_check, not_built
from register.errors import DomainError
from register.models import Hold

REQUESTS = "admin:dsar_request_changelist"
# The clocks of so many open requests are counted anew.
RECOUNTED = 200


def _open() -> QuerySet[Request]:
    return Request.objects.exclude(state=Request.State.CLOSED)


def _rows(requests: QuerySet[Request]) -> list[tuple[str, object]]:
    return [(Request._meta.label, key) for key in requests.values_list("pk", flat=True)]


def requests_of(rows: QuerySet[Any]) -> list[tuple[str, object]]:
    """Return which requests some rows belong to, of the first of them."""
    keys = rows.values_list("request_id", flat=True)[:50]
    return [(Request._meta.label, key) for key in keys]


@live_check(
    "deadlines_kept",
    "N10.1",
    promise=_("Every open request has a due date, and none is late."),
    remedy=_(
        "Answer the late requests first. If the time does not suffice, tell the person why within the first month."
    ),
    link=f"{REQUESTS}?deadline=late",
    labels={
        "open": _("Open requests"),
        "overdue": _("Late"),
        "next_due_on": _("Next one due"),
        "wrong_due_dates": _("Due dates that the legal clock does not give"),
    },
)
def deadlines_kept(board: Board) -> Finding:
    """Look for late requests, and count the clocks of the open ones anew."""
    today = timezone.localdate(board.at)
    running = selectors.with_suspension(_open()).filter(is_suspended=False)  # type: ignore[misc]
    late = running.filter(due_on__lt=today).order_by("due_on")
    wrong = [r.pk for r in running.order_by("due_on")[:RECOUNTED] if not _is_right(r)]
    first = running.filter(due_on__gte=today).order_by("due_on").first()
    return judge(
        not late.exists() and not wrong,
        open=capped(_open()),
        overdue=capped(late),
        next_due_on=first.due_on if first else None,
        wrong_due_dates=len(wrong),
        records=[*_rows(late[:50]), *((Request._meta.label, key) for key in wrong)],
    )


def _is_right(request: Request) -> bool:
    try:
        return selectors.clock_of(request).due_on == request.due_on
    except (ClockError, DomainError):
        return False


not_built(
    "arrival",
    "N10.1",
    "N1.2",
    what=_(
        "Requests that arrive by e-mail, by post or by telephone are registered by staff; a mailbox that is read and a web form are not built yet."
    ),
)


@live_check(
    "access_answers_whole",
    "N8.1",
    promise=_(
        "No answer was handed over with a value that nobody had decided about, and each was taken out to be handed over."
    ),
    remedy=_("Look at the request: the person may not have got everything."),
    link=f"{REQUESTS}?kind__exact=access",
    labels={
        "delivered": _("Answers handed over"),
        "undecided": _("With values that nobody decided about"),
        "not_taken_out": _("Never taken out"),
    },
)
def access_answers_whole(board: Board) -> Finding:
    """Compare what was closed as delivered with what happened to it."""
    delivered = Request.objects.filter(
        kind=Request.Kind.ACCESS, outcome=Request.Outcome.DELIVERED
    )
    waiting = ReviewFinding.objects.filter(
        request=OuterRef("pk"), verdict=ReviewFinding.Verdict.WAITING
    )
    taken_out = RequestEvent.objects.filter(
        request=OuterRef("pk"), kind=RequestEvent.Kind.DELIVERED
    )
    undecided = delivered.filter(Exists(waiting))
    never = delivered.filter(~Exists(taken_out))
    return judge(
        not undecided.exists() and not never.exists(),
        delivered=capped(delivered),
        undecided=capped(undecided),
        not_taken_out=capped(never),
        records=_rows(undecided[:50]) + _rows(never[:50]),
    )


@live_check(
    "asked_for_data_is_frozen",
    "N8.1",
    promise=_("Nothing of a person ends while their request for access is open."),
    remedy=_("Confirm the person of the request again: that places the hold."),
    link=f"{REQUESTS}?deadline=open",
    labels={
        "people": _("People with an open request"),
        "without_hold": _("Without a hold"),
    },
)
def asked_for_data_is_frozen(board: Board) -> Finding:
    """Look for people of open access requests whose data no hold keeps."""
    people = RequestPerson.objects.filter(
        request__in=_open().filter(kind=Request.Kind.ACCESS)
    )
    hold = Hold.objects.filter(subject_id=OuterRef("subject_id"), released_at=None)
    bare = people.filter(~Exists(hold))
    return judge(
        not bare.exists(),
        people=capped(people),
        without_hold=capped(bare),
        records=requests_of(bare),
    )
