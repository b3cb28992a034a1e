"""What the overview shows about chats and recordings."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import TruncWeek
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import Chat, Recording
from register import dashboard
from register.dashboard import Figure, Plot
from register.datamap.vocabulary import Category


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
    today = timezone.localdate()
    first = today - timedelta(days=today.weekday()) - timedelta(weeks=12)
    counted = {
        week.date(): count
        for week, count in Chat.objects.filter(started_at__date__gte=first)
        .annotate(week=TruncWeek("started_at"))
        .values_list("week")
        .annotate(count=Count("pk"))
    }
    weeks = [first + timedelta(weeks=number) for number in range(13)]
    return Plot(
        _("Chats by week"),
        [f"{week.isocalendar().week}" for week in weeks],
        [counted.get(week, 0) for week in weeks],
        _("chats"),
    )


dashboard.register(
    "ending chats", category=Category.CHATS, order=20, load=_ending_chats
)
dashboard.register(
    "recordings", category=Category.RECORDINGS, order=30, load=_recordings
)
dashboard.register("chats", category=Category.CHATS, order=120, load=_chats_by_week)
