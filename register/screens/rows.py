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
from register.datamap.vocabulary import Action
from register.staff_site import RegisterAdmin


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


def names_of_people(keys: Iterable[Any], *, user: object) -> dict[Any, str]:
    """Return what people are called, as far as ``user`` may know, by key.

    Who may not see people gets the number of the record; whoever is gone is left out.
    """
    model = person_model()
    found = model._default_manager.in_bulk([key for key in set(keys) if key])
    screen = admin.site._registry.get(model)
    if isinstance(screen, RegisterAdmin) and access.may_model(user, Action.VIEW, model):
        return {key: screen.autocomplete_text(row) for key, row in found.items()}
    return {key: str(row) for key, row in found.items()}
