"""Planning an erasure: looking at everything, changing nothing."""

from __future__ import annotations

import dataclasses
from collections import Counter

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.scope import scope_of
from dsar.services import erasure_mentions, loose_records, requests
from dsar.services.erasure_identity import gather
from dsar.services.erasure_plan import Line, fingerprint, lines, stored_mentions
from dsar.services.erasure_rows import select
from dsar.services.erasure_sql import Keys
from dsar.services.erasure_steps import (
    APPROVAL,
    PLAN,
    PURPOSE,
    PlanOutdated,
    confirmed_scope,
    lock_for_planning,
    move,
)
from register import actors
from register.actors import Actor
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import Job
from register.services import approvals, jobs


@transaction.atomic
def plan(
    request: Request, *, actor: Actor, includes_namesakes: bool | None = None
) -> ErasurePlan:
    """Write down what erasing the person would do; nothing is done.

    Searches every free text for mentions, which takes seconds in a large register:
    screens order it by :func:`order_plan`. A plan that waits for its approval is
    withdrawn from it; what was decided about namesakes stays unless it is given. Of many
    people the records without a contact are confirmed here, anew each time. Refuses a request of another kind, one without a confirmed person, and one that is being
    carried out.
    """
    request = lock_for_planning(request)
    scope = confirmed_scope(request)
    if request.state == Request.State.APPROVAL:
        approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    gathered = gather(request, scope)
    undecided: Keys = {}
    if request.is_collective:
        loose = loose_records.find(gathered, scope)
        loose_records.confirm(request, loose.own, actor=actor)
        scope, undecided = scope_of(request), loose.undecided
    selection = select(scope)
    found = erasure_mentions.find(gathered.known, selection, scope).leaving(undecided)
    earlier = ErasurePlan.objects.filter(request=request).first()
    if includes_namesakes is None:
        includes_namesakes = earlier is not None and earlier.includes_namesakes
    if earlier is not None:
        earlier.delete()
    made = ErasurePlan(
        request=request,
        revision=graph().revision,
        lines=lines(selection, found),
        mentions=stored_mentions(found),
        includes_namesakes=includes_namesakes,
    )
    made.fingerprint = fingerprint(selection, made)
    made.save()
    move(request, Request.State.PLANNED)
    requests.add_event(request, RequestEvent.Kind.PLANNED, actor=actor)
    requests.record("erasure.planned", request, actor=actor, counts=_counts(made.lines))
    return made


@transaction.atomic
def order_plan(request: Request, *, actor: Actor) -> Job:
    """Have the plan made by a worker; a plan that is being made is not ordered twice."""
    request = lock_for_planning(request)
    confirmed_scope(request)
    latest = planning_job(request)
    if latest is not None and not latest.is_over:
        return latest
    return jobs.order(PLAN, object_id=request.pk, actor=actor)


def planning_job(request: Request) -> Job | None:
    """Return the newest job that makes or made a plan."""
    found = Job.objects.filter(kind=PLAN, object_id=str(request.pk))
    return found.order_by("-created_at").first()


@jobs.register_kind(PLAN, _("Planning an erasure"))
def make_plan(request_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Make the plan of a request (job). Begun again after a kill, it makes it anew."""
    request = Request.objects.get(pk=request_id)
    actor = dataclasses.replace(actors.system(PURPOSE), user=progress.job.created_by)
    made = plan(request, actor=actor)
    return _counts(made.lines)


@transaction.atomic
def decide_about_namesakes(
    request: Request, *, includes: bool, actor: Actor
) -> ErasurePlan:
    """Say whether mere mentions of the name mean the person; the plan is another then.

    Refuses when the plan no longer fits, and where there is none.
    """
    request = lock_for_planning(request)
    made = ErasurePlan.objects.select_for_update().filter(request=request).first()
    if made is None:
        raise DomainError("no_plan", _("Make the plan first."))
    selection = select(confirmed_scope(request))
    if made.fingerprint != fingerprint(selection, made):
        raise PlanOutdated
    approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    made.includes_namesakes = includes
    made.fingerprint = fingerprint(selection, made)
    made.save(update_fields=["includes_namesakes", "fingerprint"])
    move(request, Request.State.PLANNED)
    requests.record("erasure.planned", request, actor=actor)
    return made


def is_current(request: Request) -> bool:
    """Whether carrying out the plan now would do what it says."""
    return request.plan.fingerprint == fingerprint(
        select(scope_of(request)), request.plan
    )


@transaction.atomic
def discard(request: Request, *, actor: Actor) -> Request:
    """Throw the plan away, so that the person can be confirmed anew."""
    request = lock_for_planning(request)
    approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    ErasurePlan.objects.filter(request=request).delete()
    move(request, Request.State.IDENTIFIED)
    requests.record("erasure.discarded", request, actor=actor)
    return request


def _counts(made: list[Line]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for line in made:
        counts[line["verdict"]] += line["rows"]
    return dict(counts)
