"""What an import changes, field by field: shown before, and undone afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.imports import ImportBatch, ImportRow
from contacts.models.people import Contact
from register.datamap import (
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.datamap.declarations import Ends
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class ImportChange(Expiring):
    """One value that a row gives to somebody the register knew already.

    A dry run writes them to be looked at, the import those it has carried out. New
    people need none: their row says all. A company that a file made has one, too,
    which names nobody.
    """

    class Field(models.TextChoices):
        FIRST_NAME = "first_name", _("First name")
        LAST_NAME = "last_name", _("Last name")
        LANGUAGE = "language", _("Language")
        RELATIONSHIP = "relationship", _("Relationship")
        EMAIL = "email", _("E-mail address")
        PHONE = "phone", _("Telephone")
        FIRST_EMAIL = "first_email", _("E-mail address used first")
        FIRST_PHONE = "first_phone", _("Telephone used first")
        ROLE = "role", _("Role at a company")
        JOB_TITLE = "job_title", _("Job title")
        DEPARTMENT = "department", _("Department")
        DUTY = "duty", _("Duty at the company")
        INTEREST = "interest", _("Interest the person named")
        PREFERRED_NAME = "preferred_name", _("Preferred name")
        RESPONSIBLE = "responsible", _("Responsible")
        TEAM = "team", _("Team")
        ADDRESS = "address", _("Postal address")
        EXTERNAL_ID = "external_id", _("Number in another system")
        COMPANY = "company", _("Company")
        BUSINESS_ID = "business_id", _("Business id of the company")

    class Kind(models.TextChoices):
        ADDED = "added", _("added")
        REPLACED = "replaced", _("replaced")

    class Undone(models.TextChoices):
        NOT_ASKED = "", _("not undone")
        DONE = "done", _("undone")
        CHANGED = "changed", _("was changed since")
        GONE = "gone", _("is gone")
        USED = "used", _("is used by now")

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="changes")
    row = models.ForeignKey(
        ImportRow, models.CASCADE, null=True, related_name="changes"
    )
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, related_name="import_changes"
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    field = models.CharField(_("field"), max_length=16, choices=Field)
    old = models.TextField(_("before"), blank=True)
    new = models.TextField(_("after"), blank=True)
    # The number of the added or changed part of the record.
    record = models.CharField(_("record"), max_length=40, blank=True)
    is_written = models.BooleanField(_("written"), default=False)
    undone = models.CharField(
        _("undone"), max_length=8, choices=Undone, default="", blank=True
    )
    created_at = models.DateTimeField(_("time"), default=timezone.now, editable=False)

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        subjects=(
            Subject("person in the row", path="contact", tells_whereabouts=True),
        ),
        activity="customer_relationship",
        source="a file brought in by staff",
        retention=Ends("import_changes", "P30D", "created_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the change"),
            "batch": NotPersonal("which batch"),
            "row": NotPersonal("which row of the file"),
            "contact": Personal("whose data", portability=OBSERVED),
            "kind": NotPersonal("vocabulary"),
            "field": NotPersonal("vocabulary"),
            "old": Personal("the value before"),
            "new": Personal("the value after"),
            "record": NotPersonal("number of a row"),
            "is_written": NotPersonal("technical"),
            "undone": NotPersonal("vocabulary"),
            "created_at": Personal("when it was changed", portability=OBSERVED),
            "ends_at": Personal("when this note is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("change by an import")
        verbose_name_plural = _("changes by imports")

    def __str__(self) -> str:
        return f"ImportChange {self.pk}"
