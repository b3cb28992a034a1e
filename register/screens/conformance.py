"""The conformance board: each clause of the notice, how it stands, and the evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from register import access, actors, audit
from register.conformance import running
from register.conformance.clauses import CLAUSES, GROUPS, group_of
from register.conformance.registry import CHECKS, GAPS, Check, Status, Text
from register.conformance.wording import LABELS, MEANINGS
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.models import ConformanceRun
from register.screens.jobs import register_destination
from register.screens.rows import url_of

BOARD = "admin:register_conformancerun_board"
# Tone and icon of Material Symbols of each status; the word says the same.
MARKS = {
    Status.KEPT: ("good", "check"),
    Status.KEPT_IN_PART: ("part", "rule"),
    Status.BROKEN: ("bad", "error"),
    Status.CANNOT_BE_CHECKED: ("warn", "visibility"),
    Status.NOT_BUILT: ("", "construction"),
}

register_destination(running.KIND, lambda job: reverse(BOARD))


def urls() -> list[URLPattern]:
    """The addresses of the board, for the screens of the table of runs."""
    view = admin.site.admin_view
    return [
        path("board/", view(board), name="register_conformancerun_board"),
        path(
            "board/<int:run_id>/", view(board), name="register_conformancerun_earlier"
        ),
        path(
            "check/",
            view(require_POST(check_now)),
            name="register_conformancerun_check",
        ),
        path(
            "records/<slug:code>/",
            view(records),
            name="register_conformancerun_records",
        ),
    ]


def board(request: HttpRequest, run_id: int | None = None) -> HttpResponse:
    """Show what the newest run found, or an earlier one; ``status`` narrows it."""
    access.require(request.user, Action.VIEW, Category.CONFORMANCE)
    newest = running.newest()
    run = get_object_or_404(ConformanceRun, pk=run_id) if run_id else newest
    wanted = request.GET.get("status", "")
    lines = [_Line.of(stored) for stored in (run.results if run else [])]
    return TemplateResponse(
        request,
        "register/conformance_board.html",
        {
            **admin.site.each_context(request),
            "title": gettext_lazy("Conformance board"),
            "opts": ConformanceRun._meta,
            "run": run,
            "is_earlier": run is not None and run != newest,
            "is_silent": running.is_silent(newest),
            "groups": _groups([line for line in lines if wanted in ("", line.status)]),
            "choices": _choices(lines, wanted),
            "meanings": [(_Mark.of(status), MEANINGS[status]) for status in Status],
            "may_check": access.may(request.user, Action.ADD, Category.CONFORMANCE),
        },
    )


def check_now(request: HttpRequest) -> HttpResponse:
    """Order a run and show its progress."""
    access.require(request.user, Action.ADD, Category.CONFORMANCE)
    job = running.order(actor=actors.of_request(request))
    messages.info(request, _("The clauses are being checked."))
    return redirect("admin:register_job_progress", job.pk)


def records(request: HttpRequest, code: str) -> HttpResponse:
    """Ask one check now and lead to the rows that break its promise.

    Runs keep no numbers of people, so they are looked for when somebody wants them.
    """
    access.require(request.user, Action.VIEW, Category.CONFORMANCE)
    check = CHECKS.get(code)
    if check is None:
        raise Http404
    found = [
        (_name(label, key), _url(label, key))
        for label, key in running.answer(code).records
    ]
    audit.record(
        "record.listed",
        actor=actors.of_request(request),
        object_type=ConformanceRun._meta.label_lower,
        count=len(found),
        rule=code,
    )
    return TemplateResponse(
        request,
        "register/conformance_records.html",
        {
            **admin.site.each_context(request),
            "title": gettext_lazy("Records concerned"),
            "opts": ConformanceRun._meta,
            "check": check,
            "clauses": ", ".join(check.clauses),
            "records": found,
            "limit": running.MAX_RECORDS,
            "link": link_of(check),
        },
    )


def link_of(check: Check) -> str:
    """Return the address of the page with the records concerned; "" if there is none."""
    if callable(check.link):
        return check.link()
    name, _mark, query = check.link.partition("?")
    if not name:
        return ""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return ""
    return f"{url}?{query}" if query else url


@dataclasses.dataclass(frozen=True, slots=True)
class _Mark:
    """A status as people see it."""

    word: Text
    tone: str
    icon: str

    @classmethod
    def of(cls, status: str) -> _Mark:
        tone, icon = MARKS[Status(status)]
        return cls(Status(status).label, tone, icon)


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """A check, or what no check tells, in words."""

    code: str
    mark: _Mark
    text: Text
    remedy: Text
    facts: list[tuple[Text, str]]
    link: str
    records: int

    @classmethod
    def of(cls, stored: dict[str, Any]) -> _Part:
        mark, code = _Mark.of(stored["status"]), stored["code"]
        check = CHECKS.get(code)
        if check is None:
            # A part that a later version of the register no longer has.
            text = GAPS[code].text if code in GAPS else code
            return cls(code, mark, text, "", [], "", 0)
        is_broken = stored["status"] == Status.BROKEN
        return cls(
            code,
            mark,
            check.promise,
            check.remedy if is_broken else "",
            list(_facts(check, stored["facts"])),
            link_of(check),
            stored["records"] if is_broken else 0,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A clause in words."""

    id: str
    status: str
    title: Text
    mark: _Mark
    since: datetime
    parts: list[_Part]

    @classmethod
    def of(cls, stored: dict[str, Any]) -> _Line:
        return cls(
            stored["id"],
            stored["status"],
            CLAUSES.get(stored["id"], stored["id"]),
            _Mark.of(stored["status"]),
            datetime.fromisoformat(stored["since"]),
            [_Part.of(part) for part in stored["parts"]],
        )

    @property
    def is_broken(self) -> bool:
        """Whether it is shown opened."""
        return self.status == Status.BROKEN


