"""The page of one alert: what was counted, the looks themselves, and the decision."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

from register import actors, audit
from register.errors import DomainError
from register.lookups.rules import DESCRIPTIONS
from register.models import LookupAlert
from register.screens.alert_looks import MOST_LOOKS, in_lines, looks_of
from register.screens.holds import INPUT
from register.screens.lookups import who
from register.services import lookup_alerts


class QuestionForm(forms.Form):
    """What the colleague is asked."""

    question = forms.CharField(
        label=gettext_lazy("question"),
        max_length=500,
        initial=gettext_lazy("Why did you open these records?"),
        widget=forms.Textarea(attrs={**INPUT, "rows": 2}),
    )


class DecisionForm(forms.Form):
    """What it was, and why."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("outcome"),
        choices=[("", "–"), *LookupAlert.Outcome.choices],
        widget=forms.Select(attrs=INPUT),
    )
    reason = forms.CharField(
        label=gettext_lazy("reason"),
        max_length=500,
        widget=forms.Textarea(attrs={**INPUT, "rows": 3}),
        help_text=gettext_lazy("Do not write the names of the people looked at."),
    )


def show(screen: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show an alert; POST takes it up, asks the colleague or closes it."""
    user: Any = request.user
    try:
        alert = (
            lookup_alerts.visible_to(user)
            .select_related("account", "api_key", "handled_by")
            .get(pk=object_id)
        )
    except (LookupAlert.DoesNotExist, ValidationError, ValueError) as error:
        raise Http404 from error
    asking, deciding = QuestionForm(), DecisionForm()
    if request.method == "POST":
        if not lookup_alerts.may_decide(user, alert):
            raise PermissionDenied
        action = request.POST.get("do", "")
        asking = QuestionForm(request.POST) if action == "ask" else asking
        deciding = DecisionForm(request.POST) if action == "close" else deciding
        if _done(request, alert, action, asking, deciding):
            return redirect("admin:register_lookupalert_change", alert.pk)
    looks = looks_of(alert)
    actor = actors.of_request(request)
    if request.method == "GET":
        audit.record("record.viewed", actor=actor, obj=alert)
    return TemplateResponse(
        request,
        "register/lookup_alert.html",
        {
            **screen.admin_site.each_context(request),
            "title": DESCRIPTIONS[alert.rule].counts,
            "opts": screen.opts,
            "alert": alert,
            "who": who(alert),
            "rule": DESCRIPTIONS[alert.rule],
            "occasions": alert.occasions.all(),
            "looks": in_lines(looks[:MOST_LOOKS], user),
            "is_cut": len(looks) > MOST_LOOKS,
            "limit": MOST_LOOKS,
            "may_decide": alert.closed_at is None
            and lookup_alerts.may_decide(user, alert),
            "may_ask": alert.account_id is not None and alert.asked_at is None,
            "asking": asking,
            "deciding": deciding,
            "trail_url": _trail_url(alert),
        },
    )


def _done(
    request: HttpRequest,
    alert: LookupAlert,
    action: str,
    asking: QuestionForm,
    deciding: DecisionForm,
) -> bool:
    actor = actors.of_request(request)
    try:
        if action == "take":
            lookup_alerts.take_up(alert, actor=actor)
            messages.success(request, _("You are looking into it."))
        elif action == "ask" and asking.is_valid():
            question = asking.cleaned_data["question"]
            lookup_alerts.ask(alert, question, actor=actor)
            messages.success(request, _("The colleague sees the question."))
        elif action == "close" and deciding.is_valid():
            lookup_alerts.close(alert, **deciding.cleaned_data, actor=actor)
            messages.success(request, _("The alert is closed."))
        else:
            return False
    except DomainError as error:
        messages.error(request, str(error))
    return True


def _trail_url(alert: LookupAlert) -> str:
    actor = alert.account_id or alert.api_key_id
    if actor is None:
        return ""
    return f"{reverse('admin:register_auditentry_changelist')}?q={actor}"
