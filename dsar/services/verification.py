"""Searching for what an erasure left behind, and ending the request when nothing is.

Every column of words of every table, every file, the cache and the broker are
searched for the person in all spellings. What names somebody else who is called the
same, or has the same number, is known by the data map and not counted.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.known_by import Identity
from dsar.mentions import Mentions
from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.scope import KIND, Scope, scope_of
from dsar.services import (
    closing,
    erasure_mentions,
    requests,
    verification_places as places,
)
from dsar.services.erasure_identity import unseal
from dsar.services.erasure_rows import select
from dsar.services.verification_places import Table
from register import actors, audit, files
from register.actors import Actor
from register.datamap.declarations import Keys as JsonKeys, NotPersonal, Personal
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Portability
from register.errors import DomainError
from register.identifiers import name_words
from register.models import Job
from register.services import jobs

SEARCH_AGAIN = "dsar.search_again"
JOBS = (SEARCH_AGAIN,)
PURPOSE = "data_subject_rights"

audit.register_actions(
    {
        "erasure.verified": _("searched for what an erasure left"),
        "erasure.acknowledged": _("judged what an erasure left to be lawful"),
    }
)


@dataclasses.dataclass(slots=True)
class Search:
    """What a search found, by place: surely the person's, and perhaps a namesake's."""

    left_over: Counter[str] = dataclasses.field(default_factory=Counter)
    namesakes: Counter[str] = dataclasses.field(default_factory=Counter)
    places: int = 0


def search(
    identity: Identity,
    *,
    scope: Scope,
    includes_namesakes: bool = False,
    after_each: Callable[[int], None] = lambda done: None,
) -> Search:
    """Return where the person is still found; ``{place: number of rows or files}``.

    With ``includes_namesakes`` the mere name counts as the person, wherever it is not
    the name of a row's own person. Entries of the cache are copies: they are deleted
    here and counted only if they come back.
    """
    mentions = Mentions(identity)
    found = Search()
    for number, table in enumerate(places.tables(), start=1):
        _search_table(table, mentions, scope, found, includes_namesakes)
        after_each(number)
    for text in places.sessions():
        _count(found, mentions, "django_session.session_data", text, includes_namesakes)
    _search_files(mentions, found, includes_namesakes)
    _search_redis(mentions, found)
    return found


def verify(request: Request) -> dict[str, int]:
    """Search after an erasure, and close the request if nothing is left.

    Returns what is left, ``{place: count}``. May be repeated after a kill; when the
    request is closed there is nothing to do any more.
    """
    request = Request.objects.get(pk=request.pk)
    made = request.plan
    if made.verified_at is not None or not made.sealed_identifiers:
        return dict(made.left_over)
    while files.remove_due():
        pass
    identity = unseal(made.sealed_identifiers, purpose=str(request.pk))
    found = search(
        identity, scope=scope_of(request), includes_namesakes=made.includes_namesakes
    )
    return _note(request, found)


@transaction.atomic
def acknowledge(
    request: Request, *, places_judged: Collection[str], actor: Actor
) -> Request:
    """Judge what was found in some places to be lawful there, and close if that was all.

    The record keeps the places with their numbers.
    """
    request = requests.lock(request)
    made = _waiting_plan(request)
    unknown = set(places_judged) - set(made.left_over)
    if not places_judged or unknown:
        raise DomainError(
            "no_such_place", _("Choose places in which something was found.")
        )
    for place in places_judged:
        made.acknowledged[place] = made.left_over.pop(place)
    made.save(update_fields=["acknowledged", "left_over"])
    requests.record(
        "erasure.acknowledged", request, actor=actor, count=len(places_judged)
    )
    if not made.left_over:
        _finish(request, made, actor=actor)
    return request


@transaction.atomic
def order_search(request: Request, *, actor: Actor) -> Job:
    """Have what can be removed removed, and everything searched again."""
    request = requests.lock(request)
    _waiting_plan(request)
    return jobs.order(SEARCH_AGAIN, object_id=request.pk, actor=actor)


@jobs.register_kind(SEARCH_AGAIN, _("Searching again after an erasure"))
def search_again(request_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Take the person out of texts written since, and search again (job, repeatable)."""
    progress.start(2)
    request = Request.objects.get(pk=request_id)
    rewritten = _take_out_again(request)
    progress.advance(1)
    return {"rewritten": rewritten, "left_over": sum(verify(request).values())}


