"""The page of a company: who is there and was, what it uses, and what the register says."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from contacts import panels, timeline
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    Duty,
    RegisterExtract,
    ServiceAgreement,
)
from contacts.screens import comparing, protection
from contacts.selectors import current_affiliations
from contacts.services import company_register
from register import access, actors, audit
from register.database.visibility import with_whereabouts
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.services import protections

# As many people as one screen takes; a link leads to the rest.
PEOPLE_SHOWN = 50
# Each person costs a query a source.
PEOPLE_IN_TIMELINE, ITEMS_OF_EACH, ITEMS_SHOWN = 5, 5, 15


@require_safe
def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show everything about a company that the reader may see, and record the read.

    The company of a protected sole trader exists for readers of whereabouts alone.
    """
    access.require(request.user, Action.VIEW, Category.COMPANY)
    hidden = protection.protected_people_of_company(object_id)
    if hidden and protections.is_reader(request.user):
        actor = actors.of_request(request)
        protections.reveal(hidden, purpose=actor.purpose, actor=actor)
        with with_whereabouts(*hidden):
            return _page(request, object_id, model_admin)
    return _page(request, object_id, model_admin)


def _page(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    company = company_for(request, object_id, model_admin)
    audit.record("record.viewed", actor=actors.of_request(request), obj=company)
    extract = RegisterExtract.objects.filter(company=company).first()
    may_change = model_admin.has_change_permission(request, company)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": access.present(request.user, company, "name"),
        "company": access.as_seen(request.user, company),
        "agreements": _agreements(request, company),
        "extract": access.as_seen(request.user, extract) if extract else None,
        "from_register": company_register.came_from_register(company, extract),
        "suggestions": [
            each
            for each in company_register.suggestions(company)
            if access.in_clear(request.user, Company, each.field)
        ],
        "register_is_on": company_register.is_on(),
        "may_change": may_change,
        "may_add_agreement": may_change
        and access.may_model(request.user, Action.ADD, ServiceAgreement),
        "may_merge": may_change and comparing.may_merge(request.user, Company),
        "may_see_history": access.may(request.user, Action.VIEW, Category.AUDIT),
        "sections": panels.sections_of(company, user=request.user),
        "model_admin": model_admin,
    }
    if access.may(request.user, Action.VIEW, Category.IDENTITY):
        context |= _people(request, company)
    return render(request, "contacts/company_show.html", context)


@require_POST
def fetch(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Ask the public register about the company."""
    company = _to_change(request, object_id, model_admin)
    try:
        extract = company_register.fetch(company, actor=actors.of_request(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        if extract.outcome == RegisterExtract.Outcome.NOT_FOUND:
            messages.warning(
                request, _("The public register knows no company of this business id.")
            )
        else:
            messages.success(request, _("The data of the public register is here."))
    return redirect("admin:contacts_company_page", company.pk)


@require_POST
def decide(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Take over a value of the public register, or keep the own one."""
    company = _to_change(request, object_id, model_admin)
    actor = actors.of_request(request)
    field = request.POST.get("field", "")
    if not access.editable(request.user, Company, field):
        raise PermissionDenied
    try:
        if request.POST.get("decision") == "accept":
            company_register.accept(company, field, actor=actor)
            messages.success(
                request, _("The value of the public register was taken over.")
            )
        else:
            company_register.keep(company, field, actor=actor)
            messages.success(request, _("Your own value is kept."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:contacts_company_page", company.pk)


def company_for(request: HttpRequest, object_id: str, model_admin: Any) -> Company:
    """Return the company if the reader may see it; else it does not exist."""
    try:
        pk = uuid.UUID(str(object_id))
    except ValueError:
        raise Http404 from None
    company: Company | None = model_admin.get_queryset(request).filter(pk=pk).first()
    if company is None:
        raise Http404
    return company


def _to_change(request: HttpRequest, object_id: str, model_admin: Any) -> Company:
    company = company_for(request, object_id, model_admin)
    access.require(request.user, Action.CHANGE, Category.COMPANY)
    if not model_admin.has_change_permission(request, company):
        raise Http404
    return company


def _people(request: HttpRequest, company: Company) -> dict[str, Any]:
    """People now and before, main contact first, and what happened with some of them."""
    roles = Affiliation.objects.filter(
        company=company, contact__in=Contact.objects.all()
    ).select_related("contact")
    current = set(
        current_affiliations().filter(company=company).values_list("pk", flat=True)
    )
    ordered = roles.order_by(
        "-is_main", F("valid_to").desc(nulls_first=True), "contact__last_name", "pk"
    )
    shown = list(ordered[: PEOPLE_SHOWN + 1])
    more, shown = len(shown) > PEOPLE_SHOWN, shown[:PEOPLE_SHOWN]
    words = {duty.code: str(duty) for duty in Duty.objects.all()}
    may_see_duties = access.in_clear(request.user, Affiliation, "duties")
    lines = [
        (
            access.as_seen(request.user, role),
            access.as_seen(request.user, role.contact),
            [words.get(code, code) for code in role.duties] if may_see_duties else [],
            role.pk in current,
        )
        for role in shown
    ]
    audit.record(
        "record.listed",
        actor=actors.of_request(request),
        object_type="contacts.contact",
        count=len(shown),
    )
    return {
        "people": sorted(lines, key=lambda line: not line[3]),
        "more_people": more,
        "items": _items(request, [line[1] for line in lines if line[3]]),
    }


def _agreements(request: HttpRequest, company: Company) -> list[dict[str, Any]]:
    """Return the agreements, each with those of its contact persons who may be seen."""
    user = request.user
    may_see_people = access.may(user, Action.VIEW, Category.IDENTITY)
    found = []
    for agreement in company.agreements.select_related("service"):
        named = Contact.objects.filter(agreement_roles__agreement=agreement)
        people = [access.as_seen(user, p) for p in named] if may_see_people else []
        found.append(
            {
                "row": access.as_seen(user, agreement),
                "is_past": agreement.is_past,
                "people": people,
            }
        )
    return found


def _items(request: HttpRequest, people: list[Contact]) -> list[Any]:
    sources = {source.code: source for source in timeline.sources_for(request.user)}
    found = []
    for contact in list(dict.fromkeys(people))[:PEOPLE_IN_TIMELINE]:
        page = timeline.page_of(contact, user=request.user, limit=ITEMS_OF_EACH)
        found += [
            (item, sources[item.kind], contact)
            for item in page.items
            if item.kind in sources
        ]
    return sorted(found, key=lambda each: each[0].at, reverse=True)[:ITEMS_SHOWN]
