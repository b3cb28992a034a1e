"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import (
    agreements,
    companies,
    contacts,
    duplicates,
    exports,
    imports,
    words,
)

__all__ = [
    "agreements",
    "companies",
    "contacts",
    "duplicates",
    "exports",
    "imports",
    "words",
]
