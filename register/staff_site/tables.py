"""The base of every screen over a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import models
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from register import access, actors, audit
from register.database.due_tables import due_tables
from register.datamap.graph import declaration_of, graph
from register.datamap.vocabulary import Action, Category
from register.models import AuditEntry
from register.services import protections
from register.staff_site import searched_words
from register.staff_site.counting import EstimatedPaginator
from register.staff_site.fingerprints import fingerprint
from register.staff_site.history import history_lines
from register.staff_site.seen import AsSeen

# What the filters of lists add to the name of a column.
_FILTER_WORDS = frozenset({"exact", "id", "isnull", "in", "gt", "gte", "lt", "lte"})


class RegisterAdmin(AsSeen):
    """Base of every screen over a table. The test suite checks that none goes without."""

    paginator = EstimatedPaginator
    show_full_result_count = False
    # Counting the rows of every choice of every filter would read the table each time.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    empty_value_display = "–"
    compressed_fields = True
    warn_unsaved_form = True
    actions_detail: tuple[str, ...] = ("place_hold",)
    # Tables of personal data say who looked; technical ones need not.
    logs_reads = True

    @property
    def holds_personal_data(self) -> bool:
        """Whether reading this table is recorded."""
        declared = declaration_of(self.model)
        return self.logs_reads and declared is not None and declared.is_personal

    def subject_of(self, obj: Any) -> Any:
        """Return the UUID of the person a row is about, if it is one person."""
        return getattr(obj, "subject_id", None) or getattr(obj, "contact_id", None)

    def subjects_of(self, obj: Any) -> list[Any]:
        """Return the UUIDs of all persons a row is about; each has an entry of a read."""
        return [self.subject_of(obj)]

    def autocomplete_text(self, obj: Any) -> str:
        """Return what a row is called in a field that completes what is typed.

        Only who may see the table is answered, so names may be given here; `str` holds
        none.
        """
        return str(obj)

    def title_of(self, obj: Any) -> str:
        """Return what the tab of a browser calls a row, given as its reader sees it.

        Nothing where the row has no name but the number of its record.
        """
        text = str(obj)
        return "" if text.endswith((str(obj.pk), str(obj.pk)[:8])) else text

    @action(
        description=_("Place a hold"),
        url_path="hold",
        permissions=["place_hold"],
        icon="pan_tool",
    )
    def place_hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that keeps this row from being deleted."""
        query = urlencode({"record": f"{self.model._meta.label_lower}:{object_id}"})
        return redirect(f"{reverse('admin:register_hold_add')}?{query}")

    def has_place_hold_permission(
        self, request: HttpRequest, object_id: Any = None
    ) -> bool:
        """Whoever places holds, on rows that end by themselves."""
        return access.may(request.user, Action.ADD, Category.RETENTION) and any(
            entry.model is self.model for entry in due_tables(graph())
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list whose address holds what is searched sealed."""
        return searched_words.SealedSearchChangeList

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer no bulk deletion: deleting goes through retention and erasure."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Show the list and record that it was read, with a fingerprint of the search."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise BadRequest  # PostgreSQL has no such character
        if request.method == "POST" and "searching" in request.POST:
            return searched_words.redirect_to_search(request)
        # What the list is of; Django's title tells to select something to change.
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        response: HttpResponse = super().changelist_view(
            request, title | (extra_context or {})
        )
        context = getattr(response, "context_data", None) or {}
        listed = context.get("cl")
        if listed is not None:
            if not (listed.query or listed.has_active_filters):
                # Nothing was left out: the heading offers no way to see the rest.
                listed.full_result_count = listed.result_count
            if self.holds_personal_data:
                query = searched_words.readable_query(request, listed.query)
                details: dict[str, Any] = {"query": fingerprint(query)} if query else {}
                audit.record(
                    "record.listed",
                    actor=actors.of_request(request),
                    object_type=self.model._meta.label_lower,
                    count=len(listed.result_list),
                    **details,
                )
        return response

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """Allow the questions of the list's own filters, and no others.

        Django lets an address ask about every column and about all rows that point
        here. The number of rows would then tell what its reader may not see: who
        has chatted, or whose name a request bears.
        """
        name, *rest = lookup.split("__")
        is_column = any(name == field.name for field in self.opts.get_fields())
        if is_column and name not in _filtered_columns(self.list_filter):
            return False
        if is_column and not set(rest) <= _FILTER_WORDS:
            return False
        allowed: bool = super().lookup_allowed(lookup, value, request)
        return allowed

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the form and record the read."""
        response: HttpResponse = super().changeform_view(
            request, object_id, form_url, extra_context
        )
        context = getattr(response, "context_data", None) or {}
        if (original := context.get("original")) is not None:
            # Stands in the tab of the browser, where a number tells nothing.
            seen = access.as_seen(request.user, original)
            context["subtitle"] = self.title_of(seen)
        if request.method == "GET" and object_id and response.status_code == 200:
            obj = self.get_object(request, object_id)
            if obj is not None and self.holds_personal_data:
                actor = actors.of_request(request)
                subjects = self.subjects_of(obj)
                for subject in subjects:
                    audit.record(
                        "record.viewed", actor=actor, obj=obj, subject_id=subject
                    )
                if protections.protected_among(subjects):
                    messages.warning(
                        request,
                        _(
                            "A person in this record has a protected address. Tell nobody what it says about where they are."
                        ),
                    )
            ends_at = getattr(obj, "ends_at", None)
            if ends_at is not None and ends_at <= timezone.now():
                messages.warning(
                    request,
                    _(
                        "The period of this record is over. It exists only because it is held, and only data protection officers see it."
                    ),
                )
        return response

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> None:
        """Say that something was saved; Django names it by a number that tells nothing."""
        if level == messages.SUCCESS and self.holds_personal_data:
            message = _("Saved.")
        super().message_user(request, message, level, extra_tags, fail_silently)

    # Django's three log hooks: ids and names of fields instead of texts.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Record that a row was added."""
        self._record("record.added", request, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Record which fields were changed."""
        fields = sorted(_changed_fields(message))
        if fields:
            self._record("record.changed", request, obj, fields=fields)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Record that rows were deleted."""
        for obj in queryset:
            self._record("record.deleted", request, obj)

    def _record(
        self, action: str, request: HttpRequest, obj: Any, **details: Any
    ) -> None:
        audit.record(
            action,
            actor=actors.of_request(request),
            obj=obj,
            subject_id=self.subject_of(obj),
            **details,
        )

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Form,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> Any:
        """Return names of fields only; Django's own message quotes the rows."""
        changed = set(form.changed_data)
        for formset in formsets or []:
            prefix = formset.model._meta.model_name
            for inline in [*formset.initial_forms, *formset.extra_forms]:
                changed.update(f"{prefix}.{name}" for name in inline.changed_data)
        return [{"fields": sorted(changed)}]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show the audit trail of one record instead of Django's log.

        To those who may see both: who looked at a record is another matter than what
        stands in it.
        """
        access.require(request.user, Action.VIEW, Category.AUDIT)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]
                request, self.opts, object_id
            )
        entries = AuditEntry.objects.filter(
            object_type=self.model._meta.label_lower, object_id=str(obj.pk)
        )[:200]
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "entries": history_lines(list(entries), self.model),
            "object": obj,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)


def _filtered_columns(filters: Iterable[Any]) -> set[str]:
    """Return the columns that filters of a list are about, or share a name with."""
    names: set[str] = set()
    for each in filters:
        asked = each[0] if isinstance(each, tuple | list) else each
        names.add(str(getattr(asked, "parameter_name", asked)).partition("__")[0])
    return names


def _changed_fields(message: Any) -> set[str]:
    if isinstance(message, list):
        return {name for part in message for name in part.get("fields", [])}
    return set()


class ReadOnlyAdmin(RegisterAdmin):
    """A table that staff look at and nobody edits."""

    def has_add_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Refuse."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Refuse."""
        return False
