"""Rows of any table on a page: what they are called and where they are shown.

For screens that work from the data map and do not know the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import NoReverseMatch, reverse

from register import access
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Identifier


def url_of(model: type[models.Model], key: Any) -> str:
    """Return the address of a row's own page, else of its form; "" if it has neither."""
    meta = model._meta
    if model not in admin.site._registry:
        return ""
    for view in ("page", "show", "change"):
        try:
            return reverse(
                f"admin:{meta.app_label}_{meta.model_name}_{view}", args=[key]
            )
        except NoReverseMatch:
            continue
    return ""


def person_model() -> type[models.Model]:
    """Return the table of the people the register is about."""
    return graph().root("contact").model


def name_of(person: models.Model) -> str:
    """Return what a person is called, by the fields the data map takes for names.

    For readers who may see people. Without a name it is the number of the record.
    """
    fields = graph().of(type(person)).map.personal_fields()
    names = [
        str(getattr(person, name, "")).strip()
        for name, field in fields
        if Identifier.NAME in field.identifies
    ]
    return " ".join(name for name in names if name) or str(person)


def names_of_people(keys: Iterable[Any], *, user: object) -> dict[Any, str]:
    """Return what people are called, as far as ``user`` may know, by key.

    Who may not see people gets the number of the record; whoever is gone is left out.
    """
    model = person_model()
    found = model._default_manager.in_bulk([key for key in set(keys) if key])
    says = name_of if access.may_model(user, Action.VIEW, model) else str
    return {key: says(row) for key, row in found.items()}
