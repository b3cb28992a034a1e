"""Whom and what a request was found to be about."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models.requests import OBSERVED, OF_REQUEST, Request
from register.datamap import (
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Subject,
    WithParent,
)


class RequestPerson(models.Model):
    """A contact that the request was found to be about, by UUID: it outlives the contact."""

    request = models.ForeignKey(Request, models.CASCADE, related_name="people")
    subject_id = models.UUIDField(_("person"), db_index=True)
    confirmed_at = models.DateTimeField(_("confirmed"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(Subject("who asked", by_id="subject_id", erasure=Erasure.KEEP),),
        activity="data_subject_rights",
        source="the person",
        retention=WithParent("request"),
        fields={
            "id": NotPersonal("number of the row"),
            "request": Personal(
                "which request",
                erasure=Erasure.KEEP,
                keep=OF_REQUEST,
            ),
            "subject_id": Personal(
                "which contact",
                erasure=Erasure.KEEP,
                keep=OF_REQUEST,
            ),
            "confirmed_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("person of a request")
        verbose_name_plural = _("persons of requests")
        constraints = [
            models.UniqueConstraint(
                fields=["request", "subject_id"], name="requestperson_once"
            )
        ]

    def __str__(self) -> str:
        return f"RequestPerson {self.pk}"


class RequestRecord(models.Model):
    """A record that leads to no contact and was found to be about the person.

    For example a call from a number that nobody in the register has.
    """

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(Request, models.CASCADE, related_name="records")
    table = models.CharField(_("table"), max_length=60)
    row_key = models.CharField(_("row"), max_length=40)
    confirmed_at = models.DateTimeField(_("confirmed"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(Subject("who asked", path="request__people", by_id="subject_id"),),
        activity="data_subject_rights",
        source="recorded by the data protection officer",
        retention=WithParent("request"),
        fields={
            "id": NotPersonal("number of the row"),
            "request": Personal("which request", portability=OBSERVED),
            "table": Personal("kind of record that is yours", portability=OBSERVED),
            "row_key": Personal("number of the record", portability=OBSERVED),
            "confirmed_at": Personal("when it was found", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("record without a contact")
        verbose_name_plural = _("records without a contact")
        ordering = ["table", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "table", "row_key"], name="requestrecord_once"
            )
        ]

    def __str__(self) -> str:
        return f"RequestRecord {self.pk}"
