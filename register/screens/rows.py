"""Rows of any table on a page: what they are called and where they are shown.

For screens that work from the data map and do not know the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import NoReverseMatch, reverse

from register import access
from register.database.visibility import choosing_rows
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


def field_name(model: type[models.Model], name: str) -> str:
    """Return what a field is called; ``name`` itself if the table no longer has it.

    ``part.field`` is a key of a JSON field, or a field of a table on the same form. A
    relation that has no name of its own is called what it leads to.
    """
    first, _dot, rest = name.partition(".")
    try:
        field = model._meta.get_field(first)
    except FieldDoesNotExist:
        try:
            part = apps.get_model(model._meta.app_label, first)
        except LookupError:
            return name
        return f"{part._meta.verbose_name}: {field_name(part, rest)}"
    own = getattr(field, "verbose_name", name)
    leads_to = field.related_model
    if isinstance(leads_to, type) and own == field.name.replace("_", " "):
        return str(leads_to._meta.verbose_name)
    return str(own)


def person_model() -> type[models.Model]:
    """Return the table of the people the register is about."""
    return graph().root("contact").model


def name_of(person: models.Model) -> str:
    """Return what a person is called, by the fields the data map takes for names.

    For readers who may see people, as far as they see names. Without a name it is the
    number of the record.
    """
    person = access.as_seen_now(person)
    fields = graph().of(type(person)).map.personal_fields()
    names = [
        str(getattr(person, name, "")).strip()
        for name, field in fields
        if Identifier.NAME in field.identifies
    ]
    return " ".join(name for name in names if name) or str(person)


def numbers_of_people(keys: Iterable[Any]) -> dict[Any, str]:
    """Return the numbers of the records of people who are in the register, by key.

    Also of those whom the reader does not reach, for rows that the reader may see and
    that are about them: whoever is beyond reach is not gone.
    """
    model = person_model()
    with choosing_rows():
        found = model._default_manager.filter(pk__in={key for key in keys if key})
        return {key: str(model(pk=key)) for key in found.values_list("pk", flat=True)}


def names_of_people(keys: Iterable[Any], *, user: object) -> dict[Any, str]:
    """Return what people are called, as far as ``user`` may know, by key.

    Who may not see people gets the number of the record; whoever is gone is left out.
    """
    model = person_model()
    found = model._default_manager.in_bulk([key for key in set(keys) if key])
    if not access.may_model(user, Action.VIEW, model):
        return {key: str(row) for key, row in found.items()}
    return {key: name_of(access.as_seen(user, row)) for key, row in found.items()}


def names_of_records(
    keys: Iterable[tuple[str, str]], *, user: object
) -> dict[tuple[str, str], str]:
    """Return what records of nobody in particular are called, a company for example.

    ``keys`` are kinds of records with their keys; left out is what has no name, is gone
    or is not for ``user``.
    """
    wanted: dict[str, set[str]] = {}
    for label, key in keys:
        if key:
            wanted.setdefault(label, set()).add(key)
    found = {}
    for label, ids in wanted.items():
        try:
            model = apps.get_model(label)
            model._meta.get_field("name")
        except (LookupError, ValueError, FieldDoesNotExist):
            continue
        if not access.may_model(user, Action.VIEW, model):
            continue
        rows: Any = access.visible_to(user, model._default_manager.all())
        for row in rows.filter(pk__in=ids):
            found[label, str(row.pk)] = str(access.as_seen(user, row).name)
    return found
