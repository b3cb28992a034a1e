"""The words a contact or company is found by. Derived; rebuilt by contacts.services.search_words."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact
from register.datamap import (
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)


class ContactWord(models.Model):
    """One word by whose beginning a contact is found: of a name, address or company."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="words")
    word = models.CharField(max_length=100)

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
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
            # Prefix search; the operator class makes LIKE 'abc%' use the index
            # whatever the collation of the database.
            models.Index(
                fields=["word", "contact"],
                name="contactword_prefix",
                opclasses=["varchar_pattern_ops", "uuid_ops"],
            )
        ]

    def __str__(self) -> str:
        return f"ContactWord {self.pk}"


class CompanyWord(models.Model):
    """One word by whose beginning a company is found: of its name or business id."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="words")
    word = models.CharField(max_length=100)

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        fields={
            "id": NotPersonal("number of the row"),
            "company": NotPersonal("which company"),
            "word": NotPersonal("derived from the company's name and number"),
        },
    )

    class Meta:
        verbose_name = _("search word of a company")
        verbose_name_plural = _("search words of companies")
        indexes = [
            models.Index(
                fields=["word", "company"],
                name="companyword_prefix",
                opclasses=["varchar_pattern_ops", "uuid_ops"],
            )
        ]

    def __str__(self) -> str:
        return f"CompanyWord {self.pk}"
