"""Who and what stands in an export: fixed when it is ordered, known as long as it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.exports import Export
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

OBSERVED = Portability.OBSERVED


class ExportPerson(models.Model):
    """Somebody whose data an export holds: where it went must be known (Art. 15(1)(c))."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="people")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")

    data_map: ClassVar = ModelMap(
        category=Category.EXPORTS,
        subjects=(Subject("person in the export", path="contact"),),
        activity="accountability",
        source="recorded by the register",
        retention=WithParent("export"),
        fields={
            "id": NotPersonal("number of the row"),
            "export": Personal("which export you were in", portability=OBSERVED),
            "contact": Personal("who was in it", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("person in an export")
        verbose_name_plural = _("people in exports")

    def __str__(self) -> str:
        return f"ExportPerson {self.pk}"


class ExportCompany(models.Model):
    """A company that stands in an export; a customer who is a person is also a person in it."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="companies")
    company = models.ForeignKey(Company, models.CASCADE, related_name="+")

    data_map: ClassVar = ModelMap(
        category=Category.EXPORTS,
        # A part of the customer: it goes with it, and stays with it.
        subjects=(
            Subject(
                "sole trader",
                path="company__affiliations__contact",
                when=("company__kind", "sole_trader"),
                erasure=Erasure.SCRUB,
            ),
            Subject(
                "consumer",
                path="company__affiliations__contact",
                when=("company__kind", "consumer"),
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="accountability",
        source="recorded by the register",
        retention=WithParent("export"),
        fields={
            "id": NotPersonal("number of the row"),
            "export": Personal("which export it was in", portability=OBSERVED),
            "company": Personal("which customer was in it", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("company in an export")
        verbose_name_plural = _("companies in exports")

    def __str__(self) -> str:
        return f"ExportCompany {self.pk}"
