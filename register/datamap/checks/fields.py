"""Whether every field is declared, and as what it is."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db import models

from register.datamap.checks.findings import finding
from register.datamap.declarations import Keys, ModelMap, NotPersonal, Personal
from register.datamap.vocabulary import Access, Erasure


def check_fields(
    model: type[models.Model], declared: ModelMap
) -> Iterator[checks.CheckMessage]:
    """Yield what is wrong with the declarations of single fields."""
    label = model._meta.label
    names = {field.name for field in model._meta.concrete_fields}
    for name in sorted(names - set(declared.fields)):
        yield finding(
            "E002",
            f"{label}.{name} is not in the data map.",
            f"Add {name!r} to {label}.data_map: Personal(...) or NotPersonal(reason).",
            model,
        )
    for name in sorted(set(declared.fields) - names):
        yield finding(
            "E003",
            f"{label}.data_map names {name!r}, which is not a field of the table.",
            "Correct the spelling or remove the entry.",
            model,
        )
    yield from _check_kinds_of_fields(model, declared, names & set(declared.fields))
    for name, personal in declared.personal_fields():
        if personal.access is Access.WITHHOLD and not personal.ground:
            yield finding(
                "E006",
                f"{label}.{name} is withheld from access without a ground.",
                "Name the provision in ground=.",
                model,
            )
        if personal.erasure is Erasure.KEEP and personal.keep is None:
            yield finding(
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
            yield finding(
                "E004",
                f"{label}.{name} is declared not personal without a reason.",
                "Say in words why it says nothing about anyone.",
                model,
            )
        if isinstance(field, models.JSONField) and isinstance(declaration, Personal):
            yield finding(
                "E005",
                f"{label}.{name} is JSON, so its keys must be declared one by one.",
                "Use Keys({...}); the database then refuses any other key.",
                model,
            )
        if isinstance(declaration, Keys) and not isinstance(field, models.JSONField):
            yield finding(
                "E005",
                f"{label}.{name} declares keys but is not a JSON field.",
                "Use Personal(...) or NotPersonal(reason).",
                model,
            )
