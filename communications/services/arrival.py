"""What may come in at all: nothing that is over already, and nothing from the future."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, models, transaction
from django.utils.translation import gettext_lazy as _
from psycopg import errors as pg

from register import identity_codes
from register.clocks import agreed_now
from register.database.scopes import ADD_POLICY, VIEW_POLICY
from register.datamap import Ends
from register.datamap.graph import graph
from register.errors import Conflict, DomainError
from register.periods import Period, ends_at

# Clocks of two systems differ by no more than this.
CLOCKS_DIFFER_BY = timedelta(minutes=5)


def check_times(
    started_at: datetime, ended_at: datetime | None, *, at: datetime | None = None
) -> None:
    """Refuse an end before the beginning, and times that have not been yet.

    An end in the future would lengthen the period that is counted from it.
    """
    latest = (at or agreed_now()) + CLOCKS_DIFFER_BY
    for field, moment in (("started_at", started_at), ("ended_at", ended_at)):
        if moment is not None and moment > latest:
            raise DomainError(
                "in_future",
                _("This time has not been yet. Check the clock of the sending system."),
                field=field,
            )
    if ended_at is not None and ended_at < started_at:
        raise DomainError(
            "ends_before_start",
            _("The end is before the beginning."),
            field="ended_at",
        )


def check_not_over(
    model: type[models.Model],
    anchor: datetime,
    *,
    field: str = "ended_at",
    at: datetime | None = None,
) -> None:
    """Refuse what its retention period would not let stay for a moment."""
    retention = graph().of(model).map.retention
    assert isinstance(retention, Ends)  # noqa: S101 - expiring tables declare it
    if ends_at(anchor, Period.parse(retention.period)) <= (at or agreed_now()):
        raise _over(field)


BEYOND_REACH = (ADD_POLICY, VIEW_POLICY)


@contextlib.contextmanager
def storing(
    conflicts: Mapping[str, Conflict], *, field: str = "ended_at"
) -> Iterator[None]:
    """Give refusals of the database their sentences.

    ``conflicts`` says what a unique constraint means. A row that became due between the
    check and the insert is refused by row security; it is due all the same. One that is
    beyond the reach of who sends it is refused as such: it must not be thought too old.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        cause = error.__cause__
        name = cause.diag.constraint_name if isinstance(cause, pg.Error) else None
        if name is not None and name in conflicts:
            raise conflicts[name] from None
        raise
    except ProgrammingError as error:
        cause = error.__cause__
        if isinstance(cause, pg.InsufficientPrivilege) and not any(
            policy in str(cause.diag.message_primary) for policy in BEYOND_REACH
        ):
            raise _over(field) from None
        raise


def clean(obj: models.Model) -> None:
    """Validate the fields of a new row; raise DomainError without what was sent."""
    try:
        obj.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        for name, found in sorted(error.error_dict.items()):
            if any(each.code == identity_codes.CODE for each in found):
                raise DomainError(
                    identity_codes.CODE, identity_codes.SENTENCE, field=name
                ) from None
        raise DomainError(
            "invalid",
            _("This value cannot be stored. Check its form and its length."),
            field=sorted(error.message_dict)[0],
        ) from None


def external_id_taken() -> Conflict:
    """Return the refusal of a number that another record has."""
    return Conflict(
        "external_id_taken",
        _(
            "There is a record with this number of the sending system already. It cannot be sent twice."
        ),
        field="external_id",
    )


def _over(field: str) -> DomainError:
    return DomainError(
        "past_retention",
        _(
            "The retention period of this record is over, so it is not taken in. Do not send it again."
        ),
        field=field,
    )
