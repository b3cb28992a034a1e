"""Giving and taking roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from register import audit
from register.actors import Actor
from register.models import Role, RoleAssignment, User
from register.services import rights


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
