"""Makes the jobs of this app known to the worker."""

from __future__ import annotations

from contacts.services.imports import runs, staging

__all__ = ["runs", "staging"]
