"""The page of a contact: who it is, what must be known first, and what happened."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from contacts import panels, timeline
from contacts.models import Affiliation, Contact, ContactPoint, Duty, Profile
from contacts.reasons import kept_because
from contacts.screens import comparing
from contacts.selectors import current_affiliations
from contacts.services import interests, people
from register import access, actors, audit
from register.activities import ACTIVITIES
from register.datamap.vocabulary import Action, Category
from register.services import protections

ITEMS_PER_PAGE = 30


@require_safe
def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show everything about a person that the reader may see, and record the read.

    htmx asks for older items of the timeline with the same address and gets the items
    alone; without scripts the same link shows a page that begins with them.
    """
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    contact = _contact(object_id)
    actor = actors.of_request(request)
    audit.record("record.viewed", actor=actor, obj=contact)
    seen = access.as_seen(request.user, contact)
    context = {"contact": seen, **timeline_of(request, contact)}
    if request.headers.get("HX-Request"):
        response = render(request, "contacts/timeline_items.html", context)
    else:
        context |= _details(request, contact)
        context |= {
            **model_admin.admin_site.each_context(request),
            "title": seen.full_name or _("no name"),
            "model_admin": model_admin,
            "activities": ACTIVITIES.values(),
            "purpose": actor.purpose,
        }
        response = render(request, "contacts/contact_show.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_POST
def mark_deliverable(
    request: HttpRequest, object_id: uuid.UUID, point_id: int
) -> HttpResponse:
    """Take the mark away that mail to an address comes back: it was wrong or is mended."""
    access.require(request.user, Action.CHANGE, Category.IDENTITY)
    access.require_row(request.user, Action.CHANGE, _contact(str(object_id)))
    points = ContactPoint.objects.select_related("contact")
    point = get_object_or_404(points, pk=point_id, contact=object_id)
    if people.mark_deliverable(point, actor=actors.of_request(request)):
        messages.success(request, _("The address is used again."))
    return redirect("admin:contacts_contact_page", object_id)


def _contact(object_id: str) -> Contact:
    try:
        pk = uuid.UUID(object_id)
    except ValueError:
        raise Http404 from None
    contact = Contact.objects.filter(pk=pk).first()
    if contact is None:
        raise Http404
    return contact


def _details(request: HttpRequest, contact: Contact) -> dict[str, Any]:
    user = request.user
    # A protected person's addresses and roles do not exist for this page.
    protection = protections.protection_of(contact.pk)
    may_see_companies = access.may(user, Action.VIEW, Category.COMPANY)
    known = [
        (access.as_seen(user, point), point.is_past)
        for point in contact.points.all()
        if access.shown(user, ContactPoint, "value", kind=point.kind)
    ]
    homes = [
        (access.as_seen(user, each), each.is_past) for each in contact.addresses.all()
    ]
    points = [point for point, is_past in known if not is_past]
    may_change = access.reaches(user, Action.CHANGE, contact)
    return {
        "emails": [p for p in points if p.kind == ContactPoint.Kind.EMAIL],
        "phones": [p for p in points if p.kind == ContactPoint.Kind.PHONE],
        "addresses": [address for address, is_past in homes if not is_past],
        "past": [each for each, is_past in [*known, *homes] if is_past],
        **_interests(request, contact),
        # What keeps somebody may be a company, which not everybody sees.
        "reasons": kept_because(contact) if may_see_companies else None,
        "responsible": contact.responsible,
        "team": contact.team,
        "protection": protection,
        "is_reader": protection is not None and protections.is_reader(user),
        "may_protect": access.may(user, Action.ADD, Category.PROTECTED),
        "roles": _roles(contact, user) if may_see_companies else None,
        "notices": [
            *([panels.PROTECTED] if protection else []),
            *panels.notices_of(contact, user=user),
        ],
        "sections": panels.sections_of(contact, user=user),
        "may_change": may_change,
        "may_merge": may_change and comparing.may_merge(user, Contact),
        "may_see_history": access.may(user, Action.VIEW, Category.AUDIT),
    }


def _roles(contact: Contact, user: Any) -> list[tuple[Affiliation, list[str], bool]]:
    """Return all roles with their duties, present ones first, and whether each is present."""
    present = set(
        current_affiliations().filter(contact=contact).values_list("pk", flat=True)
    )
    # A company that row security hides is not joined, and its roles neither.
    roles = list(contact.affiliations.select_related("company"))
    named = {code for role in roles for code in role.duties}
    words = (
        {d.code: str(d) for d in Duty.objects.filter(code__in=named)} if named else {}
    )
    seen = []
    for role in roles:
        company = access.as_seen(user, role.company)
        shown = access.as_seen(user, role)
        if company is not role.company:
            shown = copy.copy(shown)
            shown.company = company
        may_see_duties = access.in_clear(user, Affiliation, "duties")
        duties = [words.get(d, d) for d in role.duties] if may_see_duties else []
        seen.append((shown, duties, role.pk in present))
    return sorted(seen, key=lambda line: not line[2])


def _interests(request: HttpRequest, contact: Contact) -> dict[str, Any]:
    """Return interests and profile; None stands for what the reader may not see."""
    found: dict[str, Any] = {"interests": None, "profile": None}
    if access.may(request.user, Action.VIEW, Category.CLASSIFICATION):
        found["interests"] = [
            access.as_seen(request.user, each)
            for each in contact.interests.select_related("topic")
        ]
    if access.may(request.user, Action.VIEW, Category.PROFILE):
        profile = Profile.objects.filter(contact=contact).first()
        found["profile"] = access.as_seen(
            request.user, profile or Profile(contact=contact)
        )
        found["inferred"] = [
            access.as_seen(request.user, each)
            for each in contact.inferred_interests.select_related("topic")
        ]
        found["may_object"] = not (profile and profile.objected_at) and access.may(
            request.user, Action.CHANGE, Category.PROFILE
        )
    return found


@require_POST
def object_to_profiling(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """Record that the person objects to profiling; what was concluded is deleted."""
    access.require(request.user, Action.CHANGE, Category.PROFILE)
    contact = _contact(str(object_id))
    interests.object_to_profiling(contact, actor=actors.of_request(request))
    messages.success(request, _("Nothing more is concluded about the person."))
    return redirect("admin:contacts_contact_page", contact.pk)


def timeline_of(request: HttpRequest, contact: Contact) -> dict[str, Any]:
    """Return what the templates of the timeline show, on whichever address."""
    sources = timeline.sources_for(request.user)
    kind = request.GET.get("kind", "")
    if kind not in {source.code for source in sources}:
        kind = ""
    before = instant_of(request.GET.get("before", ""))
    page = timeline.page_of(
        contact,
        user=request.user,
        before=before,
        limit=ITEMS_PER_PAGE,
        kinds={kind} if kind else None,
    )
    by_code = {source.code: source for source in sources}
    older = ""
    if page.older_before is not None:
        query = {"before": link_to(page.older_before)} | (
            {"kind": kind} if kind else {}
        )
        older = f"?{urlencode(query)}"
    return {
        "page_url": reverse("admin:contacts_contact_page", args=[contact.pk]),
        "sources": sources,
        "kind": kind,
        "is_older_page": before is not None,
        "items": [(item, by_code.get(item.kind)) for item in page.items],
        "older": older,
    }


def link_to(instant: datetime) -> str:
    """Return an instant as a link says it."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def instant_of(text: str) -> datetime | None:
    """Read an instant of a link. What is none is left out, as if nothing was asked."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None or not 1900 < instant.year < 2200:
        return None
    return instant
