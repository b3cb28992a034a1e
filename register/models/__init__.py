"""What the register keeps about its own running, and about who uses it."""

from __future__ import annotations

from register.models.access import (
    Elevation,
    ElevationRight,
    FieldRule,
    RoleProposal,
    Team,
    TeamMembership,
)
from register.models.api_keys import ApiKey, IdempotencyKey
from register.models.audit import AuditEntry, AuditSeal
from register.models.clock import ClockReading
from register.models.conformance import ConformanceRun
from register.models.controller import Controller
from register.models.files import FileRemoval
from register.models.holds import Hold
from register.models.jobs import Approval, Job
from register.models.lookup_alerts import LookupAlert, LookupOccasion, LookupPerson
from register.models.lookups import (
    LookupDay,
    LookupPosition,
    LookupRule,
    WorkingHours,
)
from register.models.monitoring import Process, TaskTally
from register.models.notices import NoticeRevision
from register.models.overview import OverviewArrangement
from register.models.parameters import LegalParameter
from register.models.protections import AddressProtection, WhereaboutsReader
from register.models.reviews import RightsReview
from register.models.saved_views import ListPreference, SavedView
from register.models.single_sign_on import StaffIdentity
from register.models.staff import Role, RoleAssignment, RoleRight, User

__all__ = [
    "AddressProtection",
    "ApiKey",
    "Approval",
    "AuditEntry",
    "AuditSeal",
    "ClockReading",
    "ConformanceRun",
    "Controller",
    "Elevation",
    "ElevationRight",
    "FieldRule",
    "FileRemoval",
    "Hold",
    "IdempotencyKey",
    "Job",
    "LegalParameter",
    "ListPreference",
    "LookupAlert",
    "LookupDay",
    "LookupOccasion",
    "LookupPerson",
    "LookupPosition",
    "LookupRule",
    "NoticeRevision",
    "OverviewArrangement",
    "Process",
    "RightsReview",
    "Role",
    "RoleAssignment",
    "RoleProposal",
    "RoleRight",
    "SavedView",
    "StaffIdentity",
    "TaskTally",
    "Team",
    "TeamMembership",
    "User",
    "WhereaboutsReader",
    "WorkingHours",
]
