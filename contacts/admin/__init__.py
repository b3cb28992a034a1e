"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import companies, contacts, imports

__all__ = ["companies", "contacts", "imports"]
