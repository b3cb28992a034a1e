"""What the page of a contact says about open requests of the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from contacts import panels
from contacts.panels import Notice, Tone
from dsar.models import Request
from register.datamap.vocabulary import Category


def register() -> None:
    """Make the panel known to the page of a contact."""
    panels.register_panel("requests", Category.REQUESTS, open_requests)


def open_requests(contact_id: UUID, *, user: Any) -> list[Notice]:
    """Return a notice for each open request of the person, the most urgent first."""
    requests = (
        Request.objects.filter(people__subject_id=contact_id)
        .exclude(state=Request.State.CLOSED)
        .order_by("due_on", "number")
    )
    return [
        Notice(
            _("Open request %(number)s: %(kind)s, due %(day)s")
            % {
                "number": request,
                "kind": request.get_kind_display(),
                "day": date_format(request.due_on, "SHORT_DATE_FORMAT"),
            },
            tone=Tone.WARNING,
            icon="inbox",
            url=reverse("admin:dsar_request_change", args=[request.pk]),
        )
        for request in requests
    ]
