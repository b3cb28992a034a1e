"""How urgent a request is, in words with a sign. The colour only repeats it."""

from __future__ import annotations

import dataclasses
from datetime import date

from django.utils.translation import gettext as _, ngettext

from dsar.models import Request

SOON = 7


@dataclasses.dataclass(frozen=True, slots=True)
class Light:
    """A sentence, an icon of Material Symbols, and the tone of its mark."""

    text: str
    icon: str
    tone: str = ""


def light_of(
    request: Request, *, due_on: date, today: date, is_suspended: bool
) -> Light:
    """Return what to show of a request's deadline."""
    days = (due_on - today).days
    if request.state == Request.State.CLOSED:
        return Light(_("closed"), "check_circle")
    if is_suspended:
        return Light(_("clock stopped"), "pause_circle")
    if days < 0:
        late = ngettext("%(days)s day late", "%(days)s days late", -days)
        return Light(late % {"days": -days}, "error", "bad")
    if days == 0:
        return Light(_("due today"), "alarm", "warn")
    left = ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    if days <= SOON:
        return Light(left, "alarm", "warn")
    return Light(left, "schedule", "good")