def _groups(lines: list[_Line]) -> list[tuple[str, Text, list[_Line]]]:
    by_group: dict[str, list[_Line]] = {}
    for line in lines:
        by_group.setdefault(group_of(line.id), []).append(line)
    return [(group, GROUPS.get(group, ""), by_group[group]) for group in by_group]


def _choices(lines: list[_Line], wanted: str) -> list[dict[str, Any]]:
    """Return the statuses to narrow by, with how many clauses stand so."""
    return [
        {"value": "", "word": _("all"), "count": len(lines), "is_on": not wanted},
        *(
            {
                "value": status.value,
                "word": status.label,
                "count": sum(line.status == status for line in lines),
                "is_on": wanted == status,
            }
            for status in Status
        ),
    ]


def _facts(check: Check, facts: dict[str, Any]) -> Iterator[tuple[Text, str]]:
    # Stored facts come back in no order: that of their names in the code is one.
    order = [*LABELS, *check.labels]
    known = {name: place for place, name in enumerate(order)}
    for name, fact in sorted(facts.items(), key=lambda item: known.get(item[0], 0)):
        if fact in (None, [], {}):
            continue
        label = check.labels.get(name) or LABELS.get(name) or name
        yield label, _in_words(fact)


def _in_words(fact: Any) -> str:
    match fact:
        case bool():
            return _("yes") if fact else _("no")
        case int():
            return formats.number_format(fact, use_l10n=True, force_grouping=True)
        case list():
            return ", ".join(_in_words(each) for each in fact)
        case dict():
            return ", ".join(f"{_table(k)}: {_in_words(v)}" for k, v in fact.items())
        case str():
            return _moment(fact) or _table(fact)
    return str(fact)


def _moment(text: str) -> str:
    """Return a stored time or day as people write it; "" for what is neither."""
    try:
        instant, day = parse_datetime(text), parse_date(text)
    except ValueError:
        return ""
    if instant is not None and "T" in text:
        return formats.date_format(timezone.localtime(instant), "SHORT_DATETIME_FORMAT")
    return (
        formats.date_format(day, "SHORT_DATE_FORMAT") if isinstance(day, date) else ""
    )


def _table(text: str) -> str:
    """Return what people call a table; any other code stays as it is."""
    entry = graph().entries.get(text)
    return str(capfirst(entry.model._meta.verbose_name_plural)) if entry else text


def _name(label: str, key: str) -> str:
    return f"{capfirst(str(apps.get_model(label)._meta.verbose_name))} {key[:8]}"


def _url(label: str, key: str) -> str:
    return url_of(apps.get_model(label), key)
