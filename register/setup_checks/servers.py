"""The database and Redis: version, roles, schema, clock, what survives a restart."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.database import drift, roles
from register.database.bound_by import why_not_bound
from register.setup_checks import Group, Outcome, missing, ok, register, warning

OLDEST_REDIS = (6, 2)
# Due instants are compared with both clocks; more than this is told.
CLOCK_DIFFERENCE = timedelta(seconds=2)
TIMEOUT_SECONDS = 3


@register(
    "database", _("Database"), group=Group.SERVERS, order=10, needs_database=False
)
def database() -> Outcome:
    """PostgreSQL answers, is new enough and knows the letters that names have."""
    try:
        connection.ensure_connection()
    except Exception as error:  # noqa: BLE001 - its text names hosts and users
        return missing(
            _("The database does not answer (%(error)s).")
            % {"error": type(error).__name__},
            _(
                "Check DATABASE_URL, and let an administrator of the server run manage.py database_roles."
            ),
        )
    version = connection.connection.info.server_version
    if version < roles.OLDEST_POSTGRES * 10_000:
        return missing(
            _("PostgreSQL %(found)s is too old.") % {"found": version // 10_000},
            _("Update the server to PostgreSQL %(oldest)s or newer.")
            % {"oldest": roles.OLDEST_POSTGRES},
        )
    encoding, small = _row("SELECT current_setting('server_encoding'), lower('Ä')")
    if encoding != "UTF8" or small != "ä":
        return missing(
            _("The database does not know the letters of Finnish and Swedish."),
            _(
                "Make it anew with manage.py database_roles: encoding UTF8, locale C.UTF-8."
            ),
        )
    return ok(_("PostgreSQL %(version)s answers.") % {"version": version // 10_000})


@register("database_way", _("Way to the database"), group=Group.SERVERS, order=20)
def database_way() -> Outcome:
    """Over a network that others use, the connection is encrypted."""
    is_encrypted, address = _row(
        "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),"
        " host(inet_server_addr())"
    )
    if is_encrypted:
        return ok(_("The connection is encrypted."))
    if address is None or ipaddress.ip_address(address).is_loopback:
        return ok(_("The database is on this machine."))
    if ipaddress.ip_address(address).is_private:
        return ok(
            _("The database is on a private network; nothing is encrypted there.")
        )
    return warning(
        _("The connection to the database leaves this network unencrypted."),
        _("Add ?sslmode=verify-full&sslrootcert=… to DATABASE_URL."),
    )


@register("database_roles", _("Database roles"), group=Group.SERVERS, order=30)
def database_roles() -> Outcome:
    """The owner has no right over the server, and can take the application role."""
    role = settings.APPLICATION_ROLE
    is_super, too_much, may_take = _row(
        "SELECT r.rolsuper, r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,"
        " EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles a ON a.oid = m.roleid"
        "  WHERE m.member = r.oid AND a.rolname = %s"
        "  AND coalesce((to_jsonb(m)->>'set_option')::boolean, true))"
        " FROM pg_roles r WHERE r.rolname = session_user",
        [role],
    )
    todo = _("Let an administrator of the server run manage.py database_roles.")
    if not (may_take or is_super):
        return missing(
            _("The database user cannot take the role %(role)s.") % {"role": role}, todo
        )
    if is_super:
        return warning(_("The register works as an administrator of the server."), todo)
    if too_much and not settings.USES_EMBEDDED_DATABASE:
        return warning(_("The database user may do more than it needs."), todo)
    is_open = _row(
        "SELECT EXISTS (SELECT FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a"
        " WHERE datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'CONNECT')"
    )[0]
    if is_open and not settings.USES_EMBEDDED_DATABASE:
        return warning(_("Other roles of the server may open this database."), todo)
    return ok(_("The owner and the application role are as they should be."))


@register(
    "web_role",
    _("Role of the web processes"),
    group=Group.SERVERS,
    order=35,
    is_of_web=True,
)
def web_role() -> Outcome:
    """Row security binds the web process that is asked."""
    # The reason, in an administrator's words, stands in /readyz.
    if why_not_bound():
        return missing(
            _("Row security does not bind this web process."),
            _(
                "Start the web processes with SELOSTE_PROCESS=web, and let an administrator of the server run manage.py database_roles."
            ),
        )
    return ok(_("Row security binds the web process that answers."))


@register("migrations", _("Tables"), group=Group.SERVERS, order=40)
def migrations() -> Outcome:
    """Every migration is applied and the rules of the database are in force."""
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        return missing(
            _("Migrations that wait: %(count)s.") % {"count": pending},
            _("Run manage.py migrate."),
        )
    differences = drift.differences()
    if differences:
        return missing(
            _("The database differs from the data map: %(differences)s.")
            % {"differences": "; ".join(differences[:5])},
            _("Run manage.py migrate."),
        )
    return ok(_("The tables and their rules are as the data map says."))


@register("clock", _("Clocks of the servers"), group=Group.SERVERS, order=50)
def clock() -> Outcome:
    """This machine and the database agree on the time."""
    before = timezone.now()
    theirs = _row("SELECT clock_timestamp()")[0]
    apart = max(before - theirs, theirs - timezone.now(), timedelta(0))
    if apart > CLOCK_DIFFERENCE:
        return missing(
            _(
                "The clocks of this machine and of the database are %(seconds)s seconds apart."
            )
            % {"seconds": round(apart.total_seconds())},
            _("Let both set their clocks over the network (NTP)."),
        )
    return ok(_("This machine and the database agree on the time."))


@register("redis", _("Redis"), group=Group.SERVERS, order=60, needs_database=False)
def redis_server() -> Outcome:
    """The broker answers, is new enough, forgets nothing by itself."""
    server = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
    try:
        said: dict[str, Any] = server.info()
    except redis.exceptions.NoPermissionError:
        return warning(
            _("Redis answers, but does not say how it is set up."),
            _(
                "Let its user run INFO, or check by hand: maxmemory-policy noeviction, appendonly yes."
            ),
        )
    except (redis.RedisError, OSError) as error:
        return missing(
            _("Redis does not answer (%(error)s).") % {"error": type(error).__name__},
            _("Check REDIS_URL and the password, and start the server."),
        )
    finally:
        server.close()
    return _judge_redis(said)


def _judge_redis(said: dict[str, Any]) -> Outcome:
    name = "Valkey" if said.get("server_name") == "valkey" else "Redis"
    version = str(said.get("valkey_version") or said["redis_version"])
    numbers = tuple(int(part) for part in str(said["redis_version"]).split(".")[:2])
    if numbers < OLDEST_REDIS:
        return missing(
            _("%(name)s %(version)s is too old.") % {"name": name, "version": version},
            _("Update it to Redis 6.2 or newer, or to Valkey."),
        )
    if said.get("maxmemory_policy", "noeviction") != "noeviction":
        return warning(
            _("%(name)s throws work away when its memory is full (%(policy)s).")
            % {"name": name, "policy": said["maxmemory_policy"]},
            _("Set maxmemory-policy noeviction."),
        )
    if not said.get("aof_enabled"):
        return warning(
            _("%(name)s may forget the last minutes when it is restarted.")
            % {"name": name},
            _(
                "Set appendonly yes. Without it nothing is lost for good: waiting jobs are handed out again from the database."
            ),
        )
    return ok(
        _("%(name)s %(version)s answers and keeps what it was told.")
        % {"name": name, "version": version}
    )


def _row(sql: str, params: list[Any] | None = None) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: tuple[Any, ...] = cursor.fetchone()
    return found
