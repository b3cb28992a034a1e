"""The types bodies are made of. What they let pass, the database can store."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Header, Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)
from pydantic_core import PydanticCustomError

from register.identifiers import (
    InvalidIdentifier,
    normalise_email,
    normalise_phone,
)
from register.identifiers.wording import SENTENCES

LARGEST_ID = 2**63 - 1
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class Body(BaseModel):
    """Base of everything that is sent: no unknown keys, and no NUL in any text.

    PostgreSQL cannot store NUL, and JSON can say it ("\\u0000").
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise PydanticCustomError("nul", _("A text must not contain NUL."))
        return value


def seen_or_none(row: object, name: str) -> Any:
    """Return what is no text of a row as it is seen; a mask says nothing but None."""
    value = getattr(row, name)
    return None if isinstance(value, str) else value


def declared_keys() -> frozenset[str]:
    """Return every name that some body declares; other keys are of the sender's making."""
    kinds, names = [Body], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        names |= set(kind.model_fields)
    return frozenset(names)


def _rfc_3339(value: Any) -> Any:
    # Pydantic alone would read "17" as seventeen seconds after 1970.
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise PydanticCustomError(
            "moment",
            _("Write a time with its offset, such as 2026-03-01T09:30:00+02:00."),
        )
    return value


def _reasonable(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2200:
        raise PydanticCustomError("moment", _("The year cannot be right."))
    return value


def _email(value: str) -> str:
    return _normal(normalise_email, value) if value else value


def _phone(value: str) -> str:
    return _normal(normalise_phone, value) if value else value


def _normal(normalise: Any, value: str) -> str:
    try:
        return str(normalise(value))
    except InvalidIdentifier as error:
        # Braces would be read as a place for a value.
        raise PydanticCustomError(
            "identifier", "{reason}", {"reason": str(SENTENCES[error.code])}
        ) from None


Moment = Annotated[
    AwareDatetime, BeforeValidator(_rfc_3339), AfterValidator(_reasonable)
]
Name = Annotated[str, Field(max_length=100)]
Reference = Annotated[str, Field(max_length=80)]
Email = Annotated[
    str,
    Field(max_length=320, json_schema_extra={"format": "email"}),
    AfterValidator(_email),
]
Phone = Annotated[
    str,
    Field(
        max_length=60,
        description="In any spelling; Finnish unless it begins with + or 00.",
        examples=["+358 40 123 4567"],
    ),
    AfterValidator(_phone),
]

RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
IdempotencyKeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A text of your own, new for every write. Sent again with the same body it gives the same answer and writes nothing.",
    ),
]
