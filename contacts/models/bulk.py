"""Changes of many at once: what was ordered, and what became of each."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact
from register.datamap import (
    Category,
    Ends,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class BulkChange(models.Model):
    """The manifest of a change of many at once: who, by which filter, what and how many.

    Whom it is about is fixed when it is ordered, row by row in ``BulkPerson`` or
    ``BulkCompany``: whoever is added later does not join, and whoever approves approves
    those who were shown. What was searched is not kept: it is mostly somebody's name.
    """

    class Of(models.TextChoices):
        PEOPLE = "contact", _("people")
        COMPANIES = "company", _("companies")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for approval")
        RUNNING = "running", _("being carried out")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        REJECTED = "rejected", _("not approved")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    class Stop(models.TextChoices):
        CANCELLED = "cancelled", _("it was cancelled")
        NO_RIGHT = "no_right", _("a right for it had been taken away")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    of = models.CharField(_("of what"), max_length=10, choices=Of)
    kind = models.CharField(_("what is done"), max_length=40)
    terms = models.JSONField(_("with what"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State)
    stop_reason = models.CharField(
        _("stopped because"), max_length=10, choices=Stop, blank=True
    )
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    # As the address of the list had them; names searched for are never among them.
    filters = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("filters"),
        default=list,
        blank=True,
    )
    was_searched = models.BooleanField(_("searched"), default=False)
    was_chosen = models.BooleanField(_("chosen one by one"), default=False)
    # Rows added after it do not join.
    added_until = models.DateTimeField(_("added until"), default=timezone.now)
    chosen_count = models.PositiveIntegerField(_("chosen"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    unchanged_count = models.PositiveIntegerField(_("unchanged"), default=0)
    refused_count = models.PositiveIntegerField(_("left out"), default=0)
    undone_count = models.PositiveIntegerField(_("taken back"), default=0)
    kept_count = models.PositiveIntegerField(_("changed since and kept"), default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.JOBS,
        fields={
            "id": NotPersonal("number of the change"),
            "of": NotPersonal("vocabulary"),
            "kind": NotPersonal("vocabulary"),
            "terms": Keys(
                {
                    "value": NotPersonal("a code or a key of a vocabulary"),
                    "due_at": NotPersonal("a time that is the same for all"),
                    "colleague": NotPersonal("account that is made responsible"),
                    "text": NotPersonal(
                        "the same words for everybody, taken away when it is carried out"
                    ),
                }
            ),
            "state": NotPersonal("vocabulary"),
            "stop_reason": NotPersonal("vocabulary"),
            "purpose": NotPersonal("vocabulary"),
            "filters": NotPersonal("choices of a list, no values of a person"),
            "was_searched": NotPersonal("how the rows were chosen"),
            "was_chosen": NotPersonal("how the rows were chosen"),
            "added_until": NotPersonal("technical time"),
            "chosen_count": NotPersonal("a number of rows"),
            "changed_count": NotPersonal("a number of rows"),
            "unchanged_count": NotPersonal("a number of rows"),
            "refused_count": NotPersonal("a number of rows"),
            "undone_count": NotPersonal("a number of rows"),
            "kept_count": NotPersonal("a number of rows"),
            "created_by": NotPersonal(
                "account that ordered it; the audit trail answers for it"
            ),
            "created_at": NotPersonal("technical time"),
            "finished_at": NotPersonal("technical time"),
            "undone_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("change of many")
        verbose_name_plural = _("changes of many")
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="bulkchange_newest"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"


class BulkRow(Expiring):
    """One row that was chosen, and what became of it. It serves to undo, then it goes.

    After a merge a record may have two in one change, so nothing says it has one.
    """

    class Outcome(models.TextChoices):
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("was so already")
        REFUSED = "refused", _("left out")

    class Undone(models.TextChoices):
        DONE = "done", _("taken back")
        KEPT = "kept", _("changed since")

    id = models.BigAutoField(primary_key=True)
    # What stood there before, as the kind of change writes it.
    old = models.CharField(_("before"), max_length=400, blank=True)
    # Which row was added, where one was.
    made = models.CharField(_("added"), max_length=40, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    undone = models.CharField(_("undone"), max_length=8, choices=Undone, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


class BulkPerson(BulkRow):
    """A person among those of a change of many."""

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="people")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("person who was chosen", path="contact"),),
        activity="customer_relationship",
        source="recorded by the register",
        retention=Ends("changes of many", "P30D", "created_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the row"),
            "change": Personal("which change of many", portability=OBSERVED),
            "contact": Personal("whom it was about", portability=OBSERVED),
            "old": Personal("what stood there before", portability=OBSERVED),
            "made": NotPersonal("number of a row"),
            "outcome": NotPersonal("vocabulary"),
            "undone": NotPersonal("vocabulary"),
            "created_at": Personal("when it was ordered", portability=OBSERVED),
            "ends_at": Personal("when this note is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("person in a change of many")
        verbose_name_plural = _("people in changes of many")


class BulkCompany(BulkRow):
    """A company among those of a change of many. What changes is nothing of its people."""

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="companies")
    company = models.ForeignKey(Company, models.CASCADE, related_name="+")

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        activity="customer_relationship",
        source="recorded by the register",
        retention=Ends("changes of many companies", "P30D", "created_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the row"),
            "change": NotPersonal("which change of many"),
            "company": NotPersonal("which company"),
            "old": NotPersonal("which colleague or team was responsible before"),
            "made": NotPersonal("number of a row"),
            "outcome": NotPersonal("vocabulary"),
            "undone": NotPersonal("vocabulary"),
            "created_at": NotPersonal("technical time"),
            "ends_at": NotPersonal("when this note is deleted"),
        },
    )

    class Meta:
        verbose_name = _("company in a change of many")
        verbose_name_plural = _("companies in changes of many")
