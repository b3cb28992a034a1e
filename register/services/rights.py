"""Changing what a role may do, and taking a right for a while.

Nobody raises rights alone: what gives a role more, gives somebody a role that
administers or supervises, or gives a role to oneself, waits for a second person and
changes nothing before. Otherwise two who have an understanding would raise each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import access, audit
from register.actors import Actor
from register.datamap.vocabulary import HEEDED, Action, Category, Level, Scope
from register.errors import DomainError
from register.models import (
    ApiKey,
    Approval,
    Elevation,
    ElevationRight,
    FieldRule,
    Role,
    RoleAssignment,
    RoleProposal,
    RoleRight,
    User,
)
from register.services import approvals

APPROVAL = "role_change"
LONGEST = timedelta(hours=8)
USUAL = timedelta(hours=1)
# Who has one of these gives rights, opens the interface, or decides over retention.
_GOVERNING = {
    (str(category), str(action))
    for category in (Category.STAFF, Category.API_KEYS, Category.RETENTION)
    for action in (Action.ADD, Action.CHANGE, Action.DELETE, Action.APPROVE)
}
_LEVELS = list(Level)
_SCOPES = list(Scope)

audit.register_actions(
    {
        "role.scope_changed": _("changed whose data a role reaches"),
        "role.field_changed": _("changed what a role sees of a field"),
        "role.elevation_changed": _("changed what a role may take for a while"),
        "role.change_proposed": _("proposed a change of a role"),
        "api_key.role_given": _("gave an API key its role"),
        "elevation.taken": _("took a right for a while"),
        "elevation.ended": _("gave a right back"),
        "record.revealed": _("revealed a masked value"),
    }
)

Pair = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class RoleState:
    """All that a role may do: scopes by right, levels by field, and what may be taken."""

    rights: Mapping[Pair, str]
    fields: Mapping[str, str]
    elevations: Mapping[Pair, str]

    def as_text(self) -> str:
        """Write it down, in order, for a proposal."""
        lines = [f"right {c}.{a}={s}" for (c, a), s in sorted(self.rights.items())]
        lines += [f"field {f}={level}" for f, level in sorted(self.fields.items())]
        lines += [f"take {c}.{a}={s}" for (c, a), s in sorted(self.elevations.items())]
        return "\n".join(lines)


def state_of(role: Role) -> RoleState:
    """Return what a role may do now."""
    return RoleState(
        {(r.category, r.action): r.scope for r in role.rights.all()},
        {r.field: r.level for r in role.field_rules.all()},
        {(r.category, r.action): r.scope for r in role.elevations.all()},
    )


def from_text(text: str) -> RoleState:
    """Read what :meth:`RoleState.as_text` wrote."""
    found: dict[str, dict[str, str]] = {"right": {}, "field": {}, "take": {}}
    for line in text.splitlines():
        kind, _space, rest = line.partition(" ")
        name, _is, value = rest.rpartition("=")
        found[kind][name] = value

    def pairs(kind: str) -> dict[Pair, str]:
        return {
            (name.partition(".")[0], name.partition(".")[2]): value
            for name, value in found[kind].items()
        }

    return RoleState(pairs("right"), found["field"], pairs("take"))


def gives_more(now: RoleState, wanted: RoleState) -> bool:
    """Whether somebody with the role could see or do anything more than before."""

    def widened(old: Mapping[Pair, str], new: Mapping[Pair, str]) -> bool:
        return any(
            right not in old or _SCOPES.index(scope) > _SCOPES.index(old[right])  # type: ignore[arg-type]
            for right, scope in new.items()
        )

    milder = any(
        _LEVELS.index(Level(wanted.fields.get(field, Level.FULL)))
        > _LEVELS.index(Level(level))
        for field, level in now.fields.items()
    )
    return (
        milder
        or widened(now.rights, wanted.rights)
        or widened(now.elevations, wanted.elevations)
    )


@transaction.atomic
def change(role: Role, wanted: RoleState, *, actor: Actor) -> RoleProposal | None:
    """Make a role what is wanted, or return the proposal that waits for a second person.

    Less is done at once; more waits, whoever holds the role. Set-up, which is done by
    nobody, waits for nobody.

    Raises DomainError for a scope that a category does not have, and for a field of
    which there are no rules.
    """
    _refuse_nonsense(wanted)
    role = Role.objects.select_for_update().get(pk=role.pk)
    if actor.user is not None and gives_more(state_of(role), wanted):
        return _propose(
            RoleProposal(
                kind=RoleProposal.Kind.RIGHTS, role=role, wanted=wanted.as_text()
            ),
            actor=actor,
        )
    _apply(role, wanted, actor=actor)
    return None


def governs(role: Role) -> bool:
    """Whether a role lets others be given rights, or what supervises them be changed.

    With such a role somebody could raise himself or a colleague, now or by what he may
    take for a while.
    """
    return any(
        (category, action) in _GOVERNING
        for rights in (role.rights.all(), role.elevations.all())
        for category, action in rights.values_list("category", "action")
    )


@transaction.atomic
def propose_holder(user: User, role: Role, *, actor: Actor) -> RoleProposal:
    """Ask a second person to give somebody a role."""
    return _propose(
        RoleProposal(kind=RoleProposal.Kind.HOLDER, role=role, user=user), actor=actor
    )


def waiting_for(user: User) -> list[RoleProposal]:
    """Return the roles that somebody is to be given once a second person approves."""
    waiting = Approval.objects.filter(kind=APPROVAL, state=Approval.State.WAITING)
    asked = RoleProposal.objects.filter(kind=RoleProposal.Kind.HOLDER, user=user)
    numbers = set(waiting.values_list("object_id", flat=True))
    return [each for each in asked.select_related("role") if str(each.pk) in numbers]


@transaction.atomic
def propose_key(key: ApiKey, role: Role, *, actor: Actor) -> RoleProposal:
    """Ask a second person to give a key a role."""
    return _propose(
        RoleProposal(kind=RoleProposal.Kind.API_KEY, role=role, wanted=str(key.pk)),
        actor=actor,
    )


def _propose(proposal: RoleProposal, *, actor: Actor) -> RoleProposal:
    # A newer wish takes the place of what still waits.
    same = RoleProposal.objects.filter(
        kind=proposal.kind, role=proposal.role, user=proposal.user
    )
    if proposal.kind == RoleProposal.Kind.API_KEY:
        same = same.filter(wanted=proposal.wanted)
    for old in same:
        approvals.withdraw(APPROVAL, object_id=old.pk, actor=actor)
        old.delete()
    proposal.full_clean()
    proposal.save()
    audit.record(
        "role.change_proposed",
        actor=actor,
        obj=proposal.role,
        role=proposal.role.code,
    )
    approvals.ask(APPROVAL, object_id=proposal.pk, actor=actor)
    return proposal


def _approved(object_id: str, actor: Actor) -> None:
    proposal = RoleProposal.objects.select_related("role", "user").get(pk=object_id)
    if proposal.kind == RoleProposal.Kind.RIGHTS:
        _apply(proposal.role, from_text(proposal.wanted), actor=actor)
    elif proposal.kind == RoleProposal.Kind.API_KEY:
        key = ApiKey.objects.get(pk=proposal.wanted)
        key.role = proposal.role
        key.save(update_fields=["role"])
        audit.record("api_key.role_given", actor=actor, obj=key)
    elif proposal.user is not None:
        if actor.user is not None and actor.user.pk == proposal.user.pk:
            raise DomainError(
                "own_role", _("Somebody else decides whether you are given this role.")
            )
        _made, is_new = RoleAssignment.objects.get_or_create(
            user=proposal.user, role=proposal.role, defaults={"granted_by": actor.user}
        )
        if is_new:
            audit.record(
                "staff.role_granted",
                actor=actor,
                obj=proposal.user,
                role=proposal.role.code,
            )


def _rejected(object_id: str, actor: Actor) -> None:
    """Nothing follows: the proposal is shown until its period is over."""


def _about(keys: Collection[str], user: object) -> dict[str, str]:
    """Return which role it is, and which account or key is to get it."""
    found = RoleProposal.objects.filter(pk__in=keys).select_related("role", "user")
    api_keys = {
        str(key.pk): key.name
        for key in ApiKey.objects.filter(
            pk__in=[p.wanted for p in found if p.kind == RoleProposal.Kind.API_KEY]
        )
    }
    told = {}
    for each in found:
        who = each.user.get_full_name() if each.user else api_keys.get(each.wanted)
        told[str(each.pk)] = f"{who}: {each.role}" if who else str(each.role)
    return told


approvals.register_kind(
    approvals.ApprovalKind(
        APPROVAL,
        _("Rights of a role or an account"),
        Category.STAFF,
        lambda object_id: reverse("admin:register_role_proposal", args=[object_id]),
        _approved,
        _rejected,
        _about,
    )
)


def _refuse_nonsense(wanted: RoleState) -> None:
    for rights in (wanted.rights, wanted.elevations):
        for (category, action), scope in rights.items():
            if (
                category not in Category.values
                or action not in Action.values
                or scope not in Scope.values
                or (category in HEEDED and scope != Scope.ALL)
            ):
                raise DomainError(
                    "unknown_right",
                    _("This right cannot be given: check the category and whose data."),
                )
    for field, level in wanted.fields.items():
        if field not in access.all_fields() or level not in Level.values:
            raise DomainError(
                "unknown_field", _("There is no rule for this field: check its name.")
            )


def _apply(role: Role, wanted: RoleState, *, actor: Actor) -> None:
    now = state_of(role)
    _write(role, RoleRight, now.rights, wanted.rights)
    _write(role, ElevationRight, now.elevations, wanted.elevations)
    fields = {f: v for f, v in wanted.fields.items() if v != Level.FULL}
    for field in now.fields.keys() - fields.keys():
        FieldRule.objects.filter(role=role, field=field).delete()
    for field, level in fields.items():
        if now.fields.get(field) != level:
            FieldRule.objects.update_or_create(
                role=role, field=field, defaults={"level": level}
            )
    given = wanted.rights.keys() - now.rights.keys()
    taken = now.rights.keys() - wanted.rights.keys()
    changed = {r for r, s in wanted.rights.items() if now.rights.get(r, s) != s}
    lent = {
        r
        for r in wanted.elevations.keys() | now.elevations.keys()
        if wanted.elevations.get(r) != now.elevations.get(r)
    }
    for code, rights in (
        ("role.right_given", given),
        ("role.right_taken", taken),
        ("role.scope_changed", changed),
        ("role.elevation_changed", lent),
    ):
        for category, action in sorted(rights):
            kind = f"{category}.{action}"
            audit.record(code, actor=actor, obj=role, role=role.code, kind=kind)
    for field in sorted(now.fields.keys() | fields.keys()):
        if now.fields.get(field) != fields.get(field):
            audit.record(
                "role.field_changed",
                actor=actor,
                obj=role,
                role=role.code,
                fields=[field],
            )


def _write(
    role: Role,
    model: type[RoleRight | ElevationRight],
    now: Mapping[Pair, str],
    wanted: Mapping[Pair, str],
) -> None:
    for category, action in now.keys() - wanted.keys():
        model._default_manager.filter(
            role=role, category=category, action=action
        ).delete()
    for (category, action), scope in wanted.items():
        if now.get((category, action)) != scope:
            model._default_manager.update_or_create(
                role=role, category=category, action=action, defaults={"scope": scope}
            )


# --- rights taken for a while ---------------------------------------------------------


def may_take(user: User) -> list[ElevationRight]:
    """Return what the roles of a user let him take for a while, and he has not already."""
    offered = (
        ElevationRight.objects.filter(role__assignments__user=user)
        .select_related("role")
        .order_by("category", "action")
    )

    def is_more(right: ElevationRight) -> bool:
        now = access.scope_of(user, Action(right.action), Category(right.category))
        return now is None or _SCOPES.index(Scope(right.scope)) > _SCOPES.index(now)

    return [right for right in offered if is_more(right)]


def taken_by(user: User) -> list[Elevation]:
    """Return what a user has taken and not given back."""
    return list(access.in_force().filter(user=user).order_by("until"))


@transaction.atomic
def take(
    right: ElevationRight, *, reason: str, lasting: timedelta = USUAL, actor: Actor
) -> Elevation:
    """Take a right for a while. The reason is read by data protection officers.

    Raises DomainError without a reason, for longer than eight hours, and for what no
    role of the actor offers.
    """
    user = actor.user
    if (
        user is None
        or not user.is_active
        or not (right.role.assignments.filter(user=user).exists())
    ):
        raise DomainError(
            "not_offered", _("None of your roles lets you take this right.")
        )
    if len(reason.strip()) < 10:
        raise DomainError(
            "reason_missing",
            _("Say in a sentence why you need it: data protection officers read it."),
        )
    if not timedelta(minutes=1) <= lasting <= LONGEST:
        raise DomainError("too_long", _("A right can be taken for at most 8 hours."))
    now = timezone.now()
    elevation = Elevation(
        user=user,
        role=right.role,
        category=right.category,
        action=right.action,
        scope=right.scope,
        reason=reason.strip(),
        started_at=now,
        until=now + lasting,
    )
    try:
        elevation.full_clean()
    except ValidationError as error:
        raise DomainError("not_taken", " ".join(error.messages)) from None
    elevation.save()
    kind = f"{right.category}.{right.action}"
    audit.record("elevation.taken", actor=actor, obj=elevation, kind=kind)
    access.forget(user)
    return elevation


@transaction.atomic
def give_back(elevation: Elevation, *, actor: Actor) -> None:
    """End a right that was taken. Twice changes nothing."""
    is_ended = Elevation.objects.filter(pk=elevation.pk, ended_at=None).update(
        ended_at=timezone.now()
    )
    if is_ended:
        kind = f"{elevation.category}.{elevation.action}"
        audit.record("elevation.ended", actor=actor, obj=elevation, kind=kind)
    if actor.user is not None:
        access.forget(actor.user)
