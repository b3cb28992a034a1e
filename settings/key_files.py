"""Makes the keys of an installation as files, which ``NAME_FILE`` or ``SECRETS_DIR`` name."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

# The register cannot work without these; none of them is ever put into the database.
KEYS = ("SECRET_KEY", "AUDIT_KEY", "ADDRESS_HASH_KEYS", "SECOND_FACTOR_KEYS")
# What a Compose installation asks for besides: its servers, and who watches over it.
PASSWORDS = (
    *("DATABASE_ADMIN_PASSWORD", "DATABASE_PASSWORD", "REDIS_PASSWORD"),
    "METRICS_TOKEN",
)

# Only the user that runs the register may read them …
PRIVATE = (0o700, 0o600)
# … or, in containers, whoever gets the single file mounted: nobody else passes the
# directory.
FOR_CONTAINERS = (0o700, 0o444)


def new_value(name: str) -> str:
    """Return a fresh secret in the form the setting has."""
    secret = secrets.token_urlsafe(48)
    return f"k1:{secret}" if name == "ADDRESS_HASH_KEYS" else secret


def make(
    directory: Path, names: Iterable[str], *, modes: tuple[int, int] = PRIVATE
) -> Iterator[tuple[str, Path, bool]]:
    """Make the files that are missing; yield name, path and whether it was made now.

    A file that is there is never touched: a lost AUDIT_KEY breaks the audit trail, and
    a lost ADDRESS_HASH_KEYS lifts every prohibition. Raises OSError.
    """
    of_directory, of_file = modes
    directory.mkdir(mode=of_directory, parents=True, exist_ok=True)
    for name in names:
        path = directory / name.lower()
        yield name, path, _make(path, new_value(name), of_file)


def _make(path: Path, value: str, mode: int) -> bool:
    """Write the file whole or not at all; return False if it is there already."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{value}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        os.link(draft, path)  # unlike a rename, it never replaces
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
