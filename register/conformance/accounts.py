"""Clauses N9.1 and N9.2: who gets in, and to what."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from register import access
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    look_at,
)
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.models import Role, RoleRight, User
from register.services import accounts

# What nobody's work needs all at once, on every category of people's data.
EVERYTHING = {Action.VIEW, Action.ADD, Action.CHANGE, Action.EXPORT}
DORMANT_AFTER = timedelta(days=365)
FACTOR_WITHIN = timedelta(days=14)
# Names of functions and of nobody. An account is shared if its name has no other word.
_NAMES_OF_NOBODY = """
    account admin administrator anonymous asiakaspalvelu common customer demo guest hallinto info
    järjestelmä konto kund kundtjänst käyttäjä marketing markkinointi marknadsföring myynti office
    palvelu reception root sales service shared staff support system team test testi tester testikäyttäjä
    tiimi toimisto tuki tunnus user vieras yhteinen yhteiskäyttö yleinen ylläpito
    """
NAMES_OF_NOBODY = frozenset(_NAMES_OF_NOBODY.split())
STRONG_HASHES = ("argon2", "bcrypt", "pbkdf2_sha256", "scrypt")


def _categories_of_people() -> set[str]:
    return {str(e.map.category) for e in graph().personal() if e.subjects("contact")}


@live_check(
    "rights_follow_roles",
    "N9.1",
    promise=_(
        "No role, and nobody by the sum of their roles, may do everything with everybody's data."
    ),
    remedy=_("Take from the role, or from the person, what the work does not need."),
    link="admin:register_role_changelist",
    labels={
        "roles": _("Roles"),
        "almighty_roles": _("Roles that may do everything"),
        "almighty_accounts": _("Accounts that may do everything"),
        "roles_of_nobody": _("Roles that nobody has"),
    },
)
def rights_follow_roles(board: Board) -> Finding:
    """Add up the rights of every role and of every account in use."""
    everything = {(c, str(a)) for c in _categories_of_people() for a in EVERYTHING}
    rights: dict[int, set[access.Right]] = defaultdict(set)
    for role_id, category, action in RoleRight.objects.values_list(
        "role_id", "category", "action"
    ):
        rights[role_id].add((category, action))
    roles = {role.pk: role for role in Role.objects.all()}
    of_account: dict[uuid.UUID, set[access.Right]] = defaultdict(set)
    held = set()
    for user_id, role_id in (
        User.objects.filter(is_active=True)
        .exclude(assignments=None)
        .values_list("pk", "assignments__role_id")
    ):
        held.add(role_id)
        of_account[user_id] |= rights[role_id]
    mighty_roles = [role for pk, role in roles.items() if everything <= rights[pk]]
    mighty = [pk for pk, has in of_account.items() if everything <= has]
    return judge(
        not (mighty_roles or mighty),
        roles=len(roles),
        accounts=len(of_account),
        almighty_roles=[role.code for role in mighty_roles],
        almighty_accounts=len(mighty),
        roles_of_nobody=[r.code for pk, r in roles.items() if pk not in held],
        records=[
            *((Role._meta.label, role.pk) for role in mighty_roles),
            *((User._meta.label, pk) for pk in mighty),
        ],
    )


@live_check(
    "default_is_no",
    "N9.1",
    promise=_("An account without a role may do nothing."),
    remedy=_("Somebody has changed how rights are decided: mend register/access.py."),
    labels={"allowed": _("What such an account may do")},
)
def default_is_no(board: Board) -> Finding:
    """Ask for every right as somebody who has no role."""
    nobody = User(pk=uuid.uuid4(), is_active=True)
    allowed = [
        f"{category}.{action}"
        for category in Category
        for action in Action
        if access.may(nobody, action, category)
    ]
    return judge(not allowed, allowed=allowed)


@live_check(
    "no_dormant_accounts",
    "N9.1",
    promise=_("Nobody keeps access who has not logged in for a year."),
    remedy=_("Make the account inactive; it can be opened again when work needs it."),
    link="admin:register_user_changelist",
    labels={"dormant": _("Not logged in for a year")},
)
def no_dormant_accounts(board: Board) -> Finding:
    """Look for accounts in use by nobody."""
    limit = board.at - DORMANT_AFTER
    in_use = _in_use()
    dormant = in_use.exclude(assignments=None).filter(
        Q(last_login__lt=limit) | Q(last_login=None, created_at__lt=limit)
    )
    return _accounts(in_use, "dormant", dormant.distinct())


@live_check(
    "rights_are_reviewed",
    "N9.1",
    promise=_("Somebody looks once a year at what each account may do."),
    remedy=_("Go through the review of rights on the list of accounts."),
    link="admin:register_user_review",
    labels={"overdue": _("Not looked at for a year")},
)
def rights_are_reviewed(board: Board) -> Finding:
    """Look for accounts whose last review is older than a year."""
    return _accounts(
        _in_use(), "overdue", accounts.review_overdue(board.at).order_by("pk")
    )


look_at(
    "roles_fit_the_work",
    "N9.1",
    what=_(
        "Whether each person's work still needs their roles: go through the list of accounts with their superiors."
    ),
)


@live_check(
    "accounts_are_personal",
    "N9.2",
    promise=_("Every account in use has the name of a person, and none is shared."),
    remedy=_(
        "Give everybody an account of their own and make the shared one inactive."
    ),
    link="admin:register_user_changelist",
    labels={"of_nobody": _("Without the name of a person")},
)
def accounts_are_personal(board: Board) -> Finding:
    """Look for accounts whose name is missing, or is that of a function."""
    in_use = _in_use()
    of_nobody = [
        pk
        for pk, first, last in in_use.values_list("pk", "first_name", "last_name")
        if not first.strip()
        or not last.strip()
        or set(f"{first} {last}".casefold().split()) <= NAMES_OF_NOBODY
    ]
    return _accounts(in_use, "of_nobody", User.objects.filter(pk__in=of_nobody))


@live_check(
    "passwords_are_hashed",
    "N9.2",
    promise=_("Passwords are stored as slow, salted hashes."),
    remedy=_("Have the password of the account set anew."),
    link="admin:register_user_changelist",
    labels={"weak": _("Stored in a weak form")},
)
def passwords_are_hashed(board: Board) -> Finding:
    """Look at the beginning of each stored password: it names the method."""
    # With what begins with the prefix of an unusable one nobody can log in.
    strong = Q()
    for beginning in (UNUSABLE_PASSWORD_PREFIX, *STRONG_HASHES):
        strong |= Q(password__startswith=beginning)
    in_use = _in_use()
    return _accounts(in_use, "weak", in_use.exclude(strong))


@live_check(
    "second_factors_are_set_up",
    "N9.2",
    promise=_("Who needs a second factor has one within two weeks."),
    remedy=_("Ask them to log in and set one up; until then they get nowhere."),
    link="admin:register_user_review",
    labels={"without": _("Without a second factor")},
)
def second_factors_are_set_up(board: Board) -> Finding:
    """Look for accounts that could still be taken over with a password alone."""
    late = accounts.without_required_factor().filter(
        created_at__lt=board.at - FACTOR_WITHIN
    )
    return _accounts(_in_use(), "without", late.order_by("pk"))


look_at(
    "passwords_stay_personal",
    "N9.2",
    what=_("Whether anybody has told a colleague their password: remind and ask."),
)


def _in_use() -> QuerySet[User]:
    return User.objects.filter(is_active=True).order_by("pk")


def _accounts(in_use: QuerySet[User], name: str, bad: QuerySet[User]) -> Finding:
    keys = list(bad.values_list("pk", flat=True))
    return judge(
        not keys,
        accounts=in_use.count(),
        records=[(User._meta.label, key) for key in keys],
        **{name: len(keys)},
    )
