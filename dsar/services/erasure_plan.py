"""What an erasure would do, in numbers: the plan that two people decide about."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request
from dsar.scope import Scope
from dsar.services.erasure_claims import CLAIMED, Claims, read_claims
from dsar.services.erasure_identity import Gathered
from dsar.services.erasure_mentions import Found
from dsar.services.erasure_reasons import reasons
from dsar.services.erasure_rows import Selection, file_count
from dsar.services.erasure_sql import Keys
from register.datamap.declarations import Ends, Keep, WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure
from register.errors import DomainError
from register.identifiers import try_normalise_email, try_normalise_phone
from register.periods import HELSINKI, Period, ends_at

# Verdicts of lines about rows that are not the person's own.
MENTION, NAMESAKE, UNDECIDED = "mention", "namesake", "undecided"

Line = dict[str, Any]


def lines(selection: Selection, found: Found) -> list[Line]:
    """Return one line for each table and verdict; no values, no keys."""
    made: list[Line] = []
    for label, keys in selection.delete.items():
        made.append(
            _line(
                label, Erasure.DELETE_ROW, keys, files=file_count(graph()[label], keys)
            )
        )
    for label, keys in selection.rewrite.items():
        made.append(_line(label, Erasure.SCRUB, keys))
    for label, keys in selection.keep.items():
        made.append(_kept_line(graph()[label], keys))
    besides = reasons(selection)
    for entry, keys in selection.staying():
        if emptied := keys - besides.get(entry.label, set()):
            made += _field_lines(entry, emptied)
    for verdict, rows in (
        (MENTION, found.certain),
        (NAMESAKE, found.namesakes),
        (UNDECIDED, found.undecided),
    ):
        made += [_line(label, verdict, keys) for label, keys in rows.items()]
    return made


def fingerprint(selection: Selection, plan: ErasurePlan) -> str:
    """Return a fingerprint of everything two people agree to: rules, rows, choices.

    Kept rows are left out: the ledgers grow with every look at the request. Earlier
    versions, too: a corrected address changes nothing about what was agreed.
    """
    content = [
        graph().revision,
        plan.includes_namesakes,
        _plain(_without_versions(selection.delete)),
        _plain(_without_versions(selection.rewrite)),
        plan.mentions,
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_versions(keys: Keys) -> Keys:
    return {
        label: found
        for label, found in keys.items()
        if not graph()[label].map.versions_of
    }


def stored_mentions(found: Found) -> dict[str, dict[str, list[Any]]]:
    """Return the keys of rows that mention the person, as JSON."""
    return {
        MENTION: _plain(found.certain),
        NAMESAKE: _plain(found.namesakes),
        UNDECIDED: _plain(found.undecided),
    }


def mentioning_rows(plan: ErasurePlan) -> Keys:
    """Return the rows of others that the plan rewrites."""
    verdicts = [MENTION, NAMESAKE] if plan.includes_namesakes else [MENTION]
    found: Keys = {}
    for verdict in verdicts:
        for label, keys in plan.mentions.get(verdict, {}).items():
            to_python = graph()[label].model._meta.pk.to_python
            found.setdefault(label, set()).update(map(to_python, keys))
    return found


def obstacles(
    request: Request, scope: Scope, selection: Selection, gathered: Gathered
) -> list[DomainError]:
    """Return what stands in the way of the erasure, each with what to do about it."""
    found = []
    claims, waiting = _claims_and_requests()
    if _claimed(claims, scope, selection):
        found.append(
            DomainError(
                "on_hold",
                _(
                    "A legal claim or an order of an authority holds records that this erasure would delete. Release the hold first if its reason is over; otherwise close the request as refused (Art. 17(3))."
                ),
            )
        )
    if _is_access_open(waiting, scope, gathered):
        found.append(
            DomainError(
                "access_open",
                _(
                    "The same person has an open request for access, and the answer needs the data. Finish that request first."
                ),
            )
        )
    return found


def kept_until(entry: Entry, keys: Collection[Any]) -> date | None:
    """Return the last day on which any of the kept rows may still exist.

    The later of what the law named for its fields allows and of the retention rule
    of the row, both counted from today where their beginning is still open.
    """
    ends = []
    rows = entry.model._base_manager.filter(pk__in=keys).order_by()
    for keep in _keeps(entry):
        ends.append(_end(rows, keep.anchor, keep.period))
    anchor, retention = "", entry.map.retention
    current = entry
    while isinstance(retention, WithParent):
        anchor += f"{retention.parent}__"
        parent = current.model._meta.get_field(retention.parent).remote_field.model  # type: ignore[union-attr]
        current = graph().of(parent)
        retention = current.map.retention
    if isinstance(retention, Ends):
        ends.append(_end(rows, anchor + retention.anchor, retention.period))
    return max(ends).astimezone(HELSINKI).date() if ends else None


def _line(
    label: str,
    verdict: str,
    keys: Collection[Any],
    *,
    files: int = 0,
    law: str = "",
    until: date | None = None,
    fields: Collection[str] = (),
) -> Line:
    return {
        "table": label,
        "verdict": str(verdict),
        "rows": len(keys),
        "files": files,
        "law": law,
        "until": until.isoformat() if until else "",
        "fields": list(fields),
    }


def _kept_line(entry: Entry, keys: Collection[Any]) -> Line:
    laws = dict.fromkeys(keep.law for keep in _keeps(entry))
    kept = [
        name for name, p in entry.map.personal_fields() if p.erasure is Erasure.KEEP
    ]
    return _line(
        entry.label,
        Erasure.KEEP,
        keys,
        law="; ".join(laws),
        until=kept_until(entry, keys),
        fields=kept,
    )


def _field_lines(entry: Entry, keys: Collection[Any]) -> list[Line]:
    found = []
    for verdict in (Erasure.BLANK, Erasure.CONSTANT):
        names = [n for n, p in entry.map.personal_fields() if p.erasure is verdict]
        if names:
            has_files = any(name in entry.file_fields for name in names)
            files = file_count(entry, keys) if has_files else 0
            found.append(_line(entry.label, verdict, keys, files=files, fields=names))
    return found


def _keeps(entry: Entry) -> list[Keep]:
    keeps = [
        personal.keep
        for _name, personal in entry.map.personal_fields()
        if personal.keep is not None
    ]
    return list(dict.fromkeys(keeps))


def _end(rows: Any, anchor: str, period: str) -> datetime:
    now = timezone.now()
    latest = rows.aggregate(latest=Max(Coalesce(anchor, now)))["latest"]
    return ends_at(latest or now, Period.parse(period))


# A person, the record held or "", its key; a person, the address and number given.
_IN_THE_WAY = f"""
    SELECT true, held.* FROM ({CLAIMED}) held
    UNION ALL
    SELECT false, p.subject_id, r.email, r.phone FROM dsar_request r
    LEFT JOIN dsar_requestperson p ON p.request_id = r.id
    WHERE r.kind = '{Request.Kind.ACCESS.value}' AND r.state <> '{Request.State.CLOSED.value}'