@transaction.atomic
def _take_out_again(request: Request) -> int:
    """Remove mentions from rows of others, by the same rule as the approved plan."""
    request = requests.lock(request)
    made = request.plan
    if made.verified_at is not None or not made.sealed_identifiers:
        return 0
    identity = unseal(made.sealed_identifiers, purpose=str(request.pk))
    scope = scope_of(request)
    found = erasure_mentions.find(identity, select(scope), scope)
    keys = dict(found.certain)
    if made.includes_namesakes:
        for label, more in found.namesakes.items():
            keys[label] = keys.get(label, set()) | more
    rewritten = erasure_mentions.take_out_of_others(keys, identity, scope)
    made.rewritten += rewritten
    made.save(update_fields=["rewritten"])
    return rewritten


@transaction.atomic
def _note(request: Request, found: Search) -> dict[str, int]:
    system = actors.system(PURPOSE)
    request = requests.lock(request)
    made = ErasurePlan.objects.select_for_update().get(request=request)
    # What was judged to be lawful stays so unless there is more of it.
    made.acknowledged = {
        place: count
        for place, count in made.acknowledged.items()
        if found.left_over.get(place, 0) <= count
    }
    made.left_over = {
        place: count
        for place, count in sorted(found.left_over.items())
        if place not in made.acknowledged
    }
    made.places_searched = found.places
    made.save(update_fields=["acknowledged", "left_over", "places_searched"])
    requests.record(
        "erasure.verified",
        request,
        actor=system,
        count=found.places,
        counts=made.left_over,
    )
    if not made.left_over:
        _finish(request, made, actor=system)
    return dict(made.left_over)


def _finish(request: Request, made: ErasurePlan, *, actor: Actor) -> None:
    """Forget what the person was known by, and close the request as erased."""
    made.sealed_identifiers = ""
    made.verified_at = timezone.now()
    made.save(update_fields=["sealed_identifiers", "verified_at"])
    requests.add_event(request, RequestEvent.Kind.VERIFIED, actor=actor)
    closing.close(request, outcome=Request.Outcome.ERASED, actor=actor)


def _waiting_plan(request: Request) -> ErasurePlan:
    """Return the plan of an erasure that was done but not found to be complete."""
    made = (
        ErasurePlan.objects.select_for_update()
        .filter(request=request, verified_at=None)
        .exclude(executed_at=None)
        .first()
    )
    if made is None:
        raise DomainError(
            "nothing_to_search", _("There is no erasure whose search is unfinished.")
        )
    return made


# --- tables ---------------------------------------------------------------------------


def _search_table(
    table: Table,
    mentions: Mentions,
    scope: Scope,
    found: Search,
    includes_namesakes: bool,  # noqa: FBT001 - internal
) -> None:
    found.places += len(table.columns)
    entry = _entry_of(table)
    key = entry.model._meta.pk.column if entry else None
    certain: dict[str, set[Any]] = defaultdict(set)
    by_name: dict[str, set[Any]] = defaultdict(set)
    patterns = [*mentions.certain_sql, *mentions.names_sql]
    for row_key, texts in places.rows(table, key, patterns):
        named = False
        for column, text in texts.items():
            if mentions.certain(text):
                certain[column].add(row_key)
            elif mentions.names(text):
                by_name[column].add(row_key)
                named = True
        if not named and (columns := _name_in_columns(texts, mentions.identity)):
            by_name["+".join(columns)].add(row_key)
    for column, keys in certain.items():
        counted = _not_of_others(entry, column, keys, scope)
        found.left_over[table.place(column)] += len(counted)
    for column, keys in by_name.items():
        counted = _not_of_others(entry, column, keys, scope)
        is_expected = _personal(entry, column) is not None
        perhaps = is_expected and not includes_namesakes
        (found.namesakes if perhaps else found.left_over)[table.place(column)] += len(
            counted
        )
    found.left_over, found.namesakes = +found.left_over, +found.namesakes


