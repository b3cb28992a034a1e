"""What the audit trail keeps of a search: enough to recognise it, nothing to read."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def fingerprint(text: str) -> str:
    """Return a keyed hash of a search, so that equal searches can be recognised."""
    key = settings.AUDIT_KEY.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]
