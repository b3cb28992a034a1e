"""The audit trail: who saw and did what, for which purpose.

Entries carry ids and codes, never values, so erasing a person leaves them true and
whole. They are inserted plainly and sealed afterwards in chained batches: a seal
holds a keyed fingerprint of its entries and of the seal before it. A changed,
missing or inserted entry is found by :func:`verify`; the newest seal is written to
a file outside the database too, so that cutting off the end is found as well.
"""

from __future__ import annotations

from register.audit.anchor import anchor_path
from register.audit.entries import (
    ACTIONS,
    entry_values,
    record,
    record_about,
    record_for_each,
    record_many,
    register_actions,
)
from register.audit.looks import Look, register_looks
from register.audit.sealing import SEAL_BATCH, seal, unsealed
from register.audit.verification import NewestPart, Problem, verify, verify_newest

__all__ = [
    "ACTIONS",
    "SEAL_BATCH",
    "Look",
    "NewestPart",
    "Problem",
    "anchor_path",
    "entry_values",
    "record",
    "record_about",
    "record_for_each",
    "record_many",
    "register_actions",
    "register_looks",
    "seal",
    "unsealed",
    "verify",
    "verify_newest",
]
