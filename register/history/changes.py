"""What changed in all records of one person or company, newest first."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, OuterRef, QuerySet, Subquery

from register import access
from register.datamap.vocabulary import Action
from register.history.versions import Anchor, Change, History, histories

# As much as a screen takes; what was changed at one instant stays together.
PER_PAGE = 40
# A part that was added has no version: its own row is read.
MOST_ADDED = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A row that was changed, deleted or added.

    ``was`` is the version before (None where the row was added), ``now`` the next
    version or the row itself (None where it was deleted or is not to be seen).
    """

    history: History
    at: datetime
    was: Any
    now: Any

    @property
    def is_deleted(self) -> bool:
        """Whether the row went."""
        return self.was is not None and self.was.change == Change.DELETED

    @property
    def is_added(self) -> bool:
        """Whether the row came."""
        return self.was is None

    @property
    def row_id(self) -> Any:
        """The key of the row."""
        row = self.now if self.was is None else self.was
        return getattr(row, "row_id", row.pk)


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Some steps, and the instant before which there are more (None at the end)."""

    steps: list[Step]
    older_before: datetime | None


def page_of(
    target: type[Model],
    key: uuid.UUID,
    *,
    reader: object,
    before: datetime | None = None,
    limit: int = PER_PAGE,
) -> Page:
    """Return the newest steps of all tables that ``reader`` may see.

    Rows of others are for row security to leave out, fields for whoever shows them.
    """
    tables = [
        (history, anchor)
        for history in histories()
        if access.may_model(reader, Action.VIEW, history.model)
        for anchor in history.anchors
        if anchor.target is target
    ]
    found = [
        (history, version)
        for history, anchor in tables
        for version in _versions(history, anchor, key, before)[: limit + 1]
    ]
    found.sort(key=lambda pair: (pair[1].changed_at, pair[1].pk), reverse=True)
    end = None
    if len(found) > limit:
        end = found[limit - 1][1].changed_at
        found = [
            (history, version)
            for history, anchor in tables
            for version in _versions(history, anchor, key, before).filter(
                changed_at__gte=end
            )
        ]
        if not any(
            _versions(history, anchor, key, end).exists() for history, anchor in tables
        ):
            end = None
    steps = [*_steps(found), *_added(tables, key, before, end)]
    steps.sort(key=lambda step: (step.at, step.row_id is not None), reverse=True)
    return Page(steps, end)


def step_of(history: History, version_id: int) -> Step | None:
    """Return one change with what came after it, None if it is not to be seen."""
    version = history.versions._base_manager.filter(pk=version_id).first()
    if version is None:
        return None
    (step,) = _steps([(history, version)])
    return step


def _versions(
    history: History, anchor: Anchor, key: uuid.UUID, before: datetime | None
) -> QuerySet[Any]:
    rows = history.versions._base_manager.filter(**{f"{anchor.name}_id": key})
    if before is not None:
        rows = rows.filter(changed_at__lt=before)
    return rows.order_by("-changed_at", "-pk")


def _steps(found: Iterable[tuple[History, Any]]) -> Iterator[Step]:
    """Put beside each version what came after it."""
    by_table: dict[str, tuple[History, dict[int, Any]]] = {}
    for history, version in found:
        label = history.model._meta.label
        by_table.setdefault(label, (history, {}))[1][version.pk] = version
    for history, versions in by_table.values():
        manager = history.versions._base_manager
        later = (
            manager.filter(row_id=OuterRef("row_id"), pk__gt=OuterRef("pk"))
            .order_by("pk")
            .values("pk")
        )
        next_of = dict(
            manager.filter(pk__in=versions).values_list("pk", Subquery(later[:1]))
        )
        wanted = [pk for pk in next_of.values() if pk and pk not in versions]
        known = versions | (manager.in_bulk(wanted) if wanted else {})
        last = {
            versions[pk].row_id for pk, following in next_of.items() if not following
        }
        rows = history.model._default_manager.in_bulk(list(last)) if last else {}
        for pk, version in versions.items():
            following = next_of.get(pk)
            now = known.get(following) if following else rows.get(version.row_id)
            if version.change == Change.DELETED:
                now = None
            yield Step(history, version.changed_at, version, now)


def _added(
    tables: list[tuple[History, Anchor]],
    key: uuid.UUID,
    before: datetime | None,
    end: datetime | None,
) -> Iterator[Step]:
    """Return the rows that came, as they were then."""
    for history, anchor in tables:
        kept = set(history.fields)
        if "created_at" not in kept:
            continue
        manager = history.versions._base_manager
        column = "pk" if anchor.name == "of_self" else anchor.column
        live = history.model._default_manager.filter(**{column: key})
        gone = manager.filter(**{f"{anchor.name}_id": key}, change=Change.DELETED)
        rows: dict[Any, Any] = {
            version.row_id: version for version in _within(gone, before, end)
        }
        rows |= {row.pk: row for row in _within(live, before, end)}
        first: QuerySet[Any] = manager.filter(row_id__in=list(rows))
        oldest = first.order_by("row_id", "pk").distinct("row_id")
        rows |= {version.row_id: version for version in oldest}
        for row in rows.values():
            yield Step(history, row.created_at, None, row)


def _within(
    rows: QuerySet[Any], before: datetime | None, end: datetime | None
) -> QuerySet[Any]:
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    if end is not None:
        rows = rows.filter(created_at__gte=end)
    return rows.order_by("-created_at")[:MOST_ADDED]
