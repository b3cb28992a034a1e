"""The form for an e-mail to one person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy as _

from communications.forms.work import INPUT
from communications.models.messages import LONGEST_BODY
from communications.permission import may_write_to
from contacts.models import Contact, ContactPoint
from register import access
from register.outbound.mail import LONGEST_SUBJECT


class MessageForm(forms.Form):
    """To which of a person's addresses, with which subject and text."""

    address = forms.ChoiceField(label=_("to"), widget=forms.Select(attrs=INPUT))
    subject = forms.CharField(
        label=_("subject"),
        max_length=LONGEST_SUBJECT,
        widget=forms.TextInput(attrs=INPUT),
    )
    body = forms.CharField(
        label=_("text"),
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={**INPUT, "rows": 14}),
        help_text=_(
            "Plain text. It is kept with the person. Write nothing about health, beliefs, trade union or other private matters."
        ),
    )

    def __init__(self, *args: Any, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["address"]
        field.choices = [(value, value) for value in usable_addresses(contact)]  # type: ignore[attr-defined]


def usable_addresses(contact: Contact) -> list[str]:
    """Return the e-mail addresses of a person that may be written to now.

    By somebody who sees them: a mail that is written shows where it goes.
    """
    if not sees_addresses():
        return []
    values = contact.points.filter(kind=ContactPoint.Kind.EMAIL).values_list(
        "value", flat=True
    )
    return [value for value in values if may_write_to(contact, value).is_allowed]


def sees_addresses() -> bool:
    """Whether whoever writes sees e-mail addresses in full."""
    reader = access.reader_now()
    return reader is None or access.in_clear(
        reader, ContactPoint, "value", kind=ContactPoint.Kind.EMAIL
    )


def greeting(contact: Contact, *, sign_as: str) -> str:
    """Return how a mail begins and ends in the person's language."""
    with translation.override(contact.language or translation.get_language()):
        reader = access.reader_now()
        is_seen = reader is None or access.in_clear(reader, Contact, "first_name")
        # No mask is sent.
        name = contact.first_name.strip() if is_seen else ""
        hello = (
            gettext("Hello %(name)s,") % {"name": name} if name else gettext("Hello,")
        )
        regards = gettext("Best regards,")
    return f"{hello}\n\n\n\n{regards}\n{sign_as}"
