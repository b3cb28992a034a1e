"""Whether every row ends, and when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.db import models

from register.datamap.checks.findings import finding
from register.datamap.declarations import Ends, ModelMap, Reviewed, WithParent
from register.periods import Period


def check_retention(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    """Yield what keeps rows of a table from ending, or from ending in time."""
    label, retention = model._meta.label, declared.retention
    if isinstance(retention, WithParent):
        parent = _columns(model).get(retention.parent)
        if (
            not isinstance(parent, models.ForeignKey)
            or parent.remote_field.on_delete is not models.CASCADE
        ):
            yield finding(
                "E016",
                f"{label} ends with {retention.parent!r}, which is not a cascading foreign key.",
                "Name the foreign key to the row this one is part of.",
                model,
            )
    elif retention is not None:
        yield from _check_period(model, retention)
    elif declared.is_personal:
        yield finding(
            "E015",
            f"{label} holds personal data without a retention rule.",
            "Give retention=Ends(...), WithParent(...) or Reviewed(...).",
            model,
        )


def _check_period(
    model: type[models.Model], retention: Ends | Reviewed
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    try:
        Period.parse(retention.period)
    except ValueError as error:
        yield finding(
            "E017", f"{label}: {error}", "Use an ISO 8601 period such as P3M.", model
        )
    if retention.anchor not in _columns(model):
        yield finding(
            "E018",
            f"{label}: the retention anchor {retention.anchor!r} is not a field.",
            "Name a date-time field of the table.",
            model,
        )
    elif isinstance(retention, Ends):
        yield from _check_end(model, retention)


def _check_end(
    model: type[models.Model], retention: Ends
) -> Iterator[checks.CheckMessage]:
    label, columns = model._meta.label, _columns(model)
    fallback = columns.get(retention.fallback) if retention.fallback else None
    if columns[retention.anchor].null and (fallback is None or fallback.null):
        yield finding(
            "E018",
            f"{label}: the retention anchor {retention.anchor!r} may be empty, so the row might never end.",
            "Give fallback= a field that is never empty.",
            model,
        )
    limit = retention.no_later_than
    if limit and not isinstance(columns.get(limit), models.DateTimeField):
        yield finding(
            "E018",
            f"{label}: the row is to end no later than {limit!r}, which is not a date-time field.",
            "Name a date-time field of the table.",
            model,
        )
    ends_at = columns.get("ends_at")
    if ends_at is None or not getattr(ends_at, "db_index", False):
        yield finding(
            "E019",
            f"{label} ends after a fixed period but has no indexed column ends_at.",
            "Inherit from register.retention_column.Expiring.",
            model,
        )


def _columns(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.name: field for field in model._meta.concrete_fields}
