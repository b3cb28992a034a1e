"""Merges of two records into one, and what each moved, so that it can be undone."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.duplicates import NATURAL_PERSONS
from contacts.models.people import Contact
from register.datamap import (
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)

_OBSERVED: dict[str, Any] = {"portability": Portability.OBSERVED}


class Merge(models.Model):
    """One record went into another. What it held is among the earlier versions.

    The row is the order, too: a worker carries it out, because it must also move what
    the web does not see.
    """

    class State(models.TextChoices):
        ORDERED = "ordered", _("ordered")
        DONE = "done", _("merged")
        REFUSED = "refused", _("not merged")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    # Also the number of the action that its earlier versions share.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Of the record that goes: it does not exist meanwhile.
    gone_id = models.UUIDField(_("record that went"), db_index=True)
    # Which it went into, should that go into another one later.
    kept_then = models.UUIDField(_("record that stayed"))
    # What is taken from the record that goes where both say something.
    taken = ArrayField(
        models.CharField(max_length=64), verbose_name=_("taken over"), default=list
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.ORDERED
    )
    refusal = models.CharField(_("why not"), max_length=40, blank=True)
    # Undoing: fields that were changed after the merge and stayed as they were.
    left = ArrayField(
        models.CharField(max_length=64), verbose_name=_("not undone"), default=list
    )
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    ordered_at = models.DateTimeField(_("ordered"), default=timezone.now)
    merged_at = models.DateTimeField(_("merged"), null=True)
    undone_at = models.DateTimeField(_("undone"), null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {str(self.pk)[:8]}"

    @classmethod
    def of(cls) -> type[models.Model]:
        """Return the model of the two records."""
        field: Any = next(f for f in cls._meta.fields if f.name == "kept")
        model: type[models.Model] = field.related_model
        return model


class MergedRow(models.Model):
    """A row that a merge moved from one record to the other, or added.

    Never a value of a person: those are among the earlier versions.
    """

    id = models.BigAutoField(primary_key=True)
    label = models.CharField(_("table"), max_length=80)
    # Empty: the merge added the row.
    column = models.CharField(_("column"), max_length=64, blank=True)
    row_key = models.CharField(_("row"), max_length=40)
    # Numbers of records, or an instant; empty for none.
    was = models.CharField(_("before"), max_length=40, blank=True)
    became = models.CharField(_("after"), max_length=40, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


_MERGE: dict[str, Personal | NotPersonal] = {
    "id": NotPersonal("number of the merge"),
    "gone_id": Personal("number of the record that went", **_OBSERVED),
    "kept_then": NotPersonal("number of the record that stayed"),
    "kept": Personal("into which record it went", **_OBSERVED),
    "taken": NotPersonal("names of fields"),
    "state": NotPersonal("vocabulary"),
    "refusal": NotPersonal("code of a reason"),
    "left": NotPersonal("names of fields"),
    "ordered_by": NotPersonal(
        "account that ordered it; the audit trail answers for it"
    ),
    "ordered_at": NotPersonal("technical time"),
    "merged_at": Personal("when two records of you became one", **_OBSERVED),
    "undone_at": Personal("when that was undone", **_OBSERVED),
}
_ROW: dict[str, Personal | NotPersonal] = {
    "id": NotPersonal("number of the row"),
    "merge": Personal("which merge moved it", **_OBSERVED),
    "label": NotPersonal("name of a table"),
    "column": NotPersonal("name of a column"),
    "row_key": NotPersonal("number of a row that is in the map itself"),
    "was": Personal("to which of the records it belonged", **_OBSERVED),
    "became": Personal("to which it belonged then", **_OBSERVED),
}


class ContactMerge(Merge):
    """Two records of one person became one."""

    kept = models.ForeignKey(
        Contact, models.CASCADE, related_name="merges", verbose_name=_("record")
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("whose records were merged", path="kept"),),
        activity="customer_relationship",
        source="recorded by staff",
        retention=WithParent("kept"),
        fields=_MERGE,
    )

    class Meta:
        verbose_name = _("merge of contacts")
        verbose_name_plural = _("merges of contacts")
        ordering = ["-ordered_at"]
        indexes = [
            models.Index(fields=["ordered_at", "id"], name="contactmerge_newest")
        ]


class ContactMergedRow(MergedRow):
    """A row that the merge of two contacts moved."""

    merge = models.ForeignKey(ContactMerge, models.CASCADE, related_name="rows")

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("whose records were merged", path="merge__kept"),),
        activity="customer_relationship",
        source="recorded by the merge",
        retention=WithParent("merge"),
        fields=_ROW,
    )

    class Meta:
        verbose_name = _("row moved by a merge")
        verbose_name_plural = _("rows moved by merges")


class CompanyMerge(Merge):
    """Two records of one company became one."""

    kept = models.ForeignKey(
        Company, models.CASCADE, related_name="merges", verbose_name=_("record")
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        subjects=tuple(
            Subject(
                role,
                path="kept__affiliations__contact",
                when=("kept__kind", kind.value),
                erasure=Erasure.SCRUB,
            )
            for role, kind in NATURAL_PERSONS
        ),
        activity="customer_relationship",
        source="recorded by staff",
        retention=WithParent("kept"),
        fields=_MERGE,
    )

    class Meta:
        verbose_name = _("merge of companies")
        verbose_name_plural = _("merges of companies")
        ordering = ["-ordered_at"]
        indexes = [
            models.Index(fields=["ordered_at", "id"], name="companymerge_newest")
        ]


class CompanyMergedRow(MergedRow):
    """A row that the merge of two companies moved."""

    merge = models.ForeignKey(CompanyMerge, models.CASCADE, related_name="rows")

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        subjects=tuple(
            Subject(
                role,
                path="merge__kept__affiliations__contact",
                when=("merge__kept__kind", kind.value),
                erasure=Erasure.SCRUB,
            )
            for role, kind in NATURAL_PERSONS
        ),
        activity="customer_relationship",
        source="recorded by the merge",
        retention=WithParent("merge"),
        fields=_ROW,
    )

    class Meta:
        verbose_name = _("row of a company moved by a merge")
        verbose_name_plural = _("rows of companies moved by merges")
