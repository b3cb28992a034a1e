"""The DPO's decision about each value that may speak of others (GDPR Art. 15(4))."""

from __future__ import annotations

import dataclasses

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import Finding, Request, RequestEvent
from dsar.services import requests
from register import identity_codes
from register.actors import Actor
from register.datamap.graph import graph
from register.errors import DomainError

Verdict = Finding.Verdict
REVIEWABLE = (Request.State.REVIEW, Request.State.REVIEWED, Request.State.READY)


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one value; ``redacted`` is given in its place."""

    verdict: Finding.Verdict | str
    ground: str = ""
    redacted: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far the review is."""

    done: int
    total: int

    @property
    def waiting(self) -> int:
        """How many values nobody has decided about."""
        return self.total - self.done


def progress(request: Request) -> Progress:
    """Return how many values of a request are decided, of how many."""
    counts = request.findings.aggregate(
        total=Count("pk"), done=Count("pk", filter=~Q(verdict=Verdict.WAITING))
    )
    return Progress(counts["done"], counts["total"])


@transaction.atomic
def decide(
    request: Request, *, decisions: dict[int, Decision], actor: Actor
) -> Progress:
    """Decide about values, by the numbers of their findings; a decision may be changed.

    Refuses a part of the values that is not of this request, a withholding without a
    ground, and a version with parts removed of what is no text.
    """
    request = _lock_for_review(request)
    findings = list(
        request.findings.select_for_update().filter(pk__in=decisions).order_by("pk")
    )
    if len(findings) != len(decisions):
        raise DomainError("unknown_finding", _("There is no such value to review."))
    now = timezone.now()
    for finding in findings:
        decision = decisions[finding.pk]
        _require_sound(finding, decision)
        finding.verdict = decision.verdict
        withheld = finding.verdict == Verdict.WITHHOLD
        finding.ground = decision.ground if withheld else ""
        redacted = finding.verdict == Verdict.REDACT
        finding.redacted = decision.redacted if redacted else ""
        finding.decided_by, finding.decided_at = actor.user, now
        finding.full_clean(exclude=["request"], validate_unique=False)
    Finding.objects.bulk_update(
        findings,
        ["verdict", "ground", "redacted", "decided_by", "decided_at"],
        batch_size=500,
    )
    return _after_decisions(request, len(findings), actor=actor)


@transaction.atomic
def decide_all(
    request: Request,
    *,
    verdict: Finding.Verdict | str,
    actor: Actor,
    ground: str = "",
    table: str = "",
    conversation: str = "",
) -> Progress:
    """Give or withhold all values that still wait: of a conversation, of a table, or all.

    Values that were decided one by one keep their decisions.
    """
    request = _lock_for_review(request)
    decision = Decision(verdict, ground)
    if verdict not in (Verdict.GIVE, Verdict.WITHHOLD):
        raise DomainError(
            "not_in_bulk", _("Parts can only be removed from one value at a time.")
        )
    _require_ground(decision)
    findings = waiting_of(request, table=table, conversation=conversation)
    decided = findings.update(
        verdict=verdict,
        ground=ground if verdict == Verdict.WITHHOLD else "",
        redacted="",
        decided_by=actor.user,
        decided_at=timezone.now(),
    )
    return _after_decisions(request, decided, actor=actor)


def waiting_of(
    request: Request, *, table: str = "", conversation: str = ""
) -> QuerySet[Finding]:
    """Return the values that nobody has decided about."""
    findings = request.findings.filter(verdict=Verdict.WAITING)
    if table:
        findings = findings.filter(table=table)
    if conversation:
        findings = findings.filter(conversation=conversation)
    return findings


def _lock_for_review(request: Request) -> Request:
    request = requests.lock(request)
    requests.require_open(request)
    if request.state not in REVIEWABLE:
        raise DomainError(
            "not_collected", _("Collect the data first; then it can be reviewed.")
        )
    return request


def _after_decisions(request: Request, decided: int, *, actor: Actor) -> Progress:
    """Note the end of the review, and that an earlier package no longer says the same."""
    now = progress(request)
    state = Request.State.REVIEW if now.waiting else Request.State.REVIEWED
    if not now.waiting and decided and request.state == Request.State.REVIEW:
        requests.add_event(request, RequestEvent.Kind.REVIEWED, actor=actor)
    if decided and request.state != state:
        request.state = state
        request.save(update_fields=["state"])
    if decided:
        requests.record("request.reviewed", request, actor=actor, count=decided)
    return now


def _require_sound(finding: Finding, decision: Decision) -> None:
    if decision.verdict not in Verdict.values or decision.verdict == Verdict.WAITING:
        raise DomainError("no_decision", _("Choose what happens to the value."))
    _require_ground(decision)
    if decision.verdict != Verdict.REDACT:
        return
    if finding.field in graph()[finding.table].file_fields:
        raise DomainError(
            "file_not_editable",
            _("Parts cannot be removed from a file here; give it or withhold it."),
        )
    identity_codes.refuse(decision.redacted, field="redacted")
    if not decision.redacted.strip():
        raise DomainError(
            "nothing_left",
            _("Nothing is left of the value; withhold it and name the ground."),
        )


def _require_ground(decision: Decision) -> None:
    known = decision.ground in Finding.Ground.values
    if decision.verdict == Verdict.WITHHOLD and not known:
        raise DomainError(
            "ground_missing", _("Say on which ground the value is withheld.")
        )
