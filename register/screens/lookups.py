"""What is watched, for all staff to read, and the questions somebody is asked."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from register import actors, dashboard
from register.dashboard import Figure
from register.datamap.vocabulary import Category
from register.errors import DomainError
from register.lookups.rules import DESCRIPTIONS, Description, in_force
from register.models import LookupAlert, LookupRule, WorkingHours
from register.screens.alert_looks import in_lines, looks_of
from register.services import lookup_alerts

QUESTIONS = "admin:register_lookuprule_questions"
WATCHED = "admin:register_lookuprule_watched"
LONGEST_ANSWER = 2000
# As many of the looks as somebody needs to remember what it was.
LOOKS_SHOWN = 20


def urls() -> list[URLPattern]:
    """The addresses of the two pages, which every account may open."""
    view = admin.site.admin_view
    return [
        path("watched/", view(watched), name="register_lookuprule_watched"),
        path("questions/", view(questions), name="register_lookuprule_questions"),
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A rule in force, in words."""

    rule: LookupRule
    description: Description

    @property
    def limit(self) -> str:
        """From how many on."""
        words = gettext("%(unit)s: %(count)s or more") % {
            "count": formats.number_format(self.rule.floor, force_grouping=True),
            "unit": capfirst(str(self.description.unit)),
        }
        if self.rule.factor is None or not self.description.has_usual:
            return words
        usual = gettext(
            "and at least %(factor)s times what is usual for the account and for its role"
        ) % {"factor": formats.number_format(self.rule.factor.normalize())}
        return f"{words}, {usual}"


def watched(request: HttpRequest) -> HttpResponse:
    """Tell what is watched, by the rules as they are today."""
    in_use = in_force(timezone.localdate())
    return TemplateResponse(
        request,
        "register/lookups_watched.html",
        {
            **admin.site.each_context(request),
            # All staff read this page; the table behind it is not for all.
            "title": _("What is watched"),
            "lines": [
                _Line(in_use[code], described)
                for code, described in DESCRIPTIONS.items()
                if code in in_use
            ],
            "hours": WorkingHours.objects.select_related("role"),
        },
    )


def questions(request: HttpRequest) -> HttpResponse:
    """Show what colleagues asked about the reader's own look-ups, and take answers."""
    user: Any = request.user
    asked = lookup_alerts.questions_to(user)
    failed: dict[str, Any] = {}
    if request.method == "POST":
        alert = _asked(asked, request.POST.get("alert", ""))
        text = request.POST.get("answer", "").replace("\0", "")
        try:
            lookup_alerts.answer(alert, text, actor=actors.of_request(request))
        except (DomainError, ValidationError) as error:
            words = (
                str(error)
                if isinstance(error, DomainError)
                else " ".join(error.messages)
            )
            failed = {"pk": alert.pk, "text": text, "words": words}
        else:
            messages.success(request, _("Thank you. Your answer has been sent."))
            return redirect(QUESTIONS)
    return TemplateResponse(
        request,
        "register/lookups_questions.html",
        {
            **admin.site.each_context(request),
            "title": _("Questions to you"),
            "asked": [
                {
                    "alert": alert,
                    "days": [occasion.day for occasion in alert.occasions.all()],
                    "text": failed.get("text", "")
                    if failed.get("pk") == alert.pk
                    else "",
                    "error": failed.get("words", "")
                    if failed.get("pk") == alert.pk
                    else "",
                    # Nobody can explain what they are not told.
                    "looks": in_lines(looks_of(alert)[:LOOKS_SHOWN], user),
                    "may_answer": alert.answered_at is None and alert.closed_at is None,
                }
                for alert in asked.prefetch_related("occasions")[:50]
            ],
            "longest": LONGEST_ANSWER,
        },
    )


def _asked(asked: Any, key: str) -> LookupAlert:
    try:
        found: LookupAlert | None = asked.filter(pk=key).first()
    except (ValidationError, ValueError):
        found = None
    if found is None:
        raise Http404
    return found


def who(alert: LookupAlert) -> Any:
    """Return whose look-ups an alert is about; for readers who may see staff."""
    if alert.account is not None:
        return alert.account.get_full_name()
    if alert.api_key is not None:
        return alert.api_key.name
    return _("several accounts")


def number_in_words(rule: str, counted: int | None) -> str:
    """Return a number with what it counts."""
    if counted is None:
        return "–"
    number = formats.number_format(counted, force_grouping=True)
    # The number behind: no word has to agree with it.
    return f"{capfirst(str(DESCRIPTIONS[rule].unit))}: {number}"


def _alerts(user: Any) -> Figure:
    waiting = lookup_alerts.visible_to(user).filter(closed_at=None).count()
    hint = (
        ngettext("%(count)d waits", "%(count)d wait", waiting) % {"count": waiting}
        if waiting
        else _("none waits")
    )
    return Figure(
        _("Unusual look-ups"),
        waiting,
        hint,
        f"{reverse('admin:register_lookupalert_changelist')}",
        "warn" if waiting else "good",
    )


def _questions(user: Any) -> Figure | None:
    count = (
        lookup_alerts.questions_to(user)
        .filter(answered_at=None, closed_at=None)
        .count()
    )
    if not count:
        return None
    return Figure(
        _("Questions to you"),
        count,
        _("about what you looked at"),
        reverse(QUESTIONS),
        "warn",
    )


dashboard.register(
    "lookup alerts",
    title=_("Unusual look-ups"),
    category=Category.LOOKUPS,
    order=6,
    load_for=_alerts,
)
dashboard.register(
    "lookup questions",
    category=Category.LOOKUPS,
    order=1,
    load_for=_questions,
    may_see=lambda user: bool(getattr(user, "is_authenticated", False)),
)
