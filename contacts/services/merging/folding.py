"""Rows that both records have, of which one stays: the same address, the same list.

The one that goes is deleted and stays among the earlier versions, so its table has to
keep its history; the test of merges looks at every table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.db import models
from django.db.models import Q, UniqueConstraint

from contacts.models import Affiliation, ContactPoint, PostalAddress
from contacts.models.interests import Profile
from contacts.services.merging.ways import Way

# How the row that stays takes over what is stricter in the other; returns what changed.
Fold = Callable[[Any, Any], list[str]]


def _fold_points(kept: ContactPoint, gone: ContactPoint) -> list[str]:
    """Let an address be as undeliverable as either row knew it."""
    known = [
        each.undeliverable_since for each in (kept, gone) if each.undeliverable_since
    ]
    if not known or kept.undeliverable_since == min(known):
        return []
    kept.undeliverable_since = min(known)
    return ["undeliverable_since"]


def _fold_roles(kept: Affiliation, gone: Affiliation) -> list[str]:
    """Let a role have the duties of both, and what only the other says."""
    changed = []
    for name in LOOSE[Affiliation]:
        if not getattr(kept, name) and getattr(gone, name):
            setattr(kept, name, getattr(gone, name))
            changed.append(name)
    if missing := [duty for duty in gone.duties if duty not in kept.duties]:
        kept.duties = [*kept.duties, *missing]
        changed.append("duties")
    if gone.is_main and not kept.is_main:
        kept.is_main = True
        changed.append("is_main")
    return changed


def _fold_profiles(kept: Profile, gone: Profile) -> list[str]:
    """Let an objection to profiling stand, and fill what the profile does not say."""
    changed = []
    for name in ("role_level", "industry", "company_size", "objected_at"):
        if not getattr(kept, name) and getattr(gone, name):
            setattr(kept, name, getattr(gone, name))
            changed.append(name)
    return changed


_FOLDS: dict[type[models.Model], Fold] = {
    ContactPoint: _fold_points,
    Affiliation: _fold_roles,
    Profile: _fold_profiles,
}
# No rule forbids two of these, and nobody wants to read them twice.
SAME: dict[type[models.Model], tuple[str, ...]] = {
    Affiliation: ("contact", "company", "valid_to"),
    PostalAddress: ("contact", "street", "postcode", "town", "country"),
}
# What besides is the same in both, or said by one of them alone: a bare role, as a list of
# a trade fair brings it, is no second one beside the role with title and day.
LOOSE: dict[type[models.Model], tuple[str, ...]] = {
    Affiliation: ("job_title", "department", "valid_from"),
}


def rules_of(way: Way) -> Iterator[UniqueConstraint]:
    """Yield by what two rows, one of each record, are one. Rows of ledgers never are."""
    if not way.is_foreign_key:
        return
    yield from way.uniques()
    if way.field in (same := SAME.get(way.model, ())):
        yield UniqueConstraint(fields=same, name=f"same_{way.field}")


def fold(kept: models.Model, gone: models.Model) -> None:
    """Let the row that stays be as strict as either."""
    rule = _FOLDS.get(type(kept))
    changed = rule(kept, gone) if rule else []
    if changed:
        kept.save(update_fields=changed)


def equal_rows(way: Way, constraint: UniqueConstraint, *, kept: Any, gone: Any) -> Any:
    """Yield pairs of rows, one of each record, that may not stand beside each other."""
    others = [name for name in constraint.fields if name != way.field]
    columns = _attnames(way.model, others)
    loose = LOOSE.get(way.model, ()) if constraint.name == f"same_{way.field}" else ()
    rows = way.model._base_manager.filter(constraint.condition or Q())
    mine = defaultdict(list)
    for row in rows.filter(**{way.field: kept}).order_by("pk"):
        mine[tuple(getattr(row, name) for name in columns)].append(row)
    for row in rows.filter(**{way.field: gone}).order_by("pk"):
        fitting = [
            each
            for each in mine[tuple(getattr(row, name) for name in columns)]
            if not any(_differ(each, row, name) for name in loose)
        ]
        if fitting:
            # The one that says the most of the same.
            yield (
                max(
                    fitting,
                    key=lambda each: sum(
                        getattr(each, name) == getattr(row, name) for name in loose
                    ),
                ),
                row,
            )


def _differ(one: Any, other: Any, name: str) -> bool:
    """Whether two rows say something, and not the same."""
    said = {getattr(one, name), getattr(other, name)} - {None, ""}
    return len(said) > 1


def beside_each_other(way: Way, *, kept: Any, gone: Any) -> set[Any]:
    """Return the rows of a ledger that cannot be moved: the other record stands there.

    They keep the key of then, by which the person is still known.
    """
    if way.is_foreign_key:
        return set()
    return {
        row.pk
        for rule in way.uniques()
        if rule.condition is None
        for _mine, row in equal_rows(way, rule, kept=kept, gone=gone)
    }


def flag_of(constraint: UniqueConstraint) -> str:
    """Return the yes-or-no field that only one row of a record may have, if it is that."""
    condition = constraint.condition
    if condition is None or len(condition.children) != 1:
        return ""
    child = condition.children[0]
    return str(child[0]) if isinstance(child, tuple) and child[1] is True else ""


def _attnames(model: type[models.Model], names: list[str]) -> list[str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    return [field.attname for field in fields]
