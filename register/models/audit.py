"""The audit trail: entries of ids and codes, and the seals that chain them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Access,
    Category,
    Erasure,
    Keep,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)

ACCOUNTABILITY = Keep("GDPR Art. 5(2)", "P5Y", "at")
KEPT: dict[str, Any] = {
    "erasure": Erasure.KEEP,
    "keep": ACCOUNTABILITY,
    "portability": Portability.OBSERVED,
}


class AuditEntry(models.Model):
    """One thing somebody saw or did. Never changed, and holds no personal values."""

    class Actor(models.TextChoices):
        STAFF = "staff", _("member of staff")
        API_KEY = "api_key", _("API key")
        PERSON = "person", _("the person")
        SYSTEM = "system", _("the system")

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("time"), default=timezone.now)
    action = models.CharField(_("action"), max_length=60)
    actor_kind = models.CharField(_("kind of actor"), max_length=10, choices=Actor)
    actor_id = models.CharField(_("actor"), max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    object_type = models.CharField(_("kind of record"), max_length=60, blank=True)
    object_id = models.CharField(_("record"), max_length=40, blank=True)
    subject_id = models.UUIDField(_("person"), null=True, blank=True)
    request_id = models.UUIDField(_("request"), default=uuid.uuid4)
    details = models.JSONField(_("details"), default=dict, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.AUDIT,
        append_only=True,
        subjects=(
            Subject("whose data was used", by_id="subject_id", erasure=Erasure.KEEP),
        ),
        activity="accountability",
        source="recorded by the register",
        retention=Reviewed("audit", "accountability, GDPR Art. 5(2)", "P5Y", "at"),
        fields={
            "id": NotPersonal("number of the entry"),
            "at": Personal("when your data was used", **KEPT),
            "action": Personal("what was done", **KEPT),
            "purpose": Personal("for which purpose", **KEPT),
            "object_type": Personal("kind of record", **KEPT),
            "object_id": Personal("number of the record", **KEPT),
            "subject_id": Personal("whose data", **KEPT),
            "actor_kind": Personal("staff, a system or yourself", **KEPT),
            "actor_id": Personal(
                "which member of staff",
                access=Access.WITHHOLD,
                ground="rights of the employee, CJEU C-579/21",
                **KEPT,
            ),
            "request_id": NotPersonal("groups the entries of one action"),
            "details": Keys(
                {
                    "fields": Personal("which fields were changed", **KEPT),
                    "count": NotPersonal("a number of records"),
                    "counts": NotPersonal("numbers of records by table"),
                    "query": NotPersonal("keyed hash of a search, not the words"),
                    "role": NotPersonal("code of a role"),
                    "right": NotPersonal("category and action of a right"),
                    "rule": NotPersonal("code of a rule"),
                    "reason": NotPersonal("code of a reason"),
                    "revision": NotPersonal("revision of the data map"),
                    "sha256": NotPersonal("fingerprint of a file"),
                    "state": NotPersonal("code of a state"),
                    "kind": NotPersonal("code of a kind"),
                }
            ),
        },
    )

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ["-id"]
        indexes = [
            # The read log of one person, newest first.
            models.Index(
                fields=["subject_id", "-id"],
                name="auditentry_of_subject",
                condition=models.Q(subject_id__isnull=False),
            ),
            models.Index(fields=["at"], name="auditentry_at"),
            # The history of one record, and a search by its number.
            models.Index(
                fields=["object_id", "object_type", "id"],
                name="auditentry_of_object",
                condition=~models.Q(object_id=""),
            ),
            # What one account did. Each more would cost every entry a tenth again.
            models.Index(fields=["actor_id", "id"], name="auditentry_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class AuditSeal(models.Model):
    """A link of the chain: the fingerprint of a batch of entries and of the link before.

    ``entry_ids`` lists the covered entries as ranges, because transactions commit out
    of order and a number may never be used.
    """

    id = models.BigAutoField(primary_key=True)
    sealed_at = models.DateTimeField(_("sealed"), default=timezone.now)
    entry_ids = models.JSONField(_("entries"))
    entry_count = models.PositiveIntegerField(_("number of entries"))
    digest = models.CharField(_("fingerprint"), max_length=64)
    previous = models.CharField(_("fingerprint before"), max_length=64)

    data_map: ClassVar = ModelMap(
        category=Category.AUDIT,
        append_only=True,
        fields={
            "id": NotPersonal("number of the seal"),
            "sealed_at": NotPersonal("when the batch was sealed"),
            "entry_ids": NotPersonal("ranges of entry numbers"),
            "entry_count": NotPersonal("a number of entries"),
            "digest": NotPersonal("fingerprint over ids and codes"),
            "previous": NotPersonal("fingerprint of the seal before"),
        },
    )

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"AuditSeal {self.pk}"
