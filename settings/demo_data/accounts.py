"""Accounts and API keys of the demo, and the note that tells how to log in."""

from __future__ import annotations

import secrets
from pathlib import Path

from register import actors
from register.models import ApiKey, Role, User
from register.services import api_keys, controller, staff

# Two data protection officers, because what is irreversible needs a second person.
ACCOUNTS = [
    ("dpo", "Tiina", "Tietosuoja", "dpo"),
    ("dpo2", "Veikko", "Varmistaja", "dpo"),
    ("service", "Aila", "Asiakaspalvelija", "service"),
    ("sales", "Mauri", "Myyjä", "sales"),
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
    lines += ["", f"  password: {password}", "", "API keys, one for each scope:", ""]
    for scope in ApiKey.Scope.values:
        _, secret = api_keys.create(name=f"Demo {scope}", scopes=[scope], actor=actor)
        lines.append(f"  {scope:<28} {secret}")
    return "\n".join([*lines, ""])


def write_logins(path: Path, note: str) -> None:
    """Write the note where only this machine's user can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(note, encoding="utf-8")
