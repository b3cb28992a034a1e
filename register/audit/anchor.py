"""The file outside the database that names the newest seal."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from register.models import AuditSeal


def anchor_path() -> Path:
    """Return the file that names the newest seal; keep it on another machine's disk."""
    return Path(settings.AUDIT_ANCHOR_FILE)


def read_anchor() -> dict[str, Any] | None:
    """Return the newest seal that the file knows (``seal``, ``digest``), if there is one."""
    try:
        anchor: dict[str, Any] = json.loads(anchor_path().read_text())
    except FileNotFoundError:
        return None
    return anchor


def write_anchor(seal: AuditSeal) -> None:
    """Name a seal in the file, unless a later one stands there already."""
    path = anchor_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Sealers queue up for sealing, but not between their commit and this file. The lock
    # lies in a file of its own, because the other is replaced.
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read_anchor()
        if known is not None and known["seal"] >= seal.pk:
            return
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps({"seal": seal.pk, "digest": seal.digest}))
        draft.replace(path)
