"""Accounts and API keys of the demo, and the note that tells how to log in."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import timezone

from register import actors
from register.log_in.adapters import MFAAdapter
from register.models import ApiKey, RightsReview, Role, User
from register.services import accounts, api_keys, controller, staff
from settings.demo_data.teams import TEAM_ROLE, make_team_role

# Two data protection officers, because what is irreversible needs a second person.
ACCOUNTS = [
    ("dpo", "Tiina", "Tietosuoja", "dpo"),
    ("dpo2", "Veikko", "Varmistaja", "dpo"),
    ("service", "Aila", "Asiakaspalvelija", "service"),
    ("sales", "Mauri", "Myyjä", "sales"),
    ("south", "Sari", "Salmi", TEAM_ROLE),
    ("south2", "Samu", "Suominen", TEAM_ROLE),
    ("north", "Noora", "Niemi", TEAM_ROLE),
    ("north2", "Niko", "Nurmi", TEAM_ROLE),
    ("marketing", "Maija", "Markkinoija", "marketing"),
    ("auditor", "Taru", "Tarkastaja", "auditor"),
    ("admin", "Yrjö", "Ylläpitäjä", "admin"),
]
DOMAIN = "seloste.example"


def make_accounts() -> str:
    """Create accounts and keys that do not exist yet; return the note about them.

    Every account gets the same random password of this installation.
    """
    actor = actors.system("access_control")
    controller.save({}, actor=actor)  # what the settings of the demo say
    make_team_role()
    password = f"demo-{secrets.token_hex(4)}"
    lines = ["Log in with any of these; the password is the same for all:", ""]
    for name, first_name, last_name, role_code in ACCOUNTS:
        role = Role.objects.get(code=role_code)
        user = User.objects.create_user(
            f"{name}@{DOMAIN}",
            password,
            first_name=first_name,
            last_name=last_name,
            language="fi",
        )
        staff.set_roles(user, [role], actor=actor)
        lines.append(f"  {user.email:<28} {role.name}")
        if role.requires_second_factor:
            lines.append(f"  {'':<28} {_set_up_second_factor(user)}")
    _review_some_rights()
    lines += [
        "",
        "south and south2 sell in one team, north and north2 in another.",
        "",
        f"  password: {password}",
        "",
        "Where an address otpauth:// stands, a code of an authenticator app is asked for besides:",
        "scan or paste that address into one, or run: manage.py demo_code EMAIL",
        "",
        "API keys, one for each scope:",
        "",
    ]
    for scope in ApiKey.Scope.values:
        _, secret = api_keys.create(name=f"Demo {scope}", scopes=[scope], actor=actor)
        lines.append(f"  {scope:<28} {secret}")
    return "\n".join([*lines, ""])


def _review_some_rights() -> None:
    """Let the administrator have looked at some accounts, and one review be overdue."""
    reviewer = actors.of_user(User.objects.get(email=f"admin@{DOMAIN}"))
    for name in ("dpo", "service", "marketing"):
        user = User.objects.get(email=f"{name}@{DOMAIN}")
        accounts.review(user, RightsReview.Outcome.KEPT, actor=reviewer)
    User.objects.filter(email=f"auditor@{DOMAIN}").update(
        created_at=timezone.now() - timedelta(days=380),
        last_login=timezone.now() - timedelta(days=20),
    )


def _set_up_second_factor(user: User) -> str:
    """Give the account an authenticator app; return the address that sets the app up."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return str(MFAAdapter().build_totp_url(user, secret))


def write_logins(path: Path, note: str) -> None:
    """Write the note where only this machine's user can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(note, encoding="utf-8")
