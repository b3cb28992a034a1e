"""What the register keeps about its own running, and about who uses it."""

from __future__ import annotations

from register.models.api_keys import ApiKey, IdempotencyKey
from register.models.audit import AuditEntry, AuditSeal
from register.models.files import FileRemoval
from register.models.holds import Hold
from register.models.jobs import Approval, Job
from register.models.parameters import LegalParameter
from register.models.staff import Role, RoleAssignment, RoleRight, User

__all__ = [
    "ApiKey",
    "Approval",
    "AuditEntry",
    "AuditSeal",
    "FileRemoval",
    "Hold",
    "IdempotencyKey",
    "Job",
    "LegalParameter",
    "Role",
    "RoleAssignment",
    "RoleRight",
    "User",
]
