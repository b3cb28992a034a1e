"""Writing, changing, pinning and deleting notes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import Note
from contacts.models import Company, Contact
from register import audit
from register.actors import Actor
from register.errors import DomainError

audit.register_actions(
    {
        "note.written": _("wrote a note"),
        "note.changed": _("changed a note"),
        "note.pinned": _("pinned a note"),
        "note.unpinned": _("unpinned a note"),
        "note.deleted": _("deleted a note"),
    }
)


@transaction.atomic
def write(
    about: Contact | Company, *, text: str, is_pinned: bool = False, actor: Actor
) -> Note:
    """Write a note about a person or a company. Raises DomainError for a bad text."""
    note = Note(
        **subject_of(about), text=text.strip(), is_pinned=is_pinned, author=actor.user
    )
    clean(note)
    note.save()
    audit.record("note.written", actor=actor, obj=note, subject_id=note.contact_id)
    return note


@transaction.atomic
def change(note: Note, *, text: str, actor: Actor) -> Note:
    """Put another text in the place of the old one, which is gone."""
    locked = _locked(note)
    if locked.text != text.strip():
        locked.text, locked.changed_at = text.strip(), timezone.now()
        clean(locked)
        locked.save()
        _record("note.changed", locked, actor)
    return locked


@transaction.atomic
def pin(note: Note, *, is_pinned: bool, actor: Actor) -> Note:
    """Show the note first, or no longer."""
    locked = _locked(note)
    if locked.is_pinned != is_pinned:
        locked.is_pinned = is_pinned
        locked.save(update_fields=["is_pinned"])
        _record("note.pinned" if is_pinned else "note.unpinned", locked, actor)
    return locked


@transaction.atomic
def delete(note: Note, *, actor: Actor) -> None:
    """Delete a note that should not have been written."""
    locked = _locked(note)
    _record("note.deleted", locked, actor)
    locked.delete()


def subject_of(about: Contact | Company) -> dict[str, Any]:
    """Return the field that says whom or what a row is about."""
    return {"contact" if isinstance(about, Contact) else "company": about}


def clean(row: models.Model) -> None:
    """Check a row whole; raises DomainError with the sentence of the first fault."""
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise DomainError(
            "invalid", messages[0], field="" if field == "__all__" else field
        ) from error


def _locked(note: Note) -> Note:
    found = Note.objects.select_for_update().filter(pk=note.pk).first()
    if found is None:
        raise DomainError("note_gone", _("This note has been deleted meanwhile."))
    return found


def _record(action: str, note: Note, actor: Actor) -> None:
    audit.record(action, actor=actor, obj=note, subject_id=note.contact_id)
