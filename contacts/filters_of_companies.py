"""By what the list of companies is filtered."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.filters_of_people import (
    HAS,
    NONE,
    OPEN,
    colleagues,
    responsible,
    team,
    teams,
)
from contacts.list_filters import Group, ListFilter, register
from contacts.models import Company, CompanyPair, ServiceAgreement
from contacts.models.agreements import IN_FORCE
from contacts.selectors import current_affiliations
from register.datamap.vocabulary import Category

LONGEST_TOWN = 80


def _town(value: str, reader: Any) -> Q | None:
    town = value.strip()
    if not town or len(town) > LONGEST_TOWN or "\0" in town:
        return None
    # Row security lets an index answer equality alone, so the usual spellings are tried.
    return Q(town__in={town, town.title(), town.upper(), town.lower()})


def _agreement(value: str, reader: Any) -> Q | None:
    here = ServiceAgreement.objects.filter(
        company=OuterRef("pk"), ended_at=IN_FORCE
    ).order_by()
    return {HAS: Q(Exists(here)), NONE: Q(~Exists(here))}.get(value)


def _people(value: str, reader: Any) -> Q | None:
    here = current_affiliations().filter(company=OuterRef("pk")).order_by()
    return {HAS: Q(Exists(here)), NONE: Q(~Exists(here))}.get(value)


def _alike(value: str, reader: Any) -> QuerySet[Any, Any] | None:
    pairs = CompanyPair.objects.filter(state=CompanyPair.State.OPEN).order_by()
    if value != OPEN:
        return None
    return pairs.values("first").union(pairs.values("second"))


def make_known() -> None:
    """Register them; called once, when the app is ready."""
    for each in (
        ListFilter(
            Company,
            "responsible",
            _("Responsible"),
            Group.CARE,
            colleagues,
            responsible,
        ),
        ListFilter(Company, "team", _("Team"), Group.CARE, teams, team),
        ListFilter(
            Company,
            "in_town",
            _("Town"),
            Group.REACH,
            condition=_town,
            clear=((Company, "town"),),
        ),
        ListFilter(
            Company,
            "agreement",
            _("Agreement in force"),
            Group.WORK,
            lambda reader: [(HAS, _("has one")), (NONE, _("has none"))],
            _agreement,
        ),
        ListFilter(
            Company,
            "people",
            _("People"),
            Group.WORK,
            lambda reader: [(HAS, _("has people")), (NONE, _("without people"))],
            _people,
            needs=(Category.IDENTITY,),
        ),
        ListFilter(
            Company,
            "duplicate",
            _("Possible duplicate"),
            Group.ORIGIN,
            lambda reader: [(OPEN, _("to be looked at"))],
            keys=_alike,
        ),
    ):
        register(each)
