"""Two teams of sellers, whose people are whose, and a role for one's own team."""

from __future__ import annotations

import random
from collections.abc import Sequence

from contacts.models import Company, Contact
from register.access import all_fields
from register.datamap.vocabulary import HEEDED, Action, Category, Level, Scope
from register.models import (
    ElevationRight,
    FieldRule,
    Role,
    RoleRight,
    Team,
    TeamMembership,
    User,
)

TEAM_ROLE = "sales-team"
TEAMS = {"Etelä": ("south", "south2"), "Pohjoinen": ("north", "north2")}
# The rest are nobody's, as in any register that is older than its teams.
SHARE_ASSIGNED = 0.7


def make_team_role() -> Role:
    """Make "Sales, own team": what sales may do, of the own team, numbers masked.

    People of other teams may be seen for a while, with a reason.
    """
    sales = Role.objects.get(code="sales")
    role = Role.objects.create(
        code=TEAM_ROLE, name="Sales, own team", default_purpose=sales.default_purpose
    )
    RoleRight.objects.bulk_create(
        RoleRight(
            role=role,
            category=category,
            action=action,
            scope=Scope.ALL if category in HEEDED else Scope.TEAM,
        )
        for category, action in sales.rights.values_list("category", "action")
    )
    FieldRule.objects.bulk_create(
        FieldRule(role=role, field=code, level=Level.MASKED)
        for code in all_fields()
        if code == "contacts.contactpoint.value:phone"
    )
    ElevationRight.objects.create(
        role=role, category=Category.IDENTITY, action=Action.VIEW, scope=Scope.ALL
    )
    return role


def make_teams(chance: random.Random, people: Sequence[Contact]) -> None:
    """Share out people and companies among the sellers of two teams."""
    sellers = {}
    for name, members in TEAMS.items():
        team = Team.objects.create(name=name)
        for member in members:
            user = User.objects.get(email__startswith=f"{member}@")
            TeamMembership.objects.create(team=team, user=user)
            sellers[user] = team
    companies = list(Company.objects.all())
    rows: list[Contact | Company] = [*people, *companies]
    for row in rows:
        if chance.random() < SHARE_ASSIGNED:
            row.responsible, row.team = chance.choice(list(sellers.items()))
    Contact.objects.bulk_update(people, ["responsible", "team"], batch_size=1000)
    Company.objects.bulk_update(companies, ["responsible", "team"], batch_size=1000)
