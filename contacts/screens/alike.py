"""The warning beside a form: somebody like this is in the register already."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from contacts.forms_alike import IS_NEW, companies_alike, people_alike
from contacts.likeness import weights_for
from contacts.models import Company, MatchKind, Situation
from contacts.selectors import current_affiliations
from contacts.services.duplicates.typing import Alike
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category


@require_POST
def people(request: HttpRequest) -> HttpResponse:
    """Return, as a part of the page, who is like the person being typed."""
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    found = people_alike(request.POST, Situation.TYPING, _edited(request))
    return _fragment(request, context_of(request, people=found))


@require_POST
def companies(request: HttpRequest) -> HttpResponse:
    """Return, as a part of the page, which companies are like the one being typed."""
    access.require(request.user, Action.VIEW, Category.COMPANY)
    found = companies_alike(request.POST, Situation.TYPING, _edited(request))
    return _fragment(request, context_of(request, companies=found))


def context_of(
    request: HttpRequest,
    *,
    people: Sequence[Alike] = (),
    companies: Sequence[Alike] = (),
) -> dict[str, Any]:
    """Return what the warning shows, and record that its reader saw these records.

    Names, workplaces and the reasons alone: whoever wants to know more opens the page.
    """
    actor = actors.of_request(request)
    for label, found in (
        ("contacts.contact", people),
        ("contacts.company", companies),
    ):
        if found:
            audit.record(
                "record.listed", actor=actor, object_type=label, count=len(found)
            )
    return {
        "alike": [*_lines(request, people), *_company_lines(request, companies)],
        "alike_is_new": IS_NEW,
        "alike_was_ticked": bool(request.POST.get(IS_NEW)),
        "alike_asks": not _edited(request)
        and (_ask(people, MatchKind.CONTACT) or _ask(companies, MatchKind.COMPANY)),
    }


def _ask(found: Sequence[Alike], kind: MatchKind) -> bool:
    """Whether saving asks about them; the name alone is only pointed out."""
    if not found:
        return False
    enough = weights_for(kind).threshold(Situation.ASKING)
    return any(each.points >= enough for each in found)


def _lines(request: HttpRequest, found: Sequence[Alike]) -> list[dict[str, Any]]:
    workplaces: dict[uuid.UUID, str] = {}
    if access.may(request.user, Action.VIEW, Category.COMPANY):
        roles = current_affiliations().filter(contact__in=[a.record.pk for a in found])
        workplaces = dict(roles.values_list("contact_id", "company__name"))
    return [
        {
            "name": access.as_seen(request.user, each.record).full_name,
            "more": access.present_value(
                request.user, Company, "name", workplaces.get(each.record.pk, "")
            ),
            "url": reverse("admin:contacts_contact_page", args=[each.record.pk]),
            "why": [feature.label for feature in each.features],
        }
        for each in found
    ]


def _company_lines(
    request: HttpRequest, found: Sequence[Alike]
) -> list[dict[str, Any]]:
    seen = [(each, access.as_seen(request.user, each.record)) for each in found]
    return [
        {
            "name": company.name,
            "more": " · ".join(
                part for part in (company.business_id, company.town) if part
            ),
            "url": reverse("admin:contacts_company_page", args=[company.pk]),
            "why": [feature.label for feature in each.features],
        }
        for each, company in seen
    ]


def _edited(request: HttpRequest) -> uuid.UUID | None:
    """Return the record that the form changes, None where it adds one."""
    match = request.resolver_match
    text = (match.kwargs.get("object_id") if match else None) or request.POST.get(
        "alike_besides", ""
    )
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _fragment(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "contacts/alike_show.html", context)
