"""Lists of chats, calls and recordings. Nobody edits what was said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from communications import conversation, selectors
from communications.models import Call, Chat, Recording
from communications.screens import recordings
from communications.services import playing
from contacts.admin.lists import IdsFirstPaginator
from contacts.models import Contact
from register import access
from register.datamap.vocabulary import Action, Category
from register.identifiers import try_normalise_phone
from register.staff_site import ReadOnlyAdmin


class ChatRows(ChangeList):
    """A page of chats with who took part and how long they were."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page, and what the columns show once for all of them."""
        super().get_results(request)
        rows: list[Any] = selectors.with_participants(list(self.result_list))  # type: ignore[has-type]
        counts = selectors.lines_counts(rows)
        for chat in rows:
            chat.lines_count = counts.get(chat.pk, 0)
            chat.partners = conversation.partners(chat, user=request.user)
        self.result_list = rows


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    """Chats, newest first, and the conversation on the page of each."""

    paginator = IdsFirstPaginator
    list_display = ("started_at", "people", "lines", "ends_at")
    # By the due instant: it follows the end of the chat and has an index.
    ordering = ("-ends_at",)
    sortable_by = ("ends_at",)
    search_fields = ("external_id",)
    search_help_text = _("Number in the chat system")
    fields = (("started_at", "ended_at"), ("agent_name", "external_id"), "ends_at")
    readonly_fields = ("agent_name",)
    change_form_outer_after_template = "communications/chat_conversation.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that reads related rows once a page."""
        return ChatRows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Chat], search_term: str
    ) -> tuple[QuerySet[Chat], bool]:
        """Find the chat with that number."""
        if term := search_term.strip():
            is_seen = access.in_clear(request.user, Chat, "external_id")
            queryset = queryset.filter(external_id=term) if is_seen else queryset.none()
        return queryset, False

    def subjects_of(self, obj: Chat) -> list[UUID | None]:
        """Name everybody in the chat in the audit trail."""
        return [*selectors.people_in(obj)] or [None]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the chat and what was said in it."""
        extra_context = extra_context or {}
        chat = self.get_object(request, object_id)
        whole = (
            chat
            and selectors.with_held(selectors.whole_chats()).filter(pk=chat.pk).first()
        )
        if whole and self.has_view_permission(request, whole):
            extra_context |= {
                "is_held": whole.is_held,
                "title": _("Chat"),
                "bubbles": conversation.bubbles(
                    whole, whole.lines.all(), user=request.user
                ),
                "partners": conversation.partners(whole, user=request.user),
            }
        response: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context
        )
        return response

    @admin.display(description=_("participants"))
    def people(self, obj: Any) -> str:
        """Show who took part."""
        return ", ".join(str(partner.name) for partner in obj.partners)

    @admin.display(description=_("lines"))
    def lines(self, obj: Any) -> int:
        """Show how long it was."""
        return int(obj.lines_count)

    @admin.display(description=_("agent"), empty_value="–")
    def agent_name(self, obj: Chat) -> str | None:
        """Show who answered."""
        return obj.agent.get_full_name() if obj.agent else None


class CallRows(ChangeList):
    """A page of calls with their people, and recordings for those who may hear them."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page, and what the columns show once for all of them."""
        super().get_results(request)
        rows: list[Any] = selectors.with_people(list(self.result_list))  # type: ignore[has-type]
        hears = access.may(request.user, Action.VIEW, Category.RECORDINGS)
        recorded = selectors.recordings_of(rows) if hears else {}
        sees_names = access.may(request.user, Action.VIEW, Category.IDENTITY)
        for call in rows:
            call.is_recorded = call.pk in recorded
            call.sees_names = sees_names
        self.result_list = rows


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """Calls, newest first, and the player on the page of each."""

    paginator = IdsFirstPaginator
    list_display = (
        "started_at",
        "direction",
        "person",
        "number",
        "is_recorded",
        "ends_at",
    )
    ordering = ("-ends_at",)
    sortable_by = ("ends_at",)
    list_filter = ("direction",)
    search_fields = ("number",)
    search_help_text = _("Telephone number, or number in the telephone system")
    fields = (
        ("started_at", "ended_at"),
        ("direction", "number"),
        ("agent_name", "external_id"),
        "ends_at",
    )
    readonly_fields = ("agent_name",)
    change_form_outer_after_template = "communications/call_recording.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that reads related rows once a page."""
        return CallRows

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Do not tell of recordings to those who may not hear them."""
        columns = list(super().get_list_display(request))
        if not access.may(request.user, Action.VIEW, Category.RECORDINGS):
            columns.remove("is_recorded")
        return columns

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """Find calls with a number in any spelling, or the one of the telephone system."""
        if term := search_term.strip():
            wanted = Q(pk__in=())
            if access.in_clear(request.user, Call, "external_id"):
                wanted |= Q(external_id=term)
            number = try_normalise_phone(term)
            if number and access.in_clear(request.user, Call, "number"):
                wanted |= Q(number=number)
            queryset = queryset.filter(wanted)
        return queryset, False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the call, its person, and the recording to those who may hear it."""
        extra_context = (extra_context or {}) | {"title": _("Call")}
        call = self.get_object(request, object_id)
        if call is not None and access.may(
            request.user, Action.VIEW, Category.RECORDINGS
        ):
            extra_context |= {
                "may_hear": True,
                "recording": selectors.recordings_of([call]).get(call.pk),
                "purposes": playing.purposes(),
            }
        if call is not None and self.has_view_permission(request, call):
            held = selectors.with_held(Call.objects.filter(pk=call.pk))
            extra_context["is_held"] = held.values_list("is_held", flat=True).first()
            if access.may(request.user, Action.VIEW, Category.IDENTITY):
                # A call may be within reach whose person is not.
                person = Contact.objects.filter(pk=call.contact_id).first()
                extra_context["contact"] = (
                    access.as_seen(request.user, person) if person else None
                )
        response: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context
        )
        return response

    @admin.display(description=_("person"), empty_value="–")
    def person(self, obj: Any) -> SafeString | None:
        """Link to the page of the person."""
        if obj.contact is None or not obj.sees_names:
            return None
        return format_html(
            '<a class="sel-link" href="{}">{}</a>',
            reverse("admin:contacts_contact_page", args=[obj.contact_id]),
            obj.contact.full_name or _("no name"),
        )

    @admin.display(description=_("recording"), boolean=True)
    def is_recorded(self, obj: Any) -> bool:
        """Show whether there is a recording."""
        return bool(obj.is_recorded)

    @admin.display(description=_("agent"), empty_value="–")
    def agent_name(self, obj: Call) -> str | None:
        """Show who took the call."""
        return obj.agent.get_full_name() if obj.agent else None


