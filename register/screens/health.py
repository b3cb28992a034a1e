"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from register.database import drift


def alive(request: HttpRequest) -> JsonResponse:
    """Answer that the web process runs; it asks no other server."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 only if the database is migrated and ruled as the code expects it."""
    problems: list[str] = []
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            problems.append("migrations are pending: run manage.py migrate")
        else:
            problems.extend(drift.differences())
    except DatabaseError:
        problems.append("the database does not answer")
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        problems.append("Redis does not answer")
    return JsonResponse(
        {"status": "not ready" if problems else "ok", "problems": problems},
        status=503 if problems else 200,
    )
