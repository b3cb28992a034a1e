"""The retention page: what ends when, what is held, and whether it really ended."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from register import access, actors
from register.database.visibility import counting_everything
from register.datamap.vocabulary import Action, Category
from register.models import Hold
from register.screens.jobs import register_destination
from register.screens.rows import url_of
from register.wording import period_in_words
from retention.due import Rule, rules
from retention.held import in_force
from retention.models import Run
from retention.screens.words import table_in_words
from retention.services import orders
from retention.services.plan import EndingTable, Plan, plan

WEEKS = 13
HELD_ROWS = 50
# The scheduler sweeps every ten minutes; after this long it must have stopped.
SILENCE = timedelta(minutes=30)
COLOURS = (
    "primary-700",
    "primary-400",
    "base-500",
    "orange-500",
    "green-600",
    "base-300",
)

register_destination(orders.KIND, lambda job: reverse("admin:retention_run_plan"))


def urls() -> list[URLPattern]:
    """The addresses of the page, for the screens of the table of runs."""
    view = admin.site.admin_view
    return [
        path("plan/", view(page), name="retention_run_plan"),
        path("sweep/", view(require_POST(sweep_now)), name="retention_run_sweep"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """Show the plan to whoever may see retention; held rows only to the DPO."""
    access.require(request.user, Action.VIEW, Category.RETENTION)
    found = plan()
    may_decide = access.may(request.user, Action.APPROVE, Category.RETENTION)
    last_run = Run.objects.first()
    return TemplateResponse(
        request,
        "retention/plan_show.html",
        {
            **admin.site.each_context(request),
            "title": _("Retention"),
            "opts": Run._meta,
            "plan": found,
            "ending": [_Line.of(table) for table in found.ending],
            "reviewed": [
                (table, table_in_words(table.table), period_in_words(table.period))
                for table in found.reviewed
            ],
            "parts": _parts(found),
            "totals": _totals(found),
            "chart": _chart(found),
            "held_rows": _held_rows(found.at) if may_decide else None,
            "held_limit": HELD_ROWS,
            "may_sweep": may_decide,
            "last_run": last_run,
            "is_silent": last_run is None
            or last_run.started_at < timezone.now() - SILENCE,
            "runs": Run.objects.filter(deleted__gt=0)[:10],
        },
    )


def sweep_now(request: HttpRequest) -> HttpResponse:
    """Order a sweep and show its progress."""
    job = orders.order_sweep(actor=actors.of_request(request))
    messages.info(request, _("What is due is being deleted."))
    return redirect("admin:register_job_progress", job.pk)


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A line of the plan in words."""

    table: EndingTable
    name: str
    period: str
    lag: str
    within: tuple[int, int, int]
    held_by: list[tuple[str, int]]

    @classmethod
    def of(cls, table: EndingTable) -> _Line:
        return cls(
            table,
            table_in_words(table.table),
            period_in_words(table.period),
            period_in_words(table.lag),
            (table.due_within(1), table.due_within(30), table.due_within(90)),
            [
                (str(Hold.Reason(reason).label), count)
                for reason, count in table.held_by.items()
            ],
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _HeldRow:
    """A row that stays although its period is over."""

    name: str
    url: str
    ends_at: datetime
    reasons: str


def _totals(found: Plan) -> dict[str, int]:
    return {
        "ready": sum(table.ready for table in found.ending),
        "held": sum(table.held for table in found.ending),
        "late": sum(table.over_lag for table in found.ending),
        "soon": sum(table.due_within(1) for table in found.ending),
    }


def _parts(found: Plan) -> list[tuple[str, str]]:
    """Return each whole with what ends with it."""
    by_whole: dict[str, list[str]] = {}
    for part in found.parts:
        by_whole.setdefault(part.ends_with, []).append(table_in_words(part.table))
    return [
        (table_in_words(whole), ", ".join(parts)) for whole, parts in by_whole.items()
    ]


def _chart(found: Plan) -> dict[str, Any]:
    """Return what ends in each of the next weeks, for the plot and for its table."""
    shown = [table for table in found.ending if table.by_day]
    begins = [found.at + timedelta(weeks=number) for number in range(WEEKS)]
    labels = [
        formats.date_format(timezone.localtime(begin), "j.n.") for begin in begins
    ]
    series = [_by_week(table) for table in shown]
    names = [table_in_words(table.table) for table in shown]
    data = {
        "labels": labels,
        "datasets": [
            {
                "label": name,
                "data": values,
                "backgroundColor": f"var(--color-{COLOURS[number % len(COLOURS)]})",
            }
            for number, (name, values) in enumerate(zip(names, series, strict=True))
        ],
    }
    return {
        "data": json.dumps(data),
        "options": json.dumps(_CHART_OPTIONS),
        "names": names,
        "rows": list(zip(labels, zip(*series, strict=True), strict=False)),
    }


def _by_week(table: EndingTable) -> list[int]:
    weeks = [0] * WEEKS
    for day, count in table.by_day.items():
        weeks[(day - 1) // 7] += count
    return weeks


_CHART_OPTIONS = {
    "barPercentage": 0.8,
    "maintainAspectRatio": False,
    "plugins": {"legend": {"display": True, "position": "bottom"}},
    "scales": {
        "x": {
            "stacked": True,
            "border": {"display": False},
            "grid": {"display": False},
        },
        "y": {
            "stacked": True,
            "display": True,
            "beginAtZero": True,
            "border": {"display": False},
            "ticks": {"precision": 0, "maxTicksLimit": 5},
        },
    },
}


def _held_rows(at: datetime) -> list[_HeldRow]:
    """Return the rows longest overdue."""
    rows: list[_HeldRow] = []
    for rule in rules():
        rows.extend(_held_rows_of(rule, at))
    return sorted(rows, key=lambda row: row.ends_at)[:HELD_ROWS]


def _held_rows_of(rule: Rule, at: datetime) -> list[_HeldRow]:
    holds = in_force()
    reasons: dict[Any, list[str]] = {}
    with counting_everything():
        for reason in holds.reasons:
            of_reason = holds.of_reason(reason)
            for key in rule.longest_held(at, of_reason, HELD_ROWS):
                reasons.setdefault(key, []).append(str(Hold.Reason(reason).label))
    # Read as the reader: row security has the last word on who sees what is held.
    model = rule.entry.model
    seen = model._default_manager.filter(pk__in=list(reasons), ends_at__lte=at)
    return [
        _HeldRow(
            f"{capfirst(str(model._meta.verbose_name))} {key}",
            url_of(model, key),
            ends_at,
            ", ".join(reasons[key]),
        )
        for key, ends_at in seen.values_list("pk", "ends_at")
    ]


def outcome_of(run: Run) -> Any:
    """Return in words how a run ended."""
    if run.finished_at is None:
        return _("running")
    if run.is_complete:
        return _("nothing was left")
    return _("stopped early, the next run goes on")
