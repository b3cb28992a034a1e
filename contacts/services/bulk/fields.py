"""Columns of people and companies that are set for many at once."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from contacts.services import people
from contacts.services.assigning import assign
from contacts.services.bulk.kinds import BulkKind, Change, Terms, register_kind
from register.actors import Actor
from register.database.scopes import RESPONSIBLE, TEAM
from register.models import Team, User

NOBODY = "none"


def _colleague(user: Any) -> dict[str, forms.Field]:
    active = User.objects.filter(is_active=True).order_by("last_name", "first_name")
    names = [(str(each.pk), each.get_full_name()) for each in active]
    choices = [("", _("Select value")), (NOBODY, _("nobody")), *names]
    return {"value": forms.ChoiceField(label=_("Responsible"), choices=choices)}


def _team(user: Any) -> dict[str, forms.Field]:
    names = [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]
    choices = [("", _("Select value")), (NOBODY, _("no team")), *names]
    return {"value": forms.ChoiceField(label=_("Team"), choices=choices)}


def _key(field: str, value: str) -> Any:
    if value in ("", NOBODY):
        return None
    return uuid.UUID(value) if field == RESPONSIBLE else int(value)


def _assigning(model: type[Contact | Company], field: str, title: Any) -> BulkKind:
    def apply(row: Any, terms: Terms, actor: Actor) -> Change | None:
        key, before = _key(field, terms["value"]), getattr(row, f"{field}_id")
        assign(row, field, key, actor=actor)
        return None if before == key else Change(old=str(before or ""))

    def undo(row: Any, change: Change, terms: Terms, actor: Actor) -> bool:
        if getattr(row, f"{field}_id") != _key(field, terms["value"]):
            return False
        assign(row, field, _key(field, change.old), actor=actor)
        return True

    def has(terms: Terms) -> Q:
        key = _key(field, terms["value"])
        return Q(**{f"{field}__isnull": True}) if key is None else Q(**{field: key})

    fields = _colleague if field == RESPONSIBLE else _team
    return BulkKind(field, model, title, fields, apply, undo, has, hands_over=True)


def _column(field: str, title: Any, label: Any, choices: Any) -> BulkKind:
    def fields(user: Any) -> dict[str, forms.Field]:
        offered = [("", _("Select value")), *choices]
        return {"value": forms.ChoiceField(label=label, choices=offered)}

    def apply(row: Contact, terms: Terms, actor: Actor) -> Change | None:
        before = str(getattr(row, field))
        people.correct(row, actor=actor, **{field: terms["value"]})
        return None if before == terms["value"] else Change(old=before)

    def undo(row: Contact, change: Change, terms: Terms, actor: Actor) -> bool:
        if getattr(row, field) != terms["value"]:
            return False
        people.correct(row, actor=actor, **{field: change.old})
        return True

    def has(terms: Terms) -> Q:
        return Q(**{field: terms["value"]})

    writes = ((Contact, field),)
    return BulkKind(field, Contact, title, fields, apply, undo, has, writes=writes)


def make_known() -> None:
    """Register them; called once, when the app is ready."""
    for model in (Contact, Company):
        register_kind(_assigning(model, RESPONSIBLE, _("Set who is responsible")))
        register_kind(_assigning(model, TEAM, _("Set the team")))
    register_kind(
        _column("language", _("Set the language"), _("Language"), settings.LANGUAGES)
    )
    register_kind(
        _column(
            "relationship",
            _("Mark the relationship"),
            _("Relationship"),
            Contact.Relationship.choices,
        )
    )
