"""All checks of one model, and of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import models

from register.datamap.checks.activities import check_activities
from register.datamap.checks.fields import check_fields
from register.datamap.checks.findings import finding
from register.datamap.checks.retention import check_retention
from register.datamap.checks.tables import check_erasure, check_subjects, check_table
from register.datamap.graph import all_models, declaration_of


def check_data_map(
    *, app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Compare every model with its declaration."""
    found: list[checks.CheckMessage] = []
    for model in all_models():
        found.extend(check_model(model))
    found.extend(check_activities())
    return found


def check_model(model: type[models.Model]) -> Iterator[checks.CheckMessage]:
    """Yield everything that is wrong with one model's declaration."""
    label = model._meta.label
    declared = declaration_of(model)
    if declared is None:
        yield finding(
            "E001",
            f"{label} is not in the data map.",
            f"Add data_map = ModelMap(...) to {label}, or for a model of another package an entry to register/datamap/third_party.py.",
            model,
        )
        return
    yield from check_fields(model, declared)
    yield from check_table(model, declared)
    if declared.is_personal:
        yield from check_subjects(model, declared)
        yield from check_erasure(model, declared)
    yield from check_retention(model, declared)
