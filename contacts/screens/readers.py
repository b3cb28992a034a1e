"""Who can see a person, and who looked: for those who answer for it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _now, gettext_lazy as _
from django.views.decorators.http import require_safe

from contacts.company_looks import records_of
from contacts.models import Contact
from contacts.screens import company_page, protection
from register import access, actors, audit
from register.access.readers import readers_of
from register.database.visibility import with_whereabouts
from register.datamap.vocabulary import Action, Category
from register.models import User
from register.screens.looks import of_person, of_record
from register.services import protections

MOST_SHOWN = 200


@require_safe
def show(request: HttpRequest, object_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """List every account and key that reaches the person, by what and with which masks."""
    access.require(request.user, Action.VIEW, Category.AUDIT)
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    contact = get_object_or_404(Contact, pk=object_id)
    audit.record("record.viewed", actor=actors.of_request(request), obj=contact)
    found = readers_of(contact)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Who can see this person"),
        "contact": contact,
        "person": access.as_seen(request.user, contact).full_name or _("no name"),
        "accounts": sum(isinstance(each.reader, User) for each in found),
        "keys": sum(not isinstance(each.reader, User) for each in found),
        "lines": [
            {
                "name": each.reader.get_full_name()
                if isinstance(each.reader, User)
                else each.reader.name,
                "is_key": not isinstance(each.reader, User),
                "roles": ", ".join(_now(name) for name in each.roles),
                "scope": each.scope.label,
                "is_elevated": each.is_elevated,
                "unseen": [(field.label, level.label) for field, level in each.unseen],
            }
            for each in found[:MOST_SHOWN]
        ],
        "is_cut": len(found) > MOST_SHOWN,
        "model_admin": model_admin,
    }
    return render(request, "contacts/readers_show.html", context)


@require_safe
def looks(request: HttpRequest, object_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """Show who looked at the person."""
    return of_person(request, object_id)


@require_safe
def looks_at_company(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Show who looked at a company, its agreements and what a public register says of it.

    That of a protected sole trader is for readers of whereabouts alone, as its page is.
    """
    access.require(request.user, Action.VIEW, Category.AUDIT)
    access.require(request.user, Action.VIEW, Category.COMPANY)
    hidden = protection.protected_people_of_company(str(object_id))
    if hidden and protections.is_reader(request.user):
        actor = actors.of_request(request)
        protections.reveal(hidden, purpose=actor.purpose, actor=actor)
        with with_whereabouts(*hidden):
            return _looks_at_company(request, object_id, model_admin)
    return _looks_at_company(request, object_id, model_admin)


def _looks_at_company(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    company = company_page.company_for(request, str(object_id), model_admin)
    return of_record(
        request,
        company,
        looked_at=records_of(company),
        name=access.as_seen(request.user, company).name,
    )
