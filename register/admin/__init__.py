"""Staff screens over the register's own tables."""

from __future__ import annotations

from register.admin import (
    api_keys,
    approvals,
    audit,
    conformance,
    controller,
    elevations,
    holds,
    jobs,
    lookups,
    notices,
    parameters,
    protections,
    staff,
)

__all__ = [
    "api_keys",
    "approvals",
    "audit",
    "conformance",
    "controller",
    "elevations",
    "holds",
    "jobs",
    "lookups",
    "notices",
    "parameters",
    "protections",
    "staff",
]
