"""Giving and taking roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from register import audit
from register.actors import Actor
from register.models import Approval, Role, RoleAssignment, RoleProposal, User
from register.services import accounts, rights


@transaction.atomic
def create_account(
    *,
    email: str,
    first_name: str,
    last_name: str,
    language: str,
    password: str,
    roles: Iterable[Role],
    actor: Actor,
) -> User:
    """Make a personal account with its roles, recorded like one made on the screen.

    Raises ValidationError for an address that is none or is taken, an empty name or a
    password that is too weak; nothing is made then.
    """
    names = {"first_name": first_name, "last_name": last_name}
    validate_password(password, User(email=email, **names))
    user = User.objects.create_user(email, password, language=language, **names)
    audit.record("record.added", actor=actor, obj=user)
    set_roles(user, list(roles), actor=actor)
    return user


@transaction.atomic
def set_roles(user: User, roles: list[Role], *, actor: Actor) -> bool:
    """Give the user exactly these roles; each change is recorded with its code.

    A role that somebody gives himself, or by which others are given rights, waits for
    a second person: True if one does.
    """
    held = {a.role_id: a for a in user.assignments.select_related("role")}
    wanted = {role.pk: role for role in roles}
    is_waiting = False
    for pk, assignment in held.items():
        if pk not in wanted:
            audit.record(
                "staff.role_removed", actor=actor, obj=user, role=assignment.role.code
            )
            assignment.delete()
    for pk, role in wanted.items():
        if pk in held:
            continue
        if actor.user is not None and (
            actor.user.pk == user.pk or rights.governs(role)
        ):
            rights.propose_holder(user, role, actor=actor)
            is_waiting = True
        else:
            RoleAssignment.objects.create(user=user, role=role, granted_by=actor.user)
            audit.record("staff.role_granted", actor=actor, obj=user, role=role.code)
    return is_waiting


@transaction.atomic
def follow_groups(
    user: User, wanted: set[str], *, before: set[str], actor: Actor
) -> list[str]:
    """Give the roles that groups of an identity provider stand for, and take others back.

    ``before`` are the codes that groups gave earlier; only those are taken, so that what
    a colleague gave stays. By groups alone nobody governs or supervises: such a role
    waits for a second person, once. The last holder of a role that must not be empty
    keeps it. Returns the codes that groups give now.
    """
    held = {a.role.code: a for a in user.assignments.select_related("role")}
    kept = set()
    for code in sorted((before - wanted) & held.keys()):
        if code in accounts.NEVER_EMPTY and accounts.is_last_of_role(user):
            kept.add(code)
            continue
        held[code].delete()
        audit.record("staff.role_removed", actor=actor, obj=user, role=code)
    given = (wanted & before) | (wanted - held.keys()) | kept
    for role in Role.objects.filter(code__in=sorted(wanted - held.keys())):
        if role.code in accounts.NEVER_EMPTY or rights.governs(role):
            if not _is_decided_or_waits(user, role):
                rights.propose_holder(user, role, actor=actor)
        else:
            RoleAssignment.objects.create(user=user, role=role)
            audit.record("staff.role_granted", actor=actor, obj=user, role=role.code)
    return sorted(given)


def _is_decided_or_waits(user: User, role: Role) -> bool:
    """Whether a second person was asked already: no log-in asks again after a no."""
    asked = RoleProposal.objects.filter(
        kind=RoleProposal.Kind.HOLDER, role=role, user=user
    ).values_list("pk", flat=True)
    return Approval.objects.filter(
        kind=rights.APPROVAL,
        object_id__in=[str(pk) for pk in asked],
        state__in=(Approval.State.WAITING, Approval.State.REJECTED),
    ).exists()
