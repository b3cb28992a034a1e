"""Requests of data subjects and what was done about them."""

from __future__ import annotations

from dsar.models.answers import Finding, Package, package_path
from dsar.models.erasures import ErasurePlan
from dsar.models.events import RequestEvent
from dsar.models.requests import Request, SuspensionReason
from dsar.models.subjects import RequestPerson, RequestRecord

__all__ = [
    "ErasurePlan",
    "Finding",
    "Package",
    "Request",
    "RequestEvent",
    "RequestPerson",
    "RequestRecord",
    "SuspensionReason",
    "package_path",
]
