"""System checks that make silence about personal data impossible.

Each finding names the table or field and what to write. They stop ``check``,
``makemigrations``, ``migrate`` and the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import models

from register.activities import ACTIVITIES, EEA, RECIPIENTS, LegalBasis
from register.datamap.declarations import (
    Ends,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Reviewed,
    WithParent,
)
from register.datamap.graph import all_models, declaration_of
from register.datamap.paths import PathError, compile_path
from register.datamap.vocabulary import Access, Erasure
from register.periods import Period


def check_data_map(
    *, app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Compare every model with its declaration."""
    found: list[checks.CheckMessage] = []
    for model in all_models():
        found.extend(check_model(model))
    found.extend(_check_activities())
    return found


def check_model(model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    """Yield everything that is wrong with one model's declaration."""
    label = model._meta.label
    declared = declaration_of(model)
    if declared is None:
        yield _error(
            "E001",
            f"{label} is not in the data map.",
            f"Add data_map = ModelMap(...) to {label}, or for a model of another package an entry to register/datamap/third_party.py.",
            model,
        )
        return
    yield from _check_fields(model, declared)
    yield from _check_table(model, declared)
    if declared.is_personal:
        yield from _check_subjects(model, declared)
        yield from _check_erasure(model, declared)
    yield from _check_retention(model, declared)


def _check_fields(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    names = {field.name for field in model._meta.concrete_fields}
    for name in sorted(names - set(declared.fields)):
        yield _error(
            "E002",
            f"{label}.{name} is not in the data map.",
            f"Add {name!r} to {label}.data_map: Personal(...) or NotPersonal(reason).",
            model,
        )
    for name in sorted(set(declared.fields) - names):
        yield _error(
            "E003",
            f"{label}.data_map names {name!r}, which is not a field of the table.",
            "Correct the spelling or remove the entry.",
            model,
        )
    yield from _check_kinds_of_fields(model, declared, names & set(declared.fields))
    for name, personal in declared.personal_fields():
        if personal.access is Access.WITHHOLD and not personal.ground:
            yield _error(
                "E006",
                f"{label}.{name} is withheld from access without a ground.",
                "Name the provision in ground=.",
                model,
            )
        if personal.erasure is Erasure.KEEP and personal.keep is None:
            yield _error(
                "E007",
                f"{label}.{name} is kept at erasure without a law and an end.",
                "Give keep=Keep(law, period, anchor).",
                model,
            )


def _check_kinds_of_fields(
    model: type[models.Model], declared: ModelMap, names: set[str]
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    for name in sorted(names):
        field, declaration = model._meta.get_field(name), declared.fields[name]
        if isinstance(declaration, NotPersonal) and not declaration.reason.strip():
            yield _error(
                "E004",
                f"{label}.{name} is declared not personal without a reason.",
                "Say in words why it says nothing about anyone.",
                model,
            )
        if isinstance(field, models.JSONField) and isinstance(declaration, Personal):
            yield _error(
                "E005",
                f"{label}.{name} is JSON, so its keys must be declared one by one.",
                "Use Keys({...}); the database then refuses any other key.",
                model,
            )
        if isinstance(declaration, Keys) and not isinstance(field, models.JSONField):
            yield _error(
                "E005",
                f"{label}.{name} declares keys but is not a JSON field.",
                "Use Personal(...) or NotPersonal(reason).",
                model,
            )


def _check_table(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    if not declared.is_personal:
        return
    activity = ACTIVITIES.get(declared.activity)
    if activity is None:
        yield _error(
            "E008",
            f"{label} names the processing activity {declared.activity!r}, which does not exist.",
            "Name one of register.activities.ACTIVITIES or add one there.",
            model,
        )
    if not declared.source:
        yield _error(
            "E009",
            f"{label} does not say where its data comes from.",
            "Give source= in words.",
            model,
        )
    for code in declared.recipients:
        if code not in RECIPIENTS:
            yield _error(
                "E010",
                f"{label} names the recipient {code!r}, which does not exist.",
                "Add it to register.activities.RECIPIENTS.",
                model,
            )


def _check_subjects(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    if not declared.subjects:
        yield _error(
            "E011",
            f"{label} holds personal data but no path to a person.",
            "Give subjects=(Subject(role, path=...),).",
            model,
        )
    for subject in declared.subjects:
        try:
            _, end = compile_path(model, subject)
        except PathError as error:
            yield _error(
                "E012",
                f"{label}: the path {subject.path or subject.by_id!r} leads nowhere: {error}.",
                "Correct the path.",
                model,
            )
            continue
        end_map = declaration_of(end) if end else None
        if end is not None and (end_map is None or end_map.root != subject.kind):
            yield _error(
                "E012",
                f"{label}: the path {subject.path!r} ends in {end._meta.label}, which is not the model of a {subject.kind}.",
                "Continue the path to the person, or correct kind=.",
                model,
            )


def _check_erasure(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    label = model._meta.label
    for name, personal in declared.personal_fields():
        if personal.erasure is not Erasure.BLANK or "." in name:
            continue
        field = model._meta.get_field(name)
        if not (field.null or (field.empty_strings_allowed and field.blank)):  # type: ignore[union-attr]
            yield _error(
                "E013",
                f"{label}.{name} is emptied at erasure, but the column does not allow that.",
                "Allow null or blank, or choose another erasure.",
                model,
            )
    removes_rows = any(
        subject.erasure in (Erasure.DELETE_ROW, Erasure.DELETE_WHEN_LAST)
        for subject in declared.subjects
    ) or isinstance(declared.retention, Ends)
    if not removes_rows:
        return
    for relation in model._meta.related_objects:
        source = relation.related_model
        if relation.on_delete in (models.CASCADE, models.SET_NULL):
            continue
        other = declaration_of(source)
        goes_first = other is not None and any(
            subject.erasure is Erasure.DELETE_ROW for subject in other.subjects
        )
        if not goes_first:
            yield _error(
                "E014",
                f"{source._meta.label}.{relation.field.name} forbids deleting {label}, which erasure or retention must do.",
                "Use CASCADE for parts of the row, SET_NULL for mere references, or give the table its own path to the person.",
                model,
            )


def _check_retention(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    label, retention = model._meta.label, declared.retention
    if isinstance(retention, WithParent):
        parent = _columns(model).get(retention.parent)
        if (
            not isinstance(parent, models.ForeignKey)
            or parent.remote_field.on_delete is not models.CASCADE
        ):
            yield _error(
                "E016",
                f"{label} ends with {retention.parent!r}, which is not a cascading foreign key.",
                "Name the foreign key to the row this one is part of.",
                model,
            )
    elif retention is not None:
        yield from _check_period(model, retention)
    elif declared.is_personal:
        yield _error(
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
        yield _error(
            "E017", f"{label}: {error}", "Use an ISO 8601 period such as P3M.", model
        )
    if retention.anchor not in _columns(model):
        yield _error(
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
        yield _error(
            "E018",
            f"{label}: the retention anchor {retention.anchor!r} may be empty, so the row might never end.",
            "Give fallback= a field that is never empty.",
            model,
        )
    limit = retention.no_later_than
    if limit and not isinstance(columns.get(limit), models.DateTimeField):
        yield _error(
            "E018",
            f"{label}: the row is to end no later than {limit!r}, which is not a date-time field.",
            "Name a date-time field of the table.",
            model,
        )
    ends_at = columns.get("ends_at")
    if ends_at is None or not getattr(ends_at, "db_index", False):
        yield _error(
            "E019",
            f"{label} ends after a fixed period but has no indexed column ends_at.",
            "Inherit from register.retention_column.Expiring.",
            model,
        )


def _columns(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {field.name: field for field in model._meta.concrete_fields}


def _check_activities() -> Iterator[checks.CheckMessage]:
    for activity in ACTIVITIES.values():
        if (
            activity.basis is LegalBasis.LEGITIMATE_INTEREST
            and activity.balancing_test is None
        ):
            yield _error(
                "E020",
                f"The activity {activity.code!r} rests on legitimate interest without a balancing test.",
                "Write the balancing test in register/activities.py.",
                None,
            )
    for recipient in RECIPIENTS.values():
        if recipient.country not in EEA and not recipient.safeguard:
            yield _error(
                "E021",
                f"The recipient {recipient.code!r} is in {recipient.country}, outside the EEA, without a safeguard.",
                "Name the adequacy decision or the Art. 46 safeguard, or do not use the recipient.",
                None,
            )


def _error(code: str, message: str, hint: str, model: Any) -> checks.Error:
    return checks.Error(message, hint=hint, obj=model, id=f"register.{code}")
