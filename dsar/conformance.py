"""Clauses N8 and N10: requests are answered in time, wholly, and leave no trace behind."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from dsar import selectors, wording
from dsar.clock import ClockError
from dsar.models import (
    ErasurePlan,
    Finding as ReviewFinding,
    Package,
    Request,
    RequestEvent,
    RequestPerson,
)
from dsar.package.text import FORMAT
from dsar.scope import KIND
from register.conformance.measures import capped
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    look_at,
    not_built,
)
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import Hold

REQUESTS = "admin:dsar_request_changelist"
# The newest packages are opened; clocks of so many open requests are counted anew.
OPENED, RECOUNTED = 5, 200
VERIFIED_WITHIN = timedelta(days=1)
# Enough of a readable page for everything that stands before the data.
BEGINNING = 200_000


def _open() -> QuerySet[Request]:
    return Request.objects.exclude(state=Request.State.CLOSED)


def _rows(requests: QuerySet[Request]) -> list[tuple[str, object]]:
    return [(Request._meta.label, key) for key in requests.values_list("pk", flat=True)]


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
        records=[
            (Request._meta.label, key)
            for key in bare.values_list("request_id", flat=True)[:50]
        ],
    )


@live_check(
    "erased_people_are_gone",
    "N8.3",
    promise=_(
        "Nobody who was erased is in the register, also after a restored backup."
    ),
    remedy=_("Erase the person again: register and plan the erasure anew."),
    link=f"{REQUESTS}?kind__exact=erasure",
    labels={
        "erased": _("People erased"),
        "back": _("Of these in the register again"),
    },
)
def erased_people_are_gone(board: Board) -> Finding:
    """Look for the numbers of the erased among the people of the register."""
    erased = RequestPerson.objects.filter(request__plan__executed_at__isnull=False)
    people = graph().root(KIND).model._base_manager.filter(pk=OuterRef("subject_id"))
    back = erased.filter(Exists(people))
    return judge(
        not back.exists(),
        erased=capped(erased),
        back=capped(back),
        records=[
            (Request._meta.label, key)
            for key in back.values_list("request_id", flat=True)[:50]
        ],
    )


@live_check(
    "erasures_verified",
    "N8.3",
    promise=_(
        "Every erasure was searched for what it left, and is finished within a day."
    ),
    remedy=_("Open the request and finish the search for what is left."),
    link=f"{REQUESTS}?kind__exact=erasure",
    labels={
        "carried_out": _("Erasures carried out"),
        "unfinished": _("Not found complete after a day"),
    },
)
def erasures_verified(board: Board) -> Finding:
    """Look for erasures whose search is not over."""
    done = ErasurePlan.objects.filter(executed_at__isnull=False)
    limit = board.at - VERIFIED_WITHIN
    unfinished = done.filter(verified_at=None, executed_at__lt=limit)
    return judge(
        not unfinished.exists(),
        carried_out=capped(done),
        unfinished=capped(unfinished),
        records=[
            (Request._meta.label, key)
            for key in unfinished.values_list("request_id", flat=True)[:50]
        ],
    )


not_built(
    "minors",
    "N8.3",
    what=_(
        "The age of a person, by which a minor's data is erased, is not kept yet: unknown counts as adult."
    ),
)


@live_check(
    "complaint_is_told",
    "N8.6",
    promise=_(
        "Packages tell of the right to complain to the supervisory authority, in every language and in those made last."
    ),
    remedy=_("Put the sentence back and make the packages anew."),
    link=f"{REQUESTS}?kind__exact=access",
    labels={
        "languages_without": _("Languages in which it is missing"),
        "packages": _("Packages opened"),
        "packages_without": _("Packages in which it is missing"),
    },
)
def complaint_is_told(board: Board) -> Finding:
    """Read the words in each language, and open the newest packages."""
    without = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            if not any(wording.AUTHORITY in text for _, text in wording.rights()):
                without.append(language)
    packages = board.once(_newest_pages)
    silent = [key for key, page, _ in packages if wording.AUTHORITY not in page]
    return judge(
        not (without or silent),
        languages_without=without,
        packages=len(packages),
        packages_without=len(silent),
        records=[(Request._meta.label, key) for key in silent],
    )


not_built(
    "letters",
    "N8.6",
    what=_(
        "Other replies, such as refusals and extensions, are written outside the register; letters are not built yet."
    ),
)


@live_check(
    "packages_are_portable",
    "N8.7",
    promise=_(
        "Packages hold the data in a form that other systems read, and say what the person provided."
    ),
    remedy=_("Make the packages anew."),
    link=f"{REQUESTS}?kind__exact=access",
    labels={
        "packages": _("Packages opened"),
        "not_portable": _("Packages without the data for machines"),
    },
)
def packages_are_portable(board: Board) -> Finding:
    """Look into the newest packages for the data in its known form."""
    packages = board.once(_newest_pages)
    bad = [key for key, _, data in packages if f'"{FORMAT}"' not in data]
    return judge(
        not bad,
        packages=len(packages),
        not_portable=len(bad),
        records=[(Request._meta.label, key) for key in bad],
    )


not_built(
    "recipients_told",
    "N8.7",
    what=_(
        "Telling recipients of corrections and erasures is not built yet; the register has given nothing to anybody."
    ),
)
look_at(
    "no_automated_decisions",
    "N8.7",
    what=_(
        "Whether anybody decides about people by machine alone, with what is in the register."
    ),
)


def _newest_pages() -> list[tuple[object, str, str]]:
    """Return request, readable page and data, their beginnings, of the newest packages."""
    found: list[tuple[object, str, str]] = []
    for package in Package.objects.order_by("-created_at")[:OPENED]:
        page = data = ""
        # A file that is missing or broken is a package that tells nothing.
        try:
            with default_storage.open(str(package.file), "rb") as stored:
                stream = cast("io.BufferedIOBase", stored)
                with zipfile.ZipFile(stream) as archive:
                    page = _beginning(archive, "index.html")
                    data = _beginning(archive, "data.json")
        except (OSError, KeyError, zipfile.BadZipFile):
            pass
        found.append((package.request_id, page, data))
    return found


def _beginning(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return member.read(BEGINNING).decode(errors="replace")
