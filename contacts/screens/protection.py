"""Protecting the address of a person, and seeing where a protected person is."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from contacts.models import Affiliation, Company, Contact
from register import access, actors
from register.activities import ACTIVITIES
from register.database.visibility import choosing_rows, with_whereabouts
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import AddressProtection
from register.services import protections

INPUT = {"class": "sel-input"}


class ProtectionForm(forms.Form):
    """Why and how long."""

    ground = forms.ChoiceField(
        label=_("ground"),
        choices=AddressProtection.Ground.choices,
        widget=forms.Select(attrs=INPUT),
    )
    evidence = forms.CharField(
        label=_("what was shown"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"}),
        help_text=_(
            "For example the date of a certificate. Write no address and no names."
        ),
    )
    valid_until = forms.DateField(
        label=_("last day"),
        required=False,
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until it is lifted."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def protect(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Protect a person's address, or lift the protection.

    Whoever serves customers may protect, at once; lifting is for those with the right
    to change protections.
    """
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    access.require(request.user, Action.ADD, Category.PROTECTED)
    contact = get_object_or_404(Contact, pk=object_id)
    current = protections.protection_of(contact.pk)
    page = reverse("admin:contacts_contact_page", args=[contact.pk])
    if request.POST.get("action") == "lift":
        access.require(request.user, Action.CHANGE, Category.PROTECTED)
        if current is not None:
            protections.lift(current, actor=actors.of_request(request))
            messages.success(request, _("The address is no longer protected."))
        return HttpResponseRedirect(page)
    form = ProtectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            protections.protect(
                contact.pk, **form.cleaned_data, actor=actors.of_request(request)
            )
        except DomainError as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(
                request, _("The address is protected from this moment on.")
            )
            return HttpResponseRedirect(page)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Protected address"),
        "contact": contact,
        "person": access.as_seen(request.user, contact).full_name or _("no name"),
        "form": form,
        "current": current,
        "may_see_details": access.may(request.user, Action.VIEW, Category.PROTECTED),
        "may_lift": access.may(request.user, Action.CHANGE, Category.PROTECTED),
        "model_admin": model_admin,
    }
    return render(request, "contacts/protection.html", context)


@require_POST
def whereabouts(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Show a reader where a protected person is, for a purpose that is recorded."""
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    contact = get_object_or_404(Contact, pk=object_id)
    purpose = request.POST.get("purpose", "")
    if purpose not in ACTIVITIES:
        messages.error(request, _("Choose what you look at it for."))
        return redirect("admin:contacts_contact_page", contact.pk)
    protections.reveal([contact.pk], purpose=purpose, actor=actors.of_request(request))
    with with_whereabouts(contact.pk):
        context = {
            **model_admin.admin_site.each_context(request),
            "title": access.as_seen(request.user, contact).full_name or _("no name"),
            "contact": contact,
            "addresses": [
                access.as_seen(request.user, each) for each in contact.addresses.all()
            ],
            "roles": _roles(request, contact),
            "purpose": ACTIVITIES[purpose].purpose,
            "model_admin": model_admin,
        }
        return render(request, "contacts/whereabouts.html", context)


def _roles(request: HttpRequest, contact: Contact) -> list[Affiliation] | None:
    if not access.may(request.user, Action.VIEW, Category.COMPANY):
        return None
    return [
        access.as_seen(request.user, role)
        for role in contact.affiliations.select_related("company")
    ]


def protected_key(object_id: str | None) -> uuid.UUID | None:
    """Return the key of a contact whose address is protected, else None."""
    try:
        key = uuid.UUID(str(object_id))
    except ValueError:
        return None
    return key if protections.protected_among([key]) else None


def protected_people_of_company(object_id: str | None) -> list[uuid.UUID]:
    """Return the protected people because of whom a sole trader's company is hidden."""
    try:
        key = uuid.UUID(str(object_id))
    except ValueError:
        return []
    with choosing_rows():
        people = Affiliation.objects.filter(
            company=key, company__kind__in=Company.NATURAL_PERSONS
        ).values_list("contact_id", flat=True)
        return sorted(protections.protected_among(people))


def rendered(response: HttpResponse) -> HttpResponse:
    """Render a page now, while what it shows can be seen."""
    render_now = getattr(response, "render", None)
    return render_now() if callable(render_now) else response
