"""Notes and follow-ups: lists to look through, and the pages of the work."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from communications.models import FollowUp, Meeting, Message, Note
from communications.screens import follow_ups, meetings, messages, work
from contacts.admin.lists import IdsFirstPaginator
from register.staff_site import ReadOnlyAdmin
from register.staff_site.searched_words import SealedSearchChangeList


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    """All notes, oldest first: for their review. They are written on people's pages."""

    paginator = IdsFirstPaginator
    list_display = ("written_at", "text_begins", "is_pinned")
    ordering = ("written_at", "id")
    sortable_by = ("written_at",)
    fields = ("text", ("written_at", "changed_at"))

    @admin.display(description=_("note"))
    def text_begins(self, obj: Note) -> str:
        """Show the beginning of the text."""
        return obj.text if len(obj.text) <= 80 else f"{obj.text[:79]}…"

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that write notes."""
        view = self.admin_site.admin_view
        return [
            path(
                "<str:kind>/<uuid:object_id>/write/",
                view(work.add_note),
                name="communications_note_write",
            ),
            path(
                "<int:pk>/edit/",
                view(work.edit_note),
                name="communications_note_edit",
            ),
            *super().get_urls(),
        ]


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnlyAdmin):
    """Everybody's open follow-ups, the most urgent first."""

    paginator = IdsFirstPaginator
    list_display = ("due_at", "what", "responsible_name", "reminded_at")
    ordering = ("due_at", "id")
    sortable_by = ("due_at",)
    fields = ("what", ("due_at", "done_at"), "ends_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        """Read the names of colleagues along."""
        found: QuerySet[FollowUp] = super().get_queryset(request)
        return found.select_related("responsible")

    @admin.display(description=_("responsible"), empty_value="–")
    def responsible_name(self, obj: FollowUp) -> str | None:
        """Show who is to do it."""
        return obj.responsible.get_full_name() if obj.responsible else None

    def get_urls(self) -> list[Any]:
        """Add my list, and the addresses that plan and decide."""
        view = self.admin_site.admin_view
        return [
            path("mine/", view(follow_ups.mine), name="communications_followup_mine"),
            path(
                "<str:kind>/<uuid:object_id>/plan/",
                view(work.add_follow_up),
                name="communications_followup_plan",
            ),
            path(
                "<int:pk>/decide/",
                view(follow_ups.decide),
                name="communications_followup_decide",
            ),
            *super().get_urls(),
        ]


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    """All meetings, the latest first. They are arranged on people's pages."""

    paginator = IdsFirstPaginator
    list_display = ("starts_at", "title", "state", "responsible_name")
    list_filter = ("state",)
    list_filter_submit = True
    ordering = ("-starts_at", "-id")
    sortable_by = ("starts_at",)
    fields = ("title", ("starts_at", "finishes_at"), "state", "ends_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Meeting]:
        """Read the names of colleagues along."""
        found: QuerySet[Meeting] = super().get_queryset(request)
        return found.select_related("responsible")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that leads to the page of each meeting."""
        return MeetingChangeList

    @admin.display(description=_("arranged by"), empty_value="–")
    def responsible_name(self, obj: Meeting) -> str | None:
        """Show who arranged it."""
        return obj.responsible.get_full_name() if obj.responsible else None

    def get_urls(self) -> list[Any]:
        """Add the page of a meeting, and the addresses that arrange and close it."""
        view = self.admin_site.admin_view
        return [
            path(
                "<str:kind>/<uuid:object_id>/arrange/",
                view(meetings.arrange),
                name="communications_meeting_arrange",
            ),
            path(
                "<int:pk>/page/",
                view(meetings.show),
                name="communications_meeting_show",
            ),
            path(
                "<int:pk>/close/",
                view(meetings.close),
                name="communications_meeting_close",
            ),
            path(
                "<int:pk>/meeting.ics",
                view(meetings.calendar),
                name="communications_meeting_calendar",
            ),
            *super().get_urls(),
        ]


class MeetingChangeList(SealedSearchChangeList):
    """The list that leads to the page of each meeting."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of the page."""
        return meetings.page_of_meeting(result)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """All e-mail to people, newest first. It is written on people's pages."""

    paginator = IdsFirstPaginator
    list_display = ("queued_at", "subject", "kind", "state", "sent_at")
    list_filter = ("state", "kind")
    list_filter_submit = True
    ordering = ("-queued_at", "-id")
    sortable_by = ("queued_at",)
    fields = (
        ("address", "subject"),
        "body",
        ("kind", "carries_information"),
        ("state", "reason"),
        ("queued_at", "sent_at", "tries"),
        ("message_id", "ends_at"),
    )

    def get_urls(self) -> list[Any]:
        """Add the addresses that write and send."""
        view = self.admin_site.admin_view
        return [
            path(
                "<uuid:object_id>/compose/",
                view(messages.compose),
                name="communications_message_compose",
            ),
            path(
                "<int:pk>/retry/",
                view(messages.try_again),
                name="communications_message_retry",
            ),
            *super().get_urls(),
        ]
