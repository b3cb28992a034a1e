"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import companies, contacts, duplicates, exports, imports

__all__ = ["companies", "contacts", "duplicates", "exports", "imports"]
