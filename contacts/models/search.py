"""The words a contact or company is found by. Derived; rebuilt by contacts.services.search_words."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
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


class ContactWord(models.Model):
    """One word by whose beginning a contact is found: of a name, address or company."""

    # Its index is the second one below.
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="words", db_index=False
    )
    word = models.CharField(max_length=100, db_collation="C")

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        is_derived=True,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="derived from the contact",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose word", portability=Portability.INFERRED),
            "word": Personal(
                "word for finding the record", portability=Portability.INFERRED
            ),
        },
    )

    class Meta:
        verbose_name = _("search word of a contact")
        verbose_name_plural = _("search words of contacts")
        indexes = [
            # The collation lets LIKE 'abc%' use the index and come in its order,
            # whatever the collation of the database.
            models.Index(fields=["word", "contact"], name="contactword_prefix"),
            # The words of one contact: whether it has the others searched for.
            models.Index(fields=["contact", "word"], name="contactword_of_contact"),
        ]

    def __str__(self) -> str:
        return f"ContactWord {self.pk}"


class CompanyWord(models.Model):
    """One word by whose beginning a company is found: of its name or business id.

    One more is its whole name after an equals sign, by which imports recognise it.
    """

    company = models.ForeignKey(
        Company, models.CASCADE, related_name="words", db_index=False
    )
    word = models.CharField(max_length=100, db_collation="C")

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        is_derived=True,
        # A part of the company: it goes with it, and stays with it.
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
        activity="customer_relationship",
        source="derived from the company",
        retention=WithParent("company"),
        fields={
            "id": NotPersonal("number of the row"),
            "company": NotPersonal("which company"),
            "word": Personal(
                "word for finding the company", portability=Portability.INFERRED
            ),
        },
    )

    class Meta:
        verbose_name = _("search word of a company")
        verbose_name_plural = _("search words of companies")
        indexes = [
            models.Index(fields=["word", "company"], name="companyword_prefix"),
            models.Index(fields=["company", "word"], name="companyword_of_company"),
        ]

    def __str__(self) -> str:
        return f"CompanyWord {self.pk}"
