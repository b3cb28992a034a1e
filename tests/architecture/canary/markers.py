"""Unique values that give themselves away wherever they turn up again.

Each marker is made for one field of one row and remembers whose it is. Its ``needle``
is the text by which it is found in a dump, a file or a package.
"""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

from register.datamap.declarations import Personal
from register.datamap.vocabulary import Identifier

# Shorter fields hold codes: no text in them could be told from others.
SHORTEST = 8


class NoMarker(Exception):
    """The canary does not know how to mark a field: teach it here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Marker:
    """A marker in its place."""

    owner: str
    label: str
    role: str
    field: str
    needle: str
    personal: Personal
    key: Any = None


class Mint:
    """Makes values that never occur twice."""

    def __init__(self, after: int = 0) -> None:
        self._number = after
        self._start = timezone.now().replace(microsecond=0) - timedelta(days=1)

    def value(
        self, field: models.Field[Any, Any], personal: Personal, *, wants_phone: bool
    ) -> tuple[Any, str]:
        """Return a value for ``field`` and its needle.

        Raises :class:`NoMarker` for a kind of field that nobody has thought about.
        """
        self._number += 1
        number = self._number
        if isinstance(field, models.FileField):
            needle = f"zq{number:05d}x"
            path = f"canary/{uuid.uuid4()}"
            return default_storage.save(path, ContentFile(needle.encode())), needle
        if isinstance(field, ArrayField):
            _value, needle = self.value(field.base_field, personal, wants_phone=False)
            return [needle], needle
        if isinstance(field, models.CharField | models.TextField):
            return self._text(personal, number, wants_phone=wants_phone)
        if isinstance(field, models.DateTimeField):
            moment = self._moment(number)
            return moment, moment.strftime("%M:%S.%f")
        if isinstance(field, models.DateField):
            day = date(1901, 1, 1) + timedelta(days=number)
            return day, day.isoformat()
        if isinstance(field, models.IntegerField):
            # Seven apart: the next number that the register gives is nobody's marker.
            return 770_000_000 + 7 * number, str(770_000_000 + 7 * number)
        raise NoMarker(
            f"{field.model._meta.label}.{field.name} ({type(field).__name__})"
        )

    def token(self) -> str:
        """Return a marker for a value under a key of a JSON field."""
        self._number += 1
        return f"zq{self._number:05d}x"

    def _text(
        self, personal: Personal, number: int, *, wants_phone: bool
    ) -> tuple[str, str]:
        kinds = personal.identifies
        if Identifier.PHONE in kinds and (wants_phone or Identifier.EMAIL not in kinds):
            national = f"50{number:07d}"
            return f"+358{national}", national
        if Identifier.EMAIL in kinds:
            return f"zq{number:05d}x@canary.example", f"zq{number:05d}x"
        if Identifier.NAME in kinds:
            return (name := f"Zq{_letters(number)}nen"), name
        return (token := f"zq{number:05d}x"), token

    def _moment(self, number: int) -> datetime:
        # Minutes, seconds and fractions are the same in every time zone.
        return self._start + timedelta(
            seconds=number, microseconds=100_003 + 10 * number
        )


def why_unmarked(field: models.Field[Any, Any], name: str) -> str:
    """Return why no text of its own fits into a field; empty if one does."""
    if field.is_relation or isinstance(field, models.UUIDField):
        return "points at a row"
    if field.name == "ends_at":
        return "written by the database from another field"
    if field.primary_key:
        return "number of the row"
    if field.choices:
        return "vocabulary"
    if isinstance(field, models.BooleanField):
        return "yes or no"
    length = getattr(field, "max_length", None)
    if isinstance(field, models.CharField) and length and length < SHORTEST:
        return "a code"
    return ""


def _letters(number: int) -> str:
    """Return a number in letters, because names have no digits."""
    digits = []
    for _place in range(4):
        number, rest = divmod(number, 20)
        digits.append("bcdfghjklmnpqrstvwxz"[rest])
    return "a".join(reversed(digits))
