"""Whether a table says whom it is about, for what, and how it is erased."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db import models

from register.activities import ACTIVITIES, RECIPIENTS
from register.datamap.checks.findings import finding
from register.datamap.declarations import Ends, ModelMap
from register.datamap.graph import declaration_of
from register.datamap.paths import PathError, compile_path
from register.datamap.vocabulary import Erasure


def check_table(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    """Yield what is wrong with what a table says of itself."""
    label = model._meta.label
    if not declared.is_personal:
        return
    activity = ACTIVITIES.get(declared.activity)
    if activity is None:
        yield finding(
            "E008",
            f"{label} names the processing activity {declared.activity!r}, which does not exist.",
            "Name one of register.activities.ACTIVITIES or add one there.",
            model,
        )
    if not declared.source:
        yield finding(
            "E009",
            f"{label} does not say where its data comes from.",
            "Give source= in words.",
            model,
        )
    for code in declared.recipients:
        if code not in RECIPIENTS:
            yield finding(
                "E010",
                f"{label} names the recipient {code!r}, which does not exist.",
                "Add it to register.activities.RECIPIENTS.",
                model,
            )


def check_subjects(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    """Yield what is wrong with the paths from a table to people."""
    label = model._meta.label
    if not declared.subjects:
        yield finding(
            "E011",
            f"{label} holds personal data but no path to a person.",
            "Give subjects=(Subject(role, path=...),).",
            model,
        )
    for subject in declared.subjects:
        try:
            _, end = compile_path(model, subject)
        except PathError as error:
            yield finding(
                "E012",
                f"{label}: the path {subject.path or subject.by_id!r} leads nowhere: {error}.",
                "Correct the path.",
                model,
            )
            continue
        end_map = declaration_of(end) if end else None
        if end is not None and (end_map is None or end_map.root != subject.kind):
            yield finding(
                "E012",
                f"{label}: the path {subject.path!r} ends in {end._meta.label}, which is not the model of a {subject.kind}.",
                "Continue the path to the person, or correct kind=.",
                model,
            )


def check_erasure(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    """Yield what would stand in the way of an erasure."""
    label = model._meta.label
    for name, personal in declared.personal_fields():
        if personal.erasure is not Erasure.BLANK or "." in name:
            continue
        field = model._meta.get_field(name)
        if not (field.null or (field.empty_strings_allowed and field.blank)):  # type: ignore[union-attr]
            yield finding(
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
            yield finding(
                "E014",
                f"{source._meta.label}.{relation.field.name} forbids deleting {label}, which erasure or retention must do.",
                "Use CASCADE for parts of the row, SET_NULL for mere references, or give the table its own path to the person.",
                model,
            )
