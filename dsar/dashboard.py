"""What the overview shows about requests."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, ngettext

from dsar.models import Request
from register import dashboard, handing_over
from register.dashboard import Figure
from register.datamap.vocabulary import Category
from register.models import User


def _open_requests() -> Figure:
    today = timezone.localdate()
    open_requests = Request.objects.exclude(state=Request.State.CLOSED)
    late = open_requests.filter(due_on__lt=today).count()
    soon = open_requests.filter(
        due_on__range=(today, today + timedelta(days=7))
    ).count()
    hint, mark = str(_("none is due this week")), "good"
    if soon:
        hint = ngettext(
            "%(count)d is due this week", "%(count)d are due this week", soon
        ) % {"count": soon}
        mark = "warn"
    if late:
        hint = ngettext("%(count)d is late", "%(count)d are late", late) % {
            "count": late
        }
        mark = "bad"
    return Figure(
        _("Open requests"),
        open_requests.count(),
        hint,
        reverse("admin:dsar_request_changelist"),
        mark,
    )


dashboard.register(
    "requests",
    title=_("Open requests"),
    category=Category.REQUESTS,
    order=5,
    load=_open_requests,
)


@handing_over.register
def _in_hands(user: User) -> list[handing_over.OpenWork]:
    count = Request.objects.exclude(state=Request.State.CLOSED).filter(handled_by=user)
    return [
        handing_over.OpenWork(
            _("Requests not closed"),
            count.count(),
            reverse("admin:dsar_request_changelist"),
        )
    ]
