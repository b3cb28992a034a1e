"""The audit trail on the screen."""

from __future__ import annotations

import uuid
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register import audit
from register.activities import ACTIVITIES
from register.datamap.graph import graph
from register.models import AuditEntry, User
from register.staff_site import ReadOnlyAdmin


class KindOfRecordFilter(admin.SimpleListFilter):
    """Offers the kinds of records that there are, in words.

    They come from the data map: asking the trail would read all of it.
    """

    title = _("kind of record")
    parameter_name = "object_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices, by their words."""
        kinds = [entry.model._meta.label_lower for entry in graph()]
        return sorted(
            ((kind, _kind_in_words(kind)) for kind in kinds),
            key=lambda choice: choice[1].casefold(),
        )

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        """Narrow the list."""
        if kind := self.value():
            return queryset.filter(object_type=kind.replace("\0", ""))
        return queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who saw and did what. Reading the trail is not itself recorded line by line."""

    list_display = (
        "at",
        "sentence",
        "actor",
        "purpose_in_words",
        "kind_of_record",
        "record",
    )
    # By what an index gives in order.
    sortable_by = ("at",)
    list_filter = (
        "actor_kind",
        ("at", admin.DateFieldListFilter),
        KindOfRecordFilter,
    )
    search_fields = ("object_id", "subject_id", "actor_id", "action")
    search_help_text = _(
        "Number of a record, a person or an account, or an action code"
    )
    fields = (
        "at",
        "sentence",
        "actor",
        "purpose_in_words",
        "kind_of_record",
        "object_id",
        "subject_id",
        "request_id",
        "details",
    )
    readonly_fields = ("sentence", "actor", "purpose_in_words", "kind_of_record")
    logs_reads = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list; the names of the page's actors are fetched with one query."""
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", {}).get("cl")
        if listed is not None:
            entries = list(listed.result_list)
            ids = {key for entry in entries for key in _uuids(entry.actor_id)}
            names = {
                str(user.pk): user.get_full_name()
                for user in User.objects.filter(pk__in=ids)
            }
            for entry in entries:
                entry.actor_name = names.get(entry.actor_id, "")
            listed.result_list = entries
        return response

    def get_search_results(self, request: HttpRequest, queryset: Any, term: str) -> Any:
        """Search by exact number or code: the trail holds no other words."""
        term = term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        found = queryset.filter(object_id=term) | queryset.filter(actor_id=term)
        found = found | queryset.filter(action=term)
        if len(term) == 36:
            found = found | queryset.filter(subject_id__in=_uuids(term))
        return found, False

    @admin.display(description=_("what"))
    def sentence(self, obj: AuditEntry) -> Any:
        """The action in words."""
        return audit.ACTIONS.get(obj.action, obj.action)

    @admin.display(description=_("who"))
    def actor(self, obj: AuditEntry) -> Any:
        """The member of staff by name, others by kind."""
        if obj.actor_kind == AuditEntry.Actor.STAFF:
            known: str = getattr(obj, "actor_name", "")
            if known:
                return known
            user = User.objects.filter(pk__in=_uuids(obj.actor_id)).first()
            return user.get_full_name() if user else obj.actor_id
        return obj.get_actor_kind_display()

    @admin.display(description=_("purpose"))
    def purpose_in_words(self, obj: AuditEntry) -> Any:
        """The purpose in words."""
        activity = ACTIVITIES.get(obj.purpose)
        return activity.purpose if activity else "–"

    @admin.display(description=_("kind of record"))
    def kind_of_record(self, obj: AuditEntry) -> str:
        """The kind of record in words."""
        return _kind_in_words(obj.object_type)

    @admin.display(description=_("record"))
    def record(self, obj: AuditEntry) -> str:
        """The beginning of the number, which is what other screens show."""
        return obj.object_id[:8]


def _kind_in_words(object_type: str) -> str:
    """Return what a kind of record is called; entries may name one that is gone."""
    try:
        name = apps.get_model(object_type)._meta.verbose_name
    except (LookupError, ValueError):
        return object_type
    return str(capfirst(name))


def _uuids(text: str) -> list[str]:
    try:
        return [str(uuid.UUID(text))]
    except ValueError:
        return []