@admin.register(Recording)
class RecordingAdmin(ReadOnlyAdmin):
    """Recordings. They are played here, and reached from the call or the person."""

    paginator = IdsFirstPaginator
    list_display = ("call_ended_at", "content_type", "size", "ends_at")
    ordering = ("-ends_at",)
    sortable_by = ("ends_at",)
    # Not the file: it is heard through the player alone, for a purpose.
    fields = (("content_type", "size"), "received_at", "ends_at")
    change_form_outer_after_template = "communications/call_recording.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Leave the list out of menus; calls lead to it."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses for playing."""
        return [
            path(
                "<int:recording_id>/play/",
                self.admin_site.admin_view(self.play),
                name="communications_recording_play",
            ),
            path(
                "<int:recording_id>/audio/",
                self.admin_site.admin_view(recordings.audio),
                name="communications_recording_audio",
            ),
            *super().get_urls(),
        ]

    def play(self, request: HttpRequest, recording_id: int) -> HttpResponseBase:
        """Show the player for a purpose."""
        return recordings.play(request, recording_id, model_admin=self)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        """Leave out recordings of calls that are hidden: they are not played either."""
        rows: QuerySet[Recording] = super().get_queryset(request)
        if access.is_limited(request.user, Call):
            rows = rows.filter(call__in=Call.objects.all())
        return rows

    def subject_of(self, obj: Recording) -> UUID | None:
        """Name the person of the call in the audit trail."""
        return obj.call.contact_id

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the recording with its player."""
        extra_context = (extra_context or {}) | {"title": _("Recording")}
        recording = self.get_object(request, object_id)
        if recording is not None and self.has_view_permission(request, recording):
            extra_context |= {
                "may_hear": True,
                "recording": selectors.recordings().filter(pk=recording.pk).first(),
                "purposes": playing.purposes(),
            }
        response: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context
        )
        return response
