"""Alerts about unusual look-ups, and the rules by which they are raised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from register import access
from register.datamap.vocabulary import Action, Category
from register.lookups.rules import DESCRIPTIONS
from register.models import LookupAlert, LookupOccasion, LookupRule, WorkingHours
from register.screens import lookup_alerts as pages, lookups
from register.services import lookup_alerts
from register.staff_site import ReadOnlyAdmin, RegisterAdmin

MARKS = {LookupAlert.State.OPEN: "warn", LookupAlert.State.LOOKED_AT: "part"}


@admin.register(LookupAlert)
class LookupAlertAdmin(ReadOnlyAdmin):
    """The alerts; nobody sees those about their own look-ups."""

    list_display = ("rule", "who", "counted", "last_look", "state_mark", "outcome")
    list_filter = ("state", "rule", "outcome")
    list_select_related = ("account", "api_key")
    sortable_by = ("last_look",)
    ordering = ("-last_at",)
    actions_detail = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[LookupAlert]:
        """Leave out what is about the reader."""
        newest = LookupOccasion.objects.filter(alert=OuterRef("pk")).order_by("-day")
        user: Any = request.user
        return lookup_alerts.visible_to(user).annotate(
            counted=Subquery(newest.values("counted")[:1])
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show one alert, and take what is decided about it."""
        access.require(request.user, Action.VIEW, Category.LOOKUPS)
        return pages.show(self, request, object_id)

    @admin.display(description=_("who"))
    def who(self, obj: LookupAlert) -> Any:
        """The colleague or the other system; several accounts have no one name."""
        return lookups.who(obj)

    @admin.display(description=_("last look"), ordering="last_at")
    def last_look(self, obj: LookupAlert) -> str:
        """The day and the hour, short enough for a list."""
        return formats.date_format(
            timezone.localtime(obj.last_at), "SHORT_DATETIME_FORMAT"
        )

    @admin.display(description=_("counted last"))
    def counted(self, obj: Any) -> Any:
        """The number of the newest day, with what was counted."""
        return lookups.number_in_words(obj.rule, obj.counted)

    @admin.display(description=_("state"))
    def state_mark(self, obj: LookupAlert) -> Any:
        """The state, standing out while something is to be done."""
        state = LookupAlert.State(obj.state)
        return format_html(
            '<span class="sel-mark sel-mark-{}">{}</span>',
            MARKS.get(state, "good"),
            state.label,
        )


class LookupRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses to change what was watched in the past."""

    class Meta:
        model = LookupRule
        fields = ("code", "valid_from", "is_on", "floor", "factor", "note")

    def clean_valid_from(self) -> Any:
        """Accept today or a later day."""
        day = self.cleaned_data["valid_from"]
        if day < timezone.localdate():
            raise forms.ValidationError(
                _("A rule is changed from today or a later day on.")
            )
        return day

    def clean(self) -> dict[str, Any]:
        """Refuse a factor where nothing usual is known: it would count for nothing."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        described = DESCRIPTIONS.get(data.get("code", ""))
        if data.get("factor") and described and not described.has_usual:
            self.add_error(
                "factor", _("This rule knows no usual number: leave this empty.")
            )
        return data


@admin.register(LookupRule)
class LookupRuleAdmin(RegisterAdmin):
    """A change of a rule is a new row with its first day; old rows stay as evidence."""

    form = LookupRuleForm
    list_display = (
        "code",
        "state",
        "valid_from",
        "is_on",
        "floor",
        "unit",
        "factor",
        "note",
    )
    list_filter = ("code", "is_on")
    sortable_by = ()
    actions_detail = ("to_change",)

    def get_urls(self) -> list[Any]:
        """Add the pages that all staff can read."""
        return [*lookups.urls(), *super().get_urls()]

    @action(
        description=_("Change this rule"),
        url_path="to-change",
        icon="edit",
        permissions=("begin",),
    )
    def to_change(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to a new row that begins with what is in force."""
        rule = self.get_object(request, object_id)
        if rule is None:
            raise Http404
        url = reverse("admin:register_lookuprule_add")
        return redirect(f"{url}?code={rule.code}")

    def has_begin_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever may add a row may change what is watched."""
        return bool(self.has_add_permission(request))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the newest row of the rule that is to be changed."""
        rules = LookupRule.objects.filter(code=request.GET.get("code", ""))
        rule = rules.order_by("-valid_from").first()
        if rule is None:
            return {}
        # One row a day: what began today is changed from tomorrow on.
        after = rule.valid_from + timedelta(days=1)
        return {
            "code": rule.code,
            "valid_from": max(timezone.localdate(), after),
            "is_on": rule.is_on,
            "floor": rule.floor,
            "factor": rule.factor,
        }

    def get_queryset(self, request: HttpRequest) -> QuerySet[LookupRule]:
        """Know of each row when the next of its rule begins."""
        today = timezone.localdate()
        in_use = LookupRule.objects.filter(code=OuterRef("code"), valid_from__lte=today)
        newest = in_use.order_by("-valid_from").values("pk")[:1]
        rows: QuerySet[LookupRule] = super().get_queryset(request)
        return rows.annotate(in_use=Subquery(newest))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: alerts were judged by it."""
        return obj is None and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse, for the same reason."""
        return False

    @admin.display(description=_("state"))
    def state(self, obj: Any) -> Any:
        """Whether it is the row by which is watched today."""
        if obj.pk == obj.in_use:
            return _("in force")
        return _("over") if obj.valid_from <= timezone.localdate() else _("to come")

    @admin.display(description=_("of what"))
    def unit(self, obj: LookupRule) -> Any:
        """What the limit counts."""
        return DESCRIPTIONS[obj.code].unit


@admin.register(WorkingHours)
class WorkingHoursAdmin(RegisterAdmin):
    """When roles work."""

    list_display = ("for_whom", "begins", "ends", "on_saturdays", "is_shift")
    list_select_related = ("role",)
    sortable_by = ()
    actions_detail = ()
    fields = ("role", ("begins", "ends"), "on_saturdays", "is_shift")

    @admin.display(description=_("role"))
    def for_whom(self, obj: WorkingHours) -> Any:
        """The role, or all that have no hours of their own."""
        return str(obj.role) if obj.role else _("all others")
