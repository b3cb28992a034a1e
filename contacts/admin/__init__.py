"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import companies, contacts

__all__ = ["companies", "contacts"]
