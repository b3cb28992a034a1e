"""Values under review as they stood: line by line, in their conversations.

For the DPO who decides: the lines before and after, who wrote each, and a proposal
with what points to others taken out.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Count, Q, QuerySet

from dsar import wording
from dsar.models import Finding, Request
from dsar.scope import Scope
from dsar.suggestions import Suggester, names_of
from dsar.verdicts import AUTHOR, Column, columns_of
from register.datamap.graph import Entry, graph

LINES_PER_PAGE = 40
MOST_CONVERSATIONS = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """A whole whose parts are reviewed together, and how far that is."""

    table: str
    code: str
    waiting: int
    total: int

    @property
    def entry(self) -> Entry:
        """The table of its parts."""
        return graph()[self.table]

    @property
    def title(self) -> str:
        """What it is called: the whole and its number, or the table."""
        label, _colon, key = self.code.partition(":")
        if not key:
            return wording.table_name(self.entry)
        return f"{graph()[label].model._meta.verbose_name} {key[:8]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A value to decide about, with what is known of it."""

    finding: Finding
    column: Column
    text: str
    proposal: str
    has_proposal: bool

    @property
    def meaning(self) -> str:
        """What the field says."""
        return wording.meaning(self.column)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One row of a conversation."""

    key: str
    at: datetime | None
    author: str
    # Whether the table says who wrote its rows.
    has_author: bool
    is_own: bool
    text: str
    values: tuple[Value, ...]
    others: tuple[tuple[str, str], ...]


def conversations(request: Request) -> list[Conversation]:
    """Return what is reviewed together: what waits first.

    What stands in a table that the register has no more cannot be looked at.
    """
    rows = (
        request.findings.filter(table__in=graph().entries)
        .values("table", "conversation")
        .annotate(
            total=Count("pk"),
            waiting=Count("pk", filter=Q(verdict=Finding.Verdict.WAITING)),
        )
        .order_by("table", "conversation")
    )
    found = [
        Conversation(row["table"], row["conversation"], row["waiting"], row["total"])
        for row in rows
    ]
    return sorted(found, key=lambda each: not each.waiting)


def lines_of(
    conversation: Conversation, request: Request, scope: Scope, *, page: int
) -> tuple[list[Line], int]:
    """Return the lines of one page of a conversation, and the number of pages."""
    entry = conversation.entry
    rows = _rows(conversation, request)
    pages = max(1, -(-rows.count() // LINES_PER_PAGE))
    start = (min(max(page, 1), pages) - 1) * LINES_PER_PAGE
    shown = list(rows[start : start + LINES_PER_PAGE])
    keys = [row.pk for row in shown]
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in request.findings.filter(
        table=entry.label, row_key__in=[str(key) for key in keys]
    ):
        findings[finding.row_key].append(finding)
    authors = _authors(entry, keys)
    names = names_of({each for each in authors.values() if each is not None})
    suggester = Suggester(entry, keys, scope)
    return [
        _line(entry, row, findings[str(row.pk)], authors, names, suggester, scope)
        for row in shown
    ], pages


def _rows(conversation: Conversation, request: Request) -> QuerySet[Any]:
    """Return all rows of a whole, or those of a table that are under review."""
    entry = conversation.entry
    rows = entry.model._default_manager.all()
    _label, _colon, key = conversation.code.partition(":")
    if key:
        return rows.filter(**{entry.map.retention.parent: key})  # type: ignore[union-attr]
    under_review = request.findings.filter(
        table=entry.label, conversation=conversation.code
    ).values_list("row_key", flat=True)
    # Keys of findings are texts, whatever they are in their tables.
    to_python = entry.model._meta.pk.to_python
    return rows.filter(pk__in=[to_python(each) for each in under_review.distinct()])


def _authors(entry: Entry, keys: list[Any]) -> dict[Any, uuid.UUID | None]:
    """Return who wrote each row, as far as the table says."""
    for subject in entry.map.subjects:
        if subject.role == AUTHOR:
            rows = entry.model._base_manager.filter(pk__in=keys).order_by()
            return dict(rows.values_list("pk", subject.lookup))
    return {}


def _line(
    entry: Entry,
    row: Any,
    findings: list[Finding],
    authors: dict[Any, uuid.UUID | None],
    names: dict[uuid.UUID, str],
    suggester: Suggester,
    scope: Scope,
) -> Line:
    columns = columns_of(entry)
    reviewed = {column.name: column for column in columns if column.is_reviewed}
    author = authors.get(row.pk)
    times = [c for c in columns if isinstance(c.field, models.DateTimeField)]
    values = []
    for finding in findings:
        if finding.field in reviewed:
            column = reviewed[finding.field]
            text = _text(column, row)
            proposal = finding.redacted or suggester.without_others(text)
            values.append(Value(finding, column, text, proposal, proposal != text))
    return Line(
        key=str(row.pk),
        at=getattr(row, times[0].field.name) if times else None,
        author=names.get(author, "") if author else "",
        has_author=bool(authors),
        is_own=author in scope.subject_ids,
        text="" if values else "\n".join(_text(c, row) for c in reviewed.values()),
        values=tuple(values),
        others=_others(entry, row, columns) if not authors else (),
    )


def _text(column: Column, row: Any) -> str:
    value = getattr(row, column.field.name)
    if column.key:
        value = (value or {}).get(column.key)
    if isinstance(value, list):
        return "\n".join(str(each) for each in value)
    return "" if column.is_file or value is None else str(value)


def _others(
    entry: Entry, row: Any, columns: tuple[Column, ...]
) -> tuple[tuple[str, str], ...]:
    """Return what else the row says, for a value that no conversation explains."""
    shown = []
    for column in columns:
        if column.is_reviewed or column.key or column.field.is_relation:
            continue
        value = getattr(row, column.field.name)
        words = wording.words_of(entry, column)
        if value not in (None, "") and not isinstance(value, datetime):
            shown.append((wording.meaning(column), words.get(str(value), str(value))))
    return tuple(shown[:4])
