"""Remembering what the columns of a file meant, for the next file of the same source."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from django.utils import timezone
from django.utils.crypto import salted_hmac

from contacts.models import ImportMemory
from contacts.services.imports import vocabulary
from contacts.services.imports.targets import TARGETS


def recall(header: Sequence[str]) -> tuple[list[str], datetime.datetime] | None:
    """Return the targets that were chosen for these columns, and when last."""
    found = fingerprint(header)
    memory = ImportMemory.objects.filter(fingerprint=found).first()
    if memory is None:
        return None
    targets = [code if code in TARGETS else "" for code in memory.targets]
    missing = len(header) - len(targets)
    if missing < 0:
        return None
    return [*targets, *[""] * missing], memory.used_at


def remember(header: Sequence[str], targets: Sequence[str]) -> None:
    """Keep the targets for the next file of these columns, if the columns have names."""
    width = len(vocabulary.without_own_columns(header))
    if not any(header[:width]):
        return
    ImportMemory.objects.update_or_create(
        fingerprint=fingerprint(header),
        defaults={"targets": list(targets[:width]), "used_at": timezone.now()},
    )


def fingerprint(header: Sequence[str]) -> str:
    """Return a keyed hash of the names; what our own file adds to them does not count."""
    names = [vocabulary.key(name) for name in vocabulary.without_own_columns(header)]
    hashed = salted_hmac(
        "contacts.imports.memory", json.dumps(names), algorithm="sha256"
    )
    return hashed.hexdigest()