"""  # noqa: S608 - constants
_Rows = list[tuple[uuid.UUID | None, str, str]]


def _claims_and_requests() -> tuple[Claims, _Rows]:
    """Return what claims hold now, and the open requests for access; asked at once."""
    claimed: _Rows = []
    waiting: _Rows = []
    with connection.cursor() as cursor:
        cursor.execute(_IN_THE_WAY)
        for is_claim, person, one, other in cursor.fetchall():
            (claimed if is_claim else waiting).append((person, one, other))
    return read_claims(claimed), waiting


def _claimed(claims: Claims, scope: Scope, selection: Selection) -> bool:
    """Whether a claim holds a person, a row that would go or change, or another in one.

    Of rows that only change the others do not matter: a company has many.
    """
    if not claims:
        return False
    if claims.people & set(scope.subject_ids):
        return True
    return any(
        claims.on(graph()[label], keys, besides=scope.subject_ids)
        for label, keys in selection.delete.items()
    ) or any(
        claims.on_themselves(graph()[label], keys)
        for label, keys in selection.rewrite.items()
    )


def _is_access_open(waiting: _Rows, scope: Scope, gathered: Gathered) -> bool:
    """Whether one of the persons waits for the answer to a request for access."""
    people = set(scope.subject_ids)
    unidentified = []
    for person, email, phone in waiting:
        if person in people:
            return True
        if person is None:
            unidentified.append(
                (try_normalise_email(email), try_normalise_phone(phone))
            )
    # One that nobody has identified yet may be a person's all the same.
    return any(
        email in gathered.addresses or phone in gathered.addresses
        for email, phone in unidentified
    )


def _plain(keys: Keys) -> dict[str, list[Any]]:
    """Return keys as JSON has them, in order."""
    return {
        label: sorted(found if isinstance(next(iter(found)), int) else map(str, found))
        for label, found in sorted(keys.items())
        if found
    }
