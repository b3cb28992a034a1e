"""Merging two rows of a list that somebody ticked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from contacts.admin.assignment import AssignedAdmin
from contacts.screens import comparing, merging


class MergingAdmin(AssignedAdmin):
    """A list on which two records are chosen to be compared and merged."""

    actions = ("merge_two",)

    @admin.action(description=_("Compare and merge two"), permissions=["merge"])
    def merge_two(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Lead to the comparison of the two that were ticked."""
        keys = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(keys) != 2:
            messages.error(
                request, _("Tick exactly two records, then choose this again.")
            )
            return None
        return redirect(merging.two_url(self.model, *keys))

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Whoever may change both people and companies, as merging does."""
        return comparing.may_merge(request.user, self.model)
