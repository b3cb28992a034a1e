"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import companies, contacts, exports, imports

__all__ = ["companies", "contacts", "exports", "imports"]
