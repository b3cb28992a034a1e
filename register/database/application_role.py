"""The role that web requests take: made where it is missing, and taken by the owner."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper


def ensure() -> None:
    """Create the role and let the owner take it; roles belong to the whole server."""
    role = settings.APPLICATION_ROLE
    for attempt in range(10):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {role} NOLOGIN")
                cursor.execute(
                    "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
                    " JOIN pg_roles u ON u.oid = m.member"
                    " WHERE r.rolname = %s AND u.rolname = current_user",
                    [role],
                )
                member = cursor.fetchone()
                cursor.execute(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                )
                if not cursor.fetchone()[0] and not (member and _may_set(cursor, role)):
                    cursor.execute(f"GRANT {role} TO CURRENT_USER")
        except DatabaseError as error:
            # Another database of the same server is being set up at this moment.
            if attempt == 9:
                raise CommandError(
                    f"The role {role} is missing or the database user may not take it: an administrator of the server makes both with manage.py database_roles."
                ) from error
            time.sleep(0.2)
        else:
            return


def _may_set(cursor: CursorWrapper, role: str) -> bool:
    # PostgreSQL 16 separates being a member from being allowed to take the role.
    cursor.execute("SELECT current_setting('server_version_num')::int >= 160000")
    privilege = "SET" if cursor.fetchone()[0] else "MEMBER"
    cursor.execute("SELECT pg_has_role(current_user, %s, %s)", [role, privilege])
    return bool(cursor.fetchone()[0])