def _entry_of(table: Table) -> Entry | None:
    for entry in graph():
        if entry.model._meta.db_table == table.name and table.schema == "public":
            return entry
    return None


def _personal(entry: Entry | None, column: str) -> list[Personal] | None:
    """Return what the data map says of a column, None if it is not for personal data."""
    if entry is None:
        return None
    columns = column.split("+")
    found: list[Personal] = []
    for name, declaration in entry.map.fields.items():
        field = entry.model._meta.get_field(name)
        if not isinstance(field, models.Field) or field.column not in columns:
            continue
        if isinstance(declaration, JsonKeys):
            found += [d for d in declaration.keys.values() if isinstance(d, Personal)]
        elif not isinstance(declaration, NotPersonal):
            found.append(declaration)
    return found or None


def _not_of_others(
    entry: Entry | None, column: str, keys: set[Any], scope: Scope
) -> set[Any]:
    """Leave out rows in which the value is somebody else's own, or lawfully kept."""
    personal = _personal(entry, column)
    if entry is None or personal is None:
        return keys
    if any(p.identifies or p.portability is Portability.INFERRED for p in personal):
        keys = keys - erasure_mentions.owned_by_others(entry, keys, scope.subject_ids)
    if all(p.erasure is Erasure.KEEP for p in personal) and entry.subjects(KIND):
        keys = keys - select(scope, also_due=True).keep.get(entry.label, set())
    return keys


def _name_in_columns(texts: dict[str, str], identity: Identity) -> tuple[str, ...]:
    """Return two columns that hold a first and a family name of the person, if any."""
    words = {column: tuple(name_words(text)) for column, text in texts.items()}
    for name in identity.names:
        given = [c for c, w in words.items() if w and set(w) <= set(name.given)]
        family = [c for c, w in words.items() if w and set(w) <= set(name.family)]
        for one in given:
            for other in family:
                if one != other:
                    return one, other
    return ()


# --- files, cache, broker -------------------------------------------------------------


def _search_files(
    mentions: Mentions,
    found: Search,
    includes_namesakes: bool,  # noqa: FBT001 - internal
) -> None:
    for path in places.stored_files():
        found.places += 1
        directory = path.partition("/")[0] if "/" in path else ""
        place = f"files/{directory}".rstrip("/")
        if _is_certain(mentions, path) or mentions.names(path):
            found.left_over[f"{place} (name)"] += 1
        _count_any(
            found, mentions, place, places.texts_of_file(path), includes_namesakes
        )


def _search_redis(mentions: Mentions, found: Search) -> None:
    for key, value in places.cache_entries():
        if _is_certain(mentions, f"{key} {value}") or mentions.names(f"{key} {value}"):
            places.forget_cache_entry(key)
    for key, value in places.cache_entries():
        found.places += 1
        if _is_certain(mentions, f"{key} {value}"):
            found.left_over["cache"] += 1
    for message in places.broker_messages():
        found.places += 1
        if _is_certain(mentions, message) or mentions.names(message):
            found.left_over["broker"] += 1


def _count_any(
    found: Search,
    mentions: Mentions,
    place: str,
    texts: Any,
    includes_namesakes: bool,  # noqa: FBT001 - internal
) -> None:
    """Count a file once, as the surest thing that is found in it."""
    named = False
    for text in texts:
        if _is_certain(mentions, text):
            found.left_over[place] += 1
            return
        named = named or bool(mentions.names(text))
    if named:
        (found.left_over if includes_namesakes else found.namesakes)[place] += 1


def _count(
    found: Search,
    mentions: Mentions,
    place: str,
    text: str,
    includes_namesakes: bool,  # noqa: FBT001 - internal
) -> None:
    _count_any(found, mentions, place, [text], includes_namesakes)


def _is_certain(mentions: Mentions, text: str) -> bool:
    """Whether a text has an address, a number or the key of the person's record."""
    return bool(mentions.certain(text) or mentions.keys(text))
