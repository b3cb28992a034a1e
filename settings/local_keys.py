"""Keys of a demo or development installation, made once and kept beside its data."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from pathlib import Path

NAMES = ("SECRET_KEY", "ADDRESS_HASH_KEY", "AUDIT_KEY", "SECOND_FACTOR_KEY")


def local_keys(path: Path) -> dict[str, str]:
    """Return the keys in ``path``, making them first if there are none.

    Two processes that start at once get the same keys: the file appears whole, by
    linking a finished one to its name, and only the first link succeeds.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(
            json.dumps({name: secrets.token_urlsafe(48) for name in NAMES})
        )
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    keys: dict[str, str] = json.loads(path.read_text())
    # A file that an older version made lacks what came later; such a key is derived, so
    # that two processes get the same.
    for name in NAMES:
        if name not in keys:
            made = hmac.new(keys["SECRET_KEY"].encode(), name.encode(), "sha256")
            keys[name] = made.hexdigest()
    return keys
