"""Staff screens over people and companies."""

from __future__ import annotations

from contacts.admin import (
    agreements,
    bulk,
    companies,
    contacts,
    duplicates,
    exports,
    import_sources,
    imports,
    words,
)

__all__ = [
    "agreements",
    "bulk",
    "companies",
    "contacts",
    "duplicates",
    "exports",
    "import_sources",
    "imports",
    "words",
]
