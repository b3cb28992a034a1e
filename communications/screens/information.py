"""The work list of the information duty (GDPR Art. 14), and telling one person or many."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from communications import letters
from communications.permission import addresses_of
from communications.screens.work import add_error, page_of
from communications.services import information_letters
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact, ContactPoint, InformationGiven, PostalAddress
from contacts.services import information
from register import access, actors, audit
from register.conformance.measures import COUNTED_UP_TO, capped
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.outbound import mail
from register.services import protections

PER_PAGE = 50
# As many letters as one file holds.
LETTERS = 200
LISTS = {"overdue": _("Overdue"), "all": _("All who are to be told")}
INPUT = {"class": "sel-input", "autocomplete": "off"}
_REASONS = {
    "no_address": _("no e-mail address"),
    "undeliverable": _("mail comes back"),
    "prohibited": _("prohibited e-mail"),
}


class GivenForm(forms.Form):
    """How a person was told, or why that is not required."""

    how = forms.ChoiceField(
        label=_("how"),
        choices=InformationGiven.How.choices,
        widget=forms.Select(attrs=INPUT),
    )
    evidence = forms.CharField(
        label=_("proof or reason"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs=INPUT),
        help_text=_("For example the day of the call. Write no names of others."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def work_list(request: HttpRequest) -> HttpResponse:
    """Show who is to be told, and send the letter to all of a list."""
    _require(request, Action.VIEW)
    which = request.GET.get("list", "all")
    which = which if which in LISTS else "all"
    if request.method == "POST":
        _require(request, Action.CHANGE)
        if not request.POST.get("sure"):
            messages.error(
                request, _("Tick that the letter is to go to all of this list.")
            )
            return redirect(f"{request.path}?list={which}")
        try:
            job = information_letters.order(which, actor=actors.of_request(request))
        except DomainError as error:
            messages.error(request, str(error))
        else:
            return redirect("admin:register_job_progress", job.pk)
    people = information_letters.people_of(which, request.user)
    people = _after(people, request.GET.get("after", ""))
    people = information_duty.with_first_contacts(people)
    found = list(people[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    reached = addresses_of(shown)
    rows = []
    for contact in shown:
        address, code = reached[contact.pk]
        rows.append(
            {
                "contact": access.as_seen(request.user, contact),
                "due": information_duty.due(contact),
                "can_be_mailed": bool(address),
                "why_not": _REASONS.get(code, _("no valid e-mail address")),
            }
        )
    audit.record(
        "record.listed",
        actor=actors.of_request(request),
        object_type="contacts.contact",
        count=len(shown),
    )
    counts = {code: _counted(code, request.user) for code in LISTS}
    context = {
        **admin.site.each_context(request),
        "title": _("Information duty"),
        "rows": rows,
        "which": which,
        "next": shown[-1].pk if len(found) > PER_PAGE else None,
        "is_first_page": not request.GET.get("after"),
        "sees_mail": access.may(request.user, Action.VIEW, Category.MESSAGES),
        "lists": [(code, title, counts[code]) for code, title in LISTS.items()],
        "people": counts[which],
        "may_send": access.may(request.user, Action.CHANGE, Category.INFORMATION),
        "is_set_up": mail.is_set_up(),
    }
    return render(request, "communications/information_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def tell(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """Show the letter to one person, send it, or keep how the person was told."""
    _require(request, Action.VIEW)
    people = information_duty.with_first_contacts(Contact.objects.all())
    contact = get_object_or_404(people, pk=object_id)
    actor = actors.of_request(request)
    form = GivenForm()
    if request.method == "POST":
        _require(request, Action.ADD)
        if request.POST.get("action") == "mail":
            return _mail(request, contact)
        form = GivenForm(request.POST)
        if form.is_valid():
            try:
                how = InformationGiven.How(form.cleaned_data["how"])
                evidence = form.cleaned_data["evidence"]
                information.fulfil(contact, how=how, evidence=evidence, actor=actor)
            except DomainError as error:
                add_error(form, error)
            else:
                messages.success(request, _("It is kept that the person was told."))
                return redirect(page_of(contact))
    audit.record("record.viewed", actor=actor, obj=contact)
    is_open = information_duty.is_open(contact)
    context = {
        **admin.site.each_context(request),
        "title": _("Information duty"),
        "contact": access.as_seen(request.user, contact),
        "is_open": is_open,
        "due": information_duty.due(contact),
        "given": [
            access.as_seen(request.user, each)
            for each in contact.information_given.all()[:20]
        ],
        "letter": letter_to(addressee(request.user, contact)),
        "form": form,
        "may_tell": access.may(request.user, Action.ADD, Category.INFORMATION),
        "is_set_up": mail.is_set_up(),
        "address": access.present_value(
            request.user,
            ContactPoint,
            "value",
            information_letters.address_of(contact)[0],
            kind=ContactPoint.Kind.EMAIL,
        ),
        "back": page_of(contact),
    }
    return render(request, "communications/information_tell.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def letters_for_post(request: HttpRequest) -> HttpResponse:
    """Show to whom a letter goes by post; make the file; keep that these were posted.

    Both steps are about the people on the page, who are sent along: a list that has
    changed meanwhile changes neither. Those with a protected address are left out: a
    reader of it writes to them.
    """
    _require(request, Action.CHANGE)
    which = request.GET.get("list", "all")
    which = which if which in LISTS else "all"
    actor = actors.of_request(request)
    if request.method == "POST":
        people = _chosen(request)
        if request.POST.get("action") == "posted":
            day = timezone.localdate().isoformat()
            count = information.fulfil_many(
                [person.pk for person in people],
                how=InformationGiven.How.POST,
                evidence=f"{day}, {graph().revision}"[:300],
                actor=actor,
            )
            said = ngettext(
                "It is kept that %d letter was posted.",
                "It is kept that %d letters were posted.",
                count,
            )
            messages.success(request, said % count)
            return redirect(
                f"{reverse('admin:contacts_informationgiven_letters')}?list={which}"
            )
        return _file(request, people)
    people = information_letters.without_mail(which, reader=request.user, most=LETTERS)
    hidden = protections.protected_among([person.pk for person in people])
    shown = [person for person in people if person.pk not in hidden]
    addresses = _addresses(request, shown)
    audit.record(
        "record.listed",
        actor=actor,
        object_type="contacts.contact",
        count=len(shown),
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Letters for post"),
        "which": which,
        "rows": [
            (access.as_seen(request.user, person), addresses.get(person.pk))
            for person in shown
        ],
        "is_full": len(people) == LETTERS,
        "hidden": len(hidden),
        "most": LETTERS,
    }
    return render(request, "communications/information_letters.html", context)


@require_safe
def pdf(request: HttpRequest) -> HttpResponse:
    """Return the letter for post to one person."""
    _require(request, Action.ADD)
    try:
        key = uuid.UUID(request.GET.get("person", ""))
    except ValueError:
        return redirect("admin:contacts_informationgiven_due")
    return _file(request, [get_object_or_404(Contact, pk=key)])


def _file(request: HttpRequest, people: list[Contact]) -> HttpResponse:
    hidden = protections.protected_among([person.pk for person in people])
    people = [person for person in people if person.pk not in hidden]
    if not people:
        messages.warning(request, _("There is nobody to write to by post."))
        return redirect("admin:contacts_informationgiven_due")
    audit.record_about(
        "record.viewed",
        actor=actors.of_request(request),
        object_type="contacts.contact",
        subject_ids=[person.pk for person in people],
    )
    response = HttpResponse(
        letters.pdf_of(
            [addressee(request.user, person) for person in people],
            _addresses(request, people),
        ),
        content_type="application/pdf",
    )
    response["Content-Disposition"] = 'attachment; filename="letters.pdf"'
    response["Cache-Control"] = "no-store"
    return response


def addressee(reader: object, contact: Contact) -> Contact:
    """Return a person as a reader sees the letter to them.

    A letter has a day and a language of its own, in which no mask can stand.
    """
    seen = access.as_seen(reader, contact)
    if seen is not contact:
        for name in ("collected_at", "language", "source"):
            setattr(seen, name, getattr(contact, name))
    return seen


def _addresses(request: HttpRequest, people: list[Contact]) -> dict[Any, PostalAddress]:
    """Return the present postal address of each person, the primary one if there is one."""
    today = timezone.localdate()
    rows = PostalAddress.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=today),
        Q(valid_to=None) | Q(valid_to__gte=today),
        contact__in=people,
        undeliverable_since=None,
    )
    # The last one of each person stays.
    return {
        row.contact_id: access.as_seen(request.user, row)
        for row in rows.order_by("is_primary", "-pk")
    }


def _chosen(request: HttpRequest) -> list[Contact]:
    """Return the people that were sent along who are still to be told, in their order."""
    keys = []
    for text in request.POST.getlist("person")[:LETTERS]:
        with contextlib.suppress(ValueError):
            keys.append(uuid.UUID(text))
    people = information_letters.people_of("all", request.user)
    return list(people.filter(pk__in=keys))


def _after(people: QuerySet[Contact], text: str) -> QuerySet[Contact]:
    """Return what follows the person whose key an address bears; all for what is none."""
    try:
        last = Contact.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return people
    if last is None:
        return people
    obtained = information_duty.OBTAINED
    at = getattr(last, obtained)
    return people.filter(
        Q(**{f"{obtained}__gt": at}) | Q(**{obtained: at}, pk__gt=last.pk)
    )


def _mail(request: HttpRequest, contact: Contact) -> HttpResponse:
    code = (
        information_letters.send_one(contact, actor=actors.of_request(request))
        if information_duty.is_open(contact)
        else "told"
    )
    if code == "queued":
        messages.success(request, _("The letter is on its way."))
        return redirect(page_of(contact))
    messages.error(request, _("The letter was not sent."))
    return redirect(reverse("admin:contacts_informationgiven_tell", args=[contact.pk]))


def _require(request: HttpRequest, action: Action) -> None:
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    access.require(request.user, Action.VIEW, Category.INFORMATION)
    access.require(request.user, action, Category.INFORMATION)


def _counted(which: str, reader: object) -> str:
    found = capped(information_letters.people_of(which, reader))
    return f"> {COUNTED_UP_TO}" if found > COUNTED_UP_TO else str(found)
