"""The board of data quality, and the lists of people behind its numbers."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, datetime, timedelta

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from contacts import clear_words, quality, selectors
from contacts.models import Contact, QualityCount
from contacts.quality import Measure
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category

BOARD = "admin:contacts_contact_quality"
LIST = "admin:contacts_contact_quality_list"
PER_PAGE = 50
TREND = timedelta(days=30)
# The drawing of a trend, in units of its own.
WIDE, HIGH = 100, 24


def urls() -> list[URLPattern]:
    """The addresses of the board, for the screens of contacts."""
    view = admin.site.admin_view
    return [
        path("quality/", view(board), name="contacts_contact_quality"),
        path(
            "quality/<slug:code>/", view(people), name="contacts_contact_quality_list"
        ),
    ]


def is_for(request: HttpRequest) -> bool:
    """Whether the board stands in the sidebar."""
    return access.may(request.user, Action.VIEW, Category.IDENTITY)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A measure as its reader sees it; ``change`` is None where there is no earlier day."""

    measure: Measure
    people: int
    total: int
    points: list[tuple[date, int]]
    url: str

    @property
    def share(self) -> float:
        """Per cent of all people the reader reaches."""
        return 100 * self.people / self.total if self.total else 0

    @property
    def is_some(self) -> bool:
        """Whether it is more than none and would round to nothing."""
        return 0 < self.share < 0.1

    @property
    def change(self) -> int | None:
        """How many more than at the beginning of the trend."""
        return self.people - self.points[0][1] if len(self.points) > 1 else None

    @property
    def first_day(self) -> date:
        """Since when it is compared."""
        return self.points[0][0]

    @property
    def drawing(self) -> str:
        """The trend as points of a line."""
        days = [day.toordinal() for day, _people in self.points]
        most = max(people for _day, people in self.points) or 1
        long = max(days[-1] - days[0], 1)
        return " ".join(
            f"{WIDE * (day - days[0]) / long:.1f},{HIGH - 1 - (HIGH - 2) * people / most:.1f}"
            for day, (_day, people) in zip(days, self.points, strict=True)
        )


def lines_for(
    reader: object, wanted: list[Measure] | None = None
) -> tuple[list[Line], datetime | None, bool]:
    """Return the numbers a reader may see, since when they stand, and if all are known.

    Whoever reaches only some people gets them counted now, and no trend: the counts of
    a day are of everybody.
    """
    chosen = [
        measure
        for measure in (wanted or [m for m in quality.measures() if m.on_board])
        if measure.is_for(reader)
    ]
    everybody = quality.measure(quality.ALL)
    assert everybody is not None  # noqa: S101 - it stands in the same module
    known = _counted([everybody, *chosen])
    lines, is_complete, times = [], True, []
    own = None
    for measure in chosen:
        url = reverse(LIST, args=[measure.code])
        if measure.is_limited(reader):
            if own is None:
                own = access.visible_to(reader, Contact.objects.all()).count()
            people = measure.people_of(reader).count()
            lines.append(Line(measure, people, own, [], url))
        elif measure.code in known and quality.ALL in known:
            counts = known[measure.code]
            total = known[quality.ALL][-1].people
            points = [(count.day, count.people) for count in counts]
            times.append(counts[-1].counted_at)
            lines.append(Line(measure, counts[-1].people, total, points, url))
        else:
            is_complete = False
    return lines, min(times, default=None), is_complete


def _counted(wanted: list[Measure]) -> dict[str, list[QualityCount]]:
    rows = QualityCount.objects.filter(
        code__in=[measure.code for measure in wanted],
        day__gte=timezone.localdate() - TREND,
    )
    found: dict[str, list[QualityCount]] = {}
    for row in rows.order_by("day"):
        found.setdefault(row.code, []).append(row)
    return found


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show what lacks, how much of it, and how that has changed."""
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    lines, counted_at, is_complete = lines_for(request.user)
    return TemplateResponse(
        request,
        "contacts/quality_board.html",
        {
            **admin.site.each_context(request),
            "title": _("Data quality"),
            "lines": lines,
            "counted_at": counted_at,
            "is_complete": is_complete,
            "has_trend": any(len(line.points) > 1 for line in lines),
            "wide": WIDE,
            "high": HIGH,
        },
    )


@require_safe
def people(request: HttpRequest, code: str) -> HttpResponse:
    """List the people behind a number, newest first; ``after`` is the last one seen."""
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    measure = quality.measure(code)
    if measure is None or not measure.on_board or not measure.is_for(request.user):
        raise Http404
    found = measure.people_of(request.user)
    keys = _page(found, request.GET.get("after", ""))
    rows = selectors.with_main_points(Contact.objects.filter(pk__in=keys[:PER_PAGE]))
    shown = [
        clear_words.as_seen(request.user, row)
        for row in rows.order_by("-created_at", "pk")
    ]
    audit.record(
        "record.listed",
        actor=actors.of_request(request),
        object_type=Contact._meta.label_lower,
        count=len(shown),
        rule=code,
    )
    return TemplateResponse(
        request,
        "contacts/quality_list.html",
        {
            **admin.site.each_context(request),
            "title": measure.title,
            "measure": measure,
            "rows": shown,
            "shows_company": access.may(request.user, Action.VIEW, Category.COMPANY),
            "next": keys[PER_PAGE - 1] if len(keys) > PER_PAGE else "",
            "is_first": "after" not in request.GET,
            "is_duty": code == "duty_overdue",
        },
    )


def _page(found: QuerySet[Contact], after: str) -> list[uuid.UUID]:
    """Return the keys of a page and one more."""
    try:
        last = Contact.objects.filter(pk=uuid.UUID(after)).first()
    except ValueError:
        last = None
    if last is not None:
        found = found.filter(
            Q(created_at__lt=last.created_at) | Q(pk__gt=last.pk),
            created_at__lte=last.created_at,
        )
    keys = found.order_by("-created_at", "pk").values_list("pk", flat=True)
    return list(keys[: PER_PAGE + 1])
