"""Recording that somebody does not want to be contacted."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from consent import marks
from consent.hashing import KeyedHash, hashes_of, normalise_address
from consent.models import Prohibition
from register import audit
from register.actors import Actor
from register.errors import DomainError
from register.identifiers import InvalidIdentifier

audit.register_actions({"prohibition.added": _("recorded a prohibition")})

_INSERT = """
    INSERT INTO consent_prohibition
        (id, address_hash, hash_key_id, channel, purpose, method, subject_id, created_at)
    SELECT id, hash, key_id, channel, purpose, %s, subject_id, now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[])
        AS r (id, hash, key_id, channel, purpose, subject_id)
    ON CONFLICT DO NOTHING
    RETURNING id, channel, purpose, subject_id
"""
_NAME_PERSONS = """
    UPDATE consent_prohibition p SET subject_id = r.subject_id
    FROM unnest(%s::uuid[], %s::uuid[]) AS r (id, subject_id)
    WHERE p.id = r.id AND p.subject_id IS NULL
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody, recognised by an address, refuses a channel for a purpose.

    The address need not be of the channel: who can be recognised by telephone number
    only may refuse e-mail all the same. ``subject_id`` is the contact, if there is one.
    """

    address: str
    channel: Prohibition.Channel
    purpose: Prohibition.Purpose
    subject_id: uuid.UUID | None = None


def add(
    address: str,
    *,
    channel: Prohibition.Channel,
    purpose: Prohibition.Purpose,
    method: Prohibition.Method,
    actor: Actor,
    subject_id: uuid.UUID | None = None,
) -> Prohibition:
    """Prohibit an address on a channel for a purpose. Adding it twice changes nothing.

    Raises DomainError for what is no address or number.
    """
    refusal = Refusal(address, channel, purpose, subject_id)
    add_many([refusal], method=method, actor=actor)
    return Prohibition.objects.get(
        address_hash__in=[found.digest for found in _hashes(address)],
        channel=channel,
        purpose=purpose,
    )


@transaction.atomic
def add_many(
    refusals: Iterable[Refusal], *, method: Prohibition.Method, actor: Actor
) -> int:
    """Record refusals, with a fixed number of statements; return how many were new.

    A refusal that stands already is left as it is, under whichever key it was hashed;
    only a person is added to it who was not known when it was given. Raises DomainError
    for what is no address or number, and then records nothing.
    """
    hashes: dict[tuple[str, str, str], list[KeyedHash]] = {}
    wanted: dict[tuple[str, str, str], Refusal] = {}
    for refusal in refusals:
        found = _hashes(refusal.address)
        key = (found[0].digest, str(refusal.channel), str(refusal.purpose))
        hashes[key] = found
        if key not in wanted or wanted[key].subject_id is None:
            wanted[key] = refusal
    standing = _standing(hashes.values())
    known: list[tuple[uuid.UUID, uuid.UUID]] = []
    new: list[tuple[KeyedHash, Refusal]] = []
    for key, refusal in wanted.items():
        ids = [
            standing[found.digest, *key[1:]]
            for found in hashes[key]
            if (found.digest, *key[1:]) in standing
        ]
        if not ids:
            new.append((hashes[key][0], refusal))
        elif refusal.subject_id is not None:
            known += [(pk, refusal.subject_id) for pk in ids]
    _name_persons(known)
    marks.add(
        (normalise_address(each.address), each.channel, each.purpose, each.subject_id)
        for each in wanted.values()
    )
    return _insert(new, method=method, actor=actor)


def _hashes(address: str) -> list[KeyedHash]:
    try:
        return hashes_of(address)
    except InvalidIdentifier as error:
        raise DomainError(
            "address_unreadable",
            _("This is neither an e-mail address nor a telephone number."),
        ) from error


def _standing(
    hashes: Iterable[Sequence[KeyedHash]],
) -> dict[tuple[str, str, str], uuid.UUID]:
    digests = [found.digest for of_one in hashes for found in of_one]
    rows = Prohibition.objects.filter(address_hash__in=digests).values_list(
        "address_hash", "channel", "purpose", "pk"
    )
    return {(digest, channel, purpose): pk for digest, channel, purpose, pk in rows}


def _name_persons(known: list[tuple[uuid.UUID, uuid.UUID]]) -> None:
    if known:
        with connection.cursor() as cursor:
            cursor.execute(
                _NAME_PERSONS, [[pk for pk, _ in known], [who for _, who in known]]
            )


def _insert(
    new: list[tuple[KeyedHash, Refusal]], *, method: Prohibition.Method, actor: Actor
) -> int:
    if not new:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                str(method),
                [uuid.uuid4() for _ in new],
                [found.digest for found, _ in new],
                [found.key_id for found, _ in new],
                [str(refusal.channel) for _, refusal in new],
                [str(refusal.purpose) for _, refusal in new],
                [refusal.subject_id for _, refusal in new],
            ],
        )
        inserted = cursor.fetchall()
    audit.record_many(
        [
            audit.entry_values(
                "prohibition.added",
                actor=actor,
                object_type=Prohibition._meta.label_lower,
                object_id=pk,
                subject_id=subject_id,
                kind=f"{channel}.{purpose}",
                reason=str(method),
            )
            for pk, channel, purpose, subject_id in inserted
        ]
    )
    return len(inserted)
