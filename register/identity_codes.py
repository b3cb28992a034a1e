"""Personal identity codes are kept out of every text (tietosuojalaki 1050/2018, 29 §).

The register has no purpose for them, yet people type them: into notes, names and chats.
So every door asks here. Forms and models refuse with a sentence, the HTTP interface with
a code and the place, an import row by row; a row of free text is asked about by the
database once more (:mod:`register.database.identity_codes`). What refuses never repeats
the code, and before a page is looked at, the code in its form has become
:data:`MASK` (:class:`register.middleware.IdentityCodes`), so that no view, session,
message or error report can hold it.

In which forms they are known, :mod:`register.identifiers.personal_identity_codes` says.

Codes of other countries are not looked for: a Swedish one is a date and four digits of
which every tenth has the right check digit, and so are many Finnish telephone numbers.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from register.errors import DomainError
from register.identifiers import find_personal_identity_codes

CODE = "personal_identity_code"
# No longer than the shortest code, so that a text that fits fits still.
MASK = "******-***"
SENTENCE = _(
    "This looks like a personal identity code. The register does not keep them; remove it."
)


@dataclasses.dataclass(slots=True)
class Submission:
    """What is being submitted now: whether a code was masked in it, and was refused."""

    is_masked: bool = False
    is_refused: bool = False


_submission: ContextVar[Submission | None] = ContextVar("submission", default=None)


def holds_code(text: str) -> bool:
    """Whether a code stands in ``text``, or stood there before the form was masked."""
    submission = _submission.get()
    if submission is not None and submission.is_masked and MASK in text:
        submission.is_refused = True
        return True
    return bool(find_personal_identity_codes(text))


def refuse(text: str, *, field: str = "") -> None:
    """Raise DomainError if a code stands in ``text``; for services that write without a form."""
    if holds_code(text):
        raise DomainError(CODE, SENTENCE, field=field)


def validate(value: Any) -> None:
    """Raise ValidationError if a code stands in a text; for fields of forms and models."""
    if isinstance(value, str) and holds_code(value):
        raise ValidationError(SENTENCE, CODE)


def masked(text: str) -> str:
    """Return ``text`` with every code replaced."""
    for start, end in reversed(find_personal_identity_codes(text)):
        text = text[:start] + MASK + text[end:]
    return text


def masked_cells(cells: list[str]) -> list[str]:
    """Return the cells of a row masked; all are looked at together, which is faster."""
    # What stands between cells belongs to no code; twice, because one character beyond
    # a code may be looked at.
    if not find_personal_identity_codes("\x1f\x1f".join(cells)):
        return cells
    return [masked(cell) for cell in cells]


def places(value: Any, declared: Collection[str], path: str = "") -> Iterator[str]:
    """Yield where codes stand in decoded JSON: ``lines.3.text``.

    Only keys that are ``declared`` are named; what stands in or under another is told
    by the object that has it, because the sender may have made it of anything.
    """
    if isinstance(value, str):
        if find_personal_identity_codes(value):
            yield path or "body"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in declared:
                yield from places(inner, declared, f"{path}.{key}" if path else key)
            elif find_personal_identity_codes(key) or any(places(inner, declared)):
                yield path or "body"
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            place = f"{path}.{index}" if path else str(index)
            yield from places(inner, declared, place)


def masked_json(value: Any) -> Any:
    """Return decoded JSON with every code in its texts replaced; names of keys stay."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked_json(inner) for inner in value]
    return value


@contextlib.contextmanager
def submission() -> Iterator[Submission]:
    """Tell the checks inside that a form is being submitted."""
    current = Submission()
    token = _submission.set(current)
    try:
        yield current
    finally:
        _submission.reset(token)


def note_masked() -> None:
    """Say that a code of the form being submitted has become :data:`MASK`."""
    submission = _submission.get()
    if submission is not None:
        submission.is_masked = True


def guard_forms() -> None:
    """Make every text field of every form refuse codes; no form needs to think of it."""
    kinds: list[Any] = [forms.CharField, *forms.CharField.__subclasses__()]
    for kind in kinds:
        # Kinds such as EmailField have a list of their own instead.
        if validate not in kind.default_validators:
            kind.default_validators = [*kind.default_validators, validate]


def guard_models() -> None:
    """Make every text field of every declared model refuse codes when it is validated."""
    from register.datamap.graph import all_models

    for model in all_models():
        if "data_map" not in model.__dict__:
            continue
        for field in model._meta.concrete_fields:
            each = field.base_field if isinstance(field, ArrayField) else field
            if _is_typed(each) and validate not in each.validators:
                # Not through validators=: migrations would want to know of it.
                each.__dict__["validators"] = [*each.validators, validate]


def _is_typed(field: Any) -> bool:
    is_text = isinstance(field, models.CharField | models.TextField)
    return is_text and not field.choices and field.name != "password"
