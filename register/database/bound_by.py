"""Does row security bind a role? It does not bind administrators and owners of tables."""

from __future__ import annotations

from django.db import connection

_QUESTION = (
    "SELECT r.rolname, r.rolsuper, r.rolbypassrls, EXISTS (SELECT FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind = 'r'"
    " AND pg_has_role(r.oid, c.relowner, 'USAGE'))"
    " FROM pg_roles r WHERE r.rolname = coalesce(%s, current_user)"
)


def why_not_bound(role: str | None = None) -> str:
    """Return why row security does not bind a role, in words; empty if it binds it.

    Without ``role`` it is the one that the connection works as now. A role that is not
    there sees nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, [role])
        row = cursor.fetchone()
    if row is None:
        return ""
    name, is_administrator, passes_by, owns = row
    if is_administrator:
        return f"role {name} is an administrator of the server"
    if passes_by:
        return f"role {name} has BYPASSRLS"
    if owns:
        return f"role {name} is the owner of tables"
    return ""
