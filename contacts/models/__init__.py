"""People and companies: who they are and how they belong together."""

from __future__ import annotations

from contacts.models.addresses import ContactPoint, PostalAddress
from contacts.models.agreements import AgreementContact, ServiceAgreement
from contacts.models.bulk import BulkChange, BulkCompany, BulkPerson
from contacts.models.companies import Company
from contacts.models.duplicates import (
    CompanyPair,
    ContactPair,
    Feature,
    MatchKind,
    MatchThreshold,
    MatchWeight,
    Pair,
    Situation,
)
from contacts.models.export_contents import ExportCompany, ExportPerson
from contacts.models.exports import Export, ExportDownload, ExportFile
from contacts.models.external_ids import ExternalId
from contacts.models.import_changes import ImportChange
from contacts.models.import_memory import ImportMemory
from contacts.models.import_sources import ImportSource
from contacts.models.imports import ImportBatch, ImportFile, ImportRow
from contacts.models.information import InformationGiven
from contacts.models.interests import InferredInterest, Interest, Profile
from contacts.models.merges import (
    CompanyMerge,
    CompanyMergedRow,
    ContactMerge,
    ContactMergedRow,
    Merge,
    MergedRow,
)
from contacts.models.people import Contact
from contacts.models.quality import QualityCount
from contacts.models.register_extracts import RegisterExtract
from contacts.models.roles import Affiliation
from contacts.models.search import CompanyWord, ContactWord
from contacts.models.vocabularies import Duty, Service, Topic

__all__ = [
    "Affiliation",
    "AgreementContact",
    "BulkChange",
    "BulkCompany",
    "BulkPerson",
    "Company",
    "CompanyMerge",
    "CompanyMergedRow",
    "CompanyPair",
    "CompanyWord",
    "Contact",
    "ContactMerge",
    "ContactMergedRow",
    "ContactPair",
    "ContactPoint",
    "ContactWord",
    "Duty",
    "Export",
    "ExportCompany",
    "ExportDownload",
    "ExportFile",
    "ExportPerson",
    "ExternalId",
    "Feature",
    "ImportBatch",
    "ImportChange",
    "ImportFile",
    "ImportMemory",
    "ImportRow",
    "ImportSource",
    "InferredInterest",
    "InformationGiven",
    "Interest",
    "MatchKind",
    "MatchThreshold",
    "MatchWeight",
    "Merge",
    "MergedRow",
    "Pair",
    "PostalAddress",
    "Profile",
    "QualityCount",
    "RegisterExtract",
    "Service",
    "ServiceAgreement",
    "Situation",
    "Topic",
]
