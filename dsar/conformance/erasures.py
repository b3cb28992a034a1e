"""Clause N8.3: an erasure leaves no trace behind."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from dsar.conformance.requests import REQUESTS, requests_of
from dsar.models import ErasurePlan, RequestPerson
from dsar.scope import KIND
from register.conformance.measures import capped
from register.conformance.registry import Board, Finding, judge, live_check, not_built
from register.datamap.graph import graph

VERIFIED_WITHIN = timedelta(days=1)


@live_check(
    "erased_people_are_gone",
    "N8.3",
    promise=_(
        "Nobody who was erased is in the register, also after a restored backup."
    ),
    remedy=_("Erase the person again: register and plan the erasure anew."),
    link=f"{REQUESTS}?kind__exact=erasure",
    labels={
        "erased": _("People erased"),
        "back": _("Of these in the register again"),
    },
)
def erased_people_are_gone(board: Board) -> Finding:
    """Look for the numbers of the erased among the people of the register."""
    erased = RequestPerson.objects.filter(request__plan__executed_at__isnull=False)
    people = graph().root(KIND).model._base_manager.filter(pk=OuterRef("subject_id"))
    back = erased.filter(Exists(people))
    return judge(
        not back.exists(),
        erased=capped(erased),
        back=capped(back),
        records=requests_of(back),
    )


@live_check(
    "erasures_verified",
    "N8.3",
    promise=_(
        "Every erasure was searched for what it left, and is finished within a day."
    ),
    remedy=_("Open the request and finish the search for what is left."),
    link=f"{REQUESTS}?kind__exact=erasure",
    labels={
        "carried_out": _("Erasures carried out"),
        "unfinished": _("Not found complete after a day"),
    },
)
def erasures_verified(board: Board) -> Finding:
    """Look for erasures whose search is not over."""
    done = ErasurePlan.objects.filter(executed_at__isnull=False)
    limit = board.at - VERIFIED_WITHIN
    unfinished = done.filter(verified_at=None, executed_at__lt=limit)
    return judge(
        not unfinished.exists(),
        carried_out=capped(done),
        unfinished=capped(unfinished),
        records=requests_of(unfinished),
    )


not_built(
    "minors",
    "N8.3",
    what=_(
        "The age of a person, by which a minor's data is erased, is not kept yet: unknown counts as adult."
    ),
)
