"""People and companies: who they are and how they belong together."""

from __future__ import annotations

from contacts.models.companies import Affiliation, Company
from contacts.models.import_memory import ImportMemory
from contacts.models.imports import ImportBatch, ImportFile, ImportRow
from contacts.models.people import Contact, ContactPoint, PostalAddress
from contacts.models.search import CompanyWord, ContactWord

__all__ = [
    "Affiliation",
    "Company",
    "CompanyWord",
    "Contact",
    "ContactPoint",
    "ContactWord",
    "ImportBatch",
    "ImportFile",
    "ImportMemory",
    "ImportRow",
    "PostalAddress",
]
