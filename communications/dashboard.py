"""What the overview shows about chats and recordings."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from communications import selectors
from communications.models import Call, Chat, FollowUp, Recording
from communications.services import reminders
from register import access, dashboard
from register.dashboard import Figure, Plot, Text
from register.datamap.vocabulary import Action, Category


def _ending_chats() -> Figure:
    soon = timezone.now() + timedelta(hours=1)
    return Figure(
        _("Chats that end within the hour"),
        Chat.objects.filter(ends_at__lte=soon).count(),
        _("3 months after they ended"),
        reverse("admin:communications_chat_changelist"),
    )


def _recordings() -> Figure:
    return Figure(
        _("Recordings kept"), Recording.objects.count(), _("7 months at most")
    )


def _chats_by_week() -> Plot:
    return _by_week(Chat, _("Chats by week"), _("chats"))


def _calls_by_week() -> Plot:
    return _by_week(Call, _("Calls by week"), _("calls"))


def _by_week(model: type[Chat | Call], title: Text, unit: Text) -> Plot:
    today = timezone.localdate()
    first = today - timedelta(days=today.weekday()) - timedelta(weeks=12)
    begin = datetime.combine(first, time(), timezone.get_current_timezone())
    counted = {
        week.date(): count
        for week, count in model._default_manager.filter(started_at__gte=begin)
        .annotate(week=TruncWeek("started_at"))
        .values_list("week")
        .annotate(count=Count("pk"))
    }
    weeks = [first + timedelta(weeks=number) for number in range(13)]
    return Plot(
        title,
        [f"{week.isocalendar().week}" for week in weeks],
        [counted.get(week, 0) for week in weeks],
        unit,
        axis=_("Week"),
    )


def _my_follow_ups(user: object) -> Figure:
    """What the user has to do by the end of today, and how much of it is late."""
    now = timezone.now()
    tomorrow = timezone.localtime(now).replace(hour=0, minute=0, second=0) + timedelta(
        days=1
    )
    mine = FollowUp.objects.filter(responsible=user, done_at=None)  # type: ignore[misc]
    late = mine.filter(due_at__lt=now).count()
    return Figure(
        _("My follow-ups today"),
        mine.filter(due_at__lt=tomorrow).count(),
        format_lazy("{}: {}", _("overdue"), late) if late else "",
        reverse("admin:communications_followup_mine"),
        "bad" if late else "",
    )


def _my_meetings(user: object) -> Figure:
    """The user's meetings until the end of today, and those nobody has closed."""
    now = timezone.now()
    tomorrow = timezone.localtime(now).replace(hour=0, minute=0, second=0) + timedelta(
        days=1
    )
    mine = selectors.meetings_to_come(user).order_by()
    past = mine.filter(finishes_at__lt=now).count()
    return Figure(
        _("My meetings today"),
        mine.filter(finishes_at__gte=now, starts_at__lt=tomorrow).count(),
        format_lazy("{}: {}", _("not closed"), past) if past else "",
        reverse("admin:communications_followup_mine"),
        "warn" if past else "",
    )


def badge_of_reminders(request: HttpRequest) -> str:
    """Return how many reminders wait for the user, for the menu; "" if none."""
    if not access.may(request.user, Action.VIEW, Category.NOTES):
        return ""
    count = reminders.count_of(request.user)  # type: ignore[arg-type]
    return "99+" if count > 99 else str(count or "")


dashboard.register(
    "my follow-ups",
    title=_("My follow-ups today"),
    category=Category.NOTES,
    order=5,
    load_for=_my_follow_ups,
)
dashboard.register(
    "my meetings",
    title=_("My meetings"),
    category=Category.NOTES,
    order=6,
    load_for=_my_meetings,
)
dashboard.register(
    "ending chats",
    title=_("Chats that end within the hour"),
    category=Category.CHATS,
    order=20,
    load=_ending_chats,
)
dashboard.register(
    "recordings",
    title=_("Recordings kept"),
    category=Category.RECORDINGS,
    order=30,
    load=_recordings,
)
dashboard.register(
    "chats",
    title=_("Chats by week"),
    category=Category.CHATS,
    order=120,
    load=_chats_by_week,
)
dashboard.register(
    "calls",
    title=_("Calls by week"),
    category=Category.COMMUNICATION,
    order=121,
    load=_calls_by_week,
)
