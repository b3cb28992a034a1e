"""What an erasure is going to do, and what it did."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models.requests import Request
from register.datamap import (
    Access,
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)

OBSERVED = Portability.OBSERVED


class ErasurePlan(models.Model):
    """What an erasure will do, what it did, and what the search afterwards found.

    Counts, codes and dates only: it is the record of the erasure, without the person.
    What the search needs between the erasure and its end stands in
    ``sealed_identifiers``, encrypted with a key that is not in the database.
    """

    request = models.OneToOneField(Request, models.CASCADE, related_name="plan")
    revision = models.CharField(_("revision of the data map"), max_length=16)
    # One line for each table and verdict:
    # {table, verdict, rows, files, law, until, fields}.
    lines = models.JSONField(_("plan"), default=list)
    # Keys of other people's rows that mention the person, by table; emptied when
    # they have been rewritten.
    mentions = models.JSONField(_("mentions in other records"), default=dict)
    includes_namesakes = models.BooleanField(
        _("also remove mere mentions of the name"), default=False
    )
    fingerprint = models.CharField(_("fingerprint of the plan"), max_length=64)
    planned_at = models.DateTimeField(_("planned"), default=timezone.now)
    executed_at = models.DateTimeField(_("executed"), null=True, blank=True)
    deleted = models.JSONField(_("deleted rows by table"), default=dict)
    rewritten = models.PositiveIntegerField(_("rows with mentions removed"), default=0)
    files_removed = models.PositiveIntegerField(_("files removed"), default=0)
    sealed_identifiers = models.TextField(
        _("identifiers, encrypted"), blank=True, default="", editable=False
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    # Where identifiers were still found: {place: count}; empty when nothing was.
    left_over = models.JSONField(_("found after the erasure"), default=dict)
    # What the DPO judged to be lawful there, with the same shape.
    acknowledged = models.JSONField(_("judged to be lawful"), default=dict)
    places_searched = models.PositiveIntegerField(_("places searched"), default=0)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(
            Subject(
                "who asked",
                path="request__people",
                by_id="subject_id",
                erasure=Erasure.KEEP,
            ),
        ),
        activity="data_subject_rights",
        source="made from the register",
        retention=WithParent("request"),
        fields={
            "id": NotPersonal("number of the plan"),
            "request": NotPersonal("which request"),
            "revision": NotPersonal("revision of the data map"),
            "lines": NotPersonal("numbers of rows, codes and dates by table"),
            "mentions": NotPersonal("keys of records of others"),
            "includes_namesakes": NotPersonal("a choice of the officer"),
            "fingerprint": NotPersonal("fingerprint of numbers"),
            "planned_at": NotPersonal("technical time"),
            "executed_at": NotPersonal("technical time"),
            "deleted": NotPersonal("numbers of rows by table"),
            "rewritten": NotPersonal("a number of rows"),
            "files_removed": NotPersonal("a number of files"),
            "sealed_identifiers": Personal(
                "your name and addresses, encrypted, until the search after the erasure is over",
                access=Access.WITHHOLD,
                ground="a copy of what this package holds",
                portability=OBSERVED,
                erasure=Erasure.BLANK,
            ),
            "verified_at": NotPersonal("technical time"),
            "left_over": NotPersonal("numbers of finds by place"),
            "acknowledged": NotPersonal("numbers of finds by place"),
            "places_searched": NotPersonal("a number of places"),
        },
    )

    class Meta:
        verbose_name = _("erasure plan")
        verbose_name_plural = _("erasure plans")

    def __str__(self) -> str:
        return f"ErasurePlan {self.pk}"
