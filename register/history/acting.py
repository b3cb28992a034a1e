"""Who changes rows now, and why: told to the database, whose triggers write versions.

Requests and jobs say it once. A service that is given another actor says it for itself.
Where nobody said anything, the changes of one transaction share a number that the
database makes up, and name no actor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection

if TYPE_CHECKING:
    from register.actors import Actor

SETTING = "seloste.acting"


@contextlib.contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let the versions written inside name ``actor``, its purpose and its request id.

    The request id is the number of the operation: of one action, import, merge or job.
    """
    # What stands between the bars is codes and numbers; a bar in one would shift them.
    said = (str(actor.request_id), actor.kind, actor.id, actor.purpose)
    is_local = connection.in_atomic_block
    before = _set("|".join(part.replace("|", "") for part in said), is_local=is_local)
    try:
        yield
    except BaseException:
        # A broken transaction takes no more statements, and its end puts the setting back.
        if not is_local:
            with contextlib.suppress(DatabaseError, InterfaceError):
                _set(before, is_local=False)
        raise
    _set(before, is_local=is_local)


def _set(value: str, *, is_local: bool) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, %s)",
            [SETTING, SETTING, value, is_local],
        )
        return cursor.fetchone()[0] or ""
