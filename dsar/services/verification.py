"""Making sure that an erasure was complete, and ending the request when it was.

Every column of words of every table, every file, the cache and the broker are
searched for the person in all spellings. A request is closed as erased only when
nothing is left, or what is left was judged to be lawful there.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.mentions import mentions_of
from dsar.mentions.known_by import Known
from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.scope import scope_of
from dsar.services import (
    closing,
    erasure_mentions,
    loose_records,
    requests,
    verification_files,
)
from dsar.services.erasure_identity import unseal
from dsar.services.erasure_rows import select
from dsar.services.verification_search import Search, search
from register import actors, audit, files
from register.actors import Actor
from register.errors import DomainError
from register.models import Job
from register.services import jobs

__all__ = ["acknowledge", "order_search", "search", "search_again", "verify"]

SEARCH_AGAIN = "dsar.search_again"
JOBS = (SEARCH_AGAIN,)
PURPOSE = "data_subject_rights"

audit.register_actions(
    {
        "erasure.verified": _("searched for what an erasure left"),
        "erasure.files_removed": _("removed files in which somebody erased stood"),
        "erasure.acknowledged": _("judged what an erasure left to be lawful"),
    }
)


def verify(request: Request) -> dict[str, int]:
    """Search after an erasure, and close the request if nothing is left.

    Returns what is left, ``{place: count}``. May be repeated after a kill; when the
    request is closed there is nothing to do any more.
    """
    request = Request.objects.get(pk=request.pk)
    made = request.plan
    if made.verified_at is not None or not made.sealed_identifiers:
        return dict(made.left_over)
    gathered = unseal(made.sealed_identifiers, purpose=str(request.pk))
    known, scope = gathered.known, scope_of(request)
    _remove_files(request, known)
    while files.remove_due():
        pass
    found = search(known, scope=scope, includes_namesakes=made.includes_namesakes)
    if request.is_collective:
        found.left_over += loose_records.shared_places(gathered, scope)
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


def _remove_files(request: Request, known: Known) -> None:
    """Remove files of many people in which the person stands and no row says so.

    Each with its record in one transaction: none goes without, whatever is killed.
    """
    system = actors.system(PURPOSE)
    for found in verification_files.files_with(
        mentions_of(known), includes_namesakes=request.plan.includes_namesakes
    ):
        with transaction.atomic():
            if removed := found.remove():
                ErasurePlan.objects.filter(request=request).update(
                    files_removed=F("files_removed") + removed
                )
                requests.record(
                    "erasure.files_removed", request, actor=system, count=removed
                )


@transaction.atomic
def _take_out_again(request: Request) -> int:
    """Remove mentions from rows of others, by the same rule as the approved plan."""
    request = requests.lock(request)
    made = request.plan
    if made.verified_at is not None or not made.sealed_identifiers:
        return 0
    gathered = unseal(made.sealed_identifiers, purpose=str(request.pk))
    scope = scope_of(request)
    found = erasure_mentions.find(gathered.known, select(scope), scope)
    if request.is_collective:
        # Taking the number out of a call would leave its recording, and nobody to ask.
        found = found.leaving(loose_records.find(gathered, scope).all)
    keys = dict(found.certain)
    if made.includes_namesakes:
        for label, more in found.namesakes.items():
            keys[label] = keys.get(label, set()) | more
    rewritten = erasure_mentions.take_out_of_others(
        keys, gathered, scope, includes_namesakes=made.includes_namesakes
    )
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
