"""Meetings with people and companies: when, where, who, what about (N4.9)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from communications.models.notes import NO_HEALTH_DATA, WITHHELD
from contacts.models import Company, Contact
from register.datamap import (
    Access,
    Category,
    Ends,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.models import Team
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
LONGEST_TEXT = 20_000
OF_THE_MEETING = Subject(
    "participant of the meeting",
    path="participants__contact",
    erasure=Erasure.DELETE_WHEN_LAST,
    # Where and when somebody can be met.
    tells_whereabouts=True,
)


class Meeting(Expiring):
    """A meeting of colleagues with people from outside.

    It is about those who take part, not about everybody with a role at the company. It
    belongs to whoever is ``responsible`` for it: rights to one's own rows follow
    that, as they follow who looks after the people in it.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        HELD = "held", _("held")
        CANCELLED = "cancelled", _("cancelled")

    id = models.BigAutoField(primary_key=True)
    # What calendars know the meeting by, whatever becomes of it (RFC 5545, UID).
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    company = models.ForeignKey(
        Company,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="meetings",
        verbose_name=_("company"),
    )
    title = models.CharField(_("subject"), max_length=200)
    starts_at = models.DateTimeField(_("begins"))
    finishes_at = models.DateTimeField(_("ends"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    link = models.CharField(
        _("link"),
        max_length=500,
        blank=True,
        validators=[URLValidator(["https"])],
        help_text=_("Address of a video meeting; it begins with https://."),
    )
    agenda = models.TextField(
        _("agenda"), max_length=LONGEST_TEXT, blank=True, help_text=NO_HEALTH_DATA
    )
    minutes = models.TextField(
        _("minutes"), max_length=LONGEST_TEXT, blank=True, help_text=NO_HEALTH_DATA
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.PLANNED
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("arranged by"),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    # How often what calendars show has changed (RFC 5545, SEQUENCE).
    revision = models.PositiveIntegerField(default=0, editable=False)

    data_map: ClassVar = ModelMap(
        category=Category.NOTES,
        subjects=(
            OF_THE_MEETING,
            Subject(
                "member of staff",
                path="responsible",
                kind="staff",
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="customer_relationship",
        source="staff, from what was agreed with the person or the customer",
        retention=Ends("meetings", "P36M", "finishes_at"),
        fields={
            "id": NotPersonal("number of the meeting"),
            "uid": NotPersonal("number of the meeting in calendars"),
            "company": Personal("with which company", portability=OBSERVED),
            "title": Personal(
                "what the meeting was about",
                portability=OBSERVED,
                access=Access.REVIEW,
                mentions_others=True,
            ),
            "starts_at": Personal("when it began", portability=OBSERVED),
            "finishes_at": Personal("when it ended", portability=OBSERVED),
            "place": Personal(
                "where it was", portability=OBSERVED, mentions_others=True
            ),
            "link": Personal("address of the video meeting", portability=OBSERVED),
            "agenda": Personal(
                "what was to be spoken of",
                portability=OBSERVED,
                access=Access.REVIEW,
                mentions_others=True,
            ),
            "minutes": Personal(
                "what was noted of it",
                portability=OBSERVED,
                access=Access.REVIEW,
                mentions_others=True,
            ),
            "state": Personal("whether it was held", portability=OBSERVED),
            "responsible": Personal("who arranged it", **WITHHELD),
            "team": NotPersonal("the team that arranged it"),
            "created_at": Personal("when it was arranged", portability=OBSERVED),
            "changed_at": Personal("when it was changed", portability=OBSERVED),
            "revision": NotPersonal("how often it was changed"),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(finishes_at__gt=models.F("starts_at")),
                name="meeting_ends_after_start",
                violation_error_message=_("The meeting ends before it begins."),
            ),
            models.UniqueConstraint(fields=["uid"], name="meeting_uid"),
        ]
        indexes = [
            # The page of a company.
            models.Index(
                fields=["company", "-starts_at"],
                name="meeting_of_company",
                condition=models.Q(company__isnull=False),
            ),
            # The list, and my meetings.
            models.Index(fields=["-starts_at", "-id"], name="meeting_newest"),
            # What is planned, or was and nobody said whether it was held.
            models.Index(
                fields=["responsible", "starts_at"],
                name="meeting_planned",
                condition=models.Q(state="planned"),
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    @property
    def is_to_close(self) -> bool:
        """Whether its time is over and nobody has said whether it was held."""
        return self.state == self.State.PLANNED and self.finishes_at < timezone.now()


class MeetingParticipant(models.Model):
    """A person from outside who takes part.

    Nothing forbids two rows of one person: merging two records of a person must not
    meet a constraint. Screens show each person once.
    """

    id = models.BigAutoField(primary_key=True)
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="participants")
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        related_name="meeting_participations",
        verbose_name=_("contact"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.NOTES,
        subjects=(Subject("participant of the meeting", path="contact"),),
        activity="customer_relationship",
        source="staff, from what was agreed with the person or the customer",
        retention=WithParent("meeting"),
        fields={
            "id": NotPersonal("number of the row"),
            "meeting": Personal("which meeting", portability=OBSERVED),
            "contact": Personal("who took part", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("participant of a meeting")
        verbose_name_plural = _("participants of meetings")

    def __str__(self) -> str:
        return f"MeetingParticipant {self.pk}"


class MeetingColleague(models.Model):
    """A member of staff who takes part, besides whoever arranged it."""

    id = models.BigAutoField(primary_key=True)
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="colleagues")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=_("colleague"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.NOTES,
        subjects=(
            Subject(
                "participant of the meeting",
                path="meeting__participants__contact",
                access=Access.REVIEW,
                erasure=Erasure.SCRUB,
            ),
            Subject("member of staff", path="user", kind="staff"),
        ),
        activity="customer_relationship",
        source="staff",
        retention=WithParent("meeting"),
        fields={
            "id": NotPersonal("number of the row"),
            "meeting": Personal("which meeting", portability=OBSERVED),
            "user": Personal("which colleague took part", **WITHHELD),
        },
    )

    class Meta:
        verbose_name = _("colleague in a meeting")
        verbose_name_plural = _("colleagues in meetings")
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "user"], name="meetingcolleague_once"
            )
        ]

    def __str__(self) -> str:
        return f"MeetingColleague {self.pk}"
