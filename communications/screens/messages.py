"""Writing an e-mail to a person: compose, look at it, send; and trying again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from communications.forms.messages import (
    MessageForm,
    greeting,
    sees_addresses,
    usable_addresses,
)
from communications.models import Message
from communications.permission import may_write_to
from communications.screens.information import addressee
from communications.screens.work import add_error, page_of
from communications.services import messages as sending
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact, ContactPoint
from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.outbound import mail


@require_http_methods(["GET", "HEAD", "POST"])
def compose(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """Write a mail; the second step shows it as it will be, the third queues it."""
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    access.require(request.user, Action.ADD, Category.MESSAGES)
    contact = get_object_or_404(Contact, pk=object_id)
    user: Any = request.user
    form = MessageForm(
        request.POST if request.method == "POST" else None,
        contact=contact,
        initial={"body": greeting(contact, sign_as=user.get_full_name())},
    )
    step = request.POST.get("action", "")
    is_preview = step == "preview" and form.is_valid()
    if step == "send" and form.is_valid():
        try:
            sending.queue(
                contact, **form.cleaned_data, actor=actors.of_request(request)
            )
        except DomainError as error:
            add_error(form, error)
        else:
            messages.success(request, _("The e-mail is on its way."))
            return redirect(page_of(contact))
    context = {
        **admin.site.each_context(request),
        "title": _("Write an e-mail"),
        "contact": access.as_seen(request.user, contact),
        "form": form,
        "is_preview": is_preview,
        "information": letter_to(addressee(user, contact)).as_text()
        if is_preview and information_duty.is_open(contact)
        else "",
        "sender": mail.sender(user.get_full_name()) if mail.is_set_up() else "",
        "is_set_up": mail.is_set_up(),
        "obstacles": [] if usable_addresses(contact) else obstacles(contact),
        "back": page_of(contact),
    }
    return render(request, "communications/message_compose.html", context)


@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a message once more that was not sent."""
    access.require(request.user, Action.ADD, Category.MESSAGES)
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    message = get_object_or_404(Message.objects.select_related("contact"), pk=pk)
    try:
        sending.try_again(message, actor=actors.of_request(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The e-mail is on its way."))
    return redirect(page_of(message.contact))


def obstacles(contact: Contact) -> list[Any]:
    """Return why the person cannot be written to, each reason once."""
    if not sees_addresses():
        return [_("You do not see the e-mail addresses of people in full.")]
    values = contact.points.filter(kind=ContactPoint.Kind.EMAIL).values_list(
        "value", flat=True
    )
    reasons = [may_write_to(contact, value).reason for value in values]
    return list(dict.fromkeys(reasons)) or [_("The person has no e-mail address.")]
