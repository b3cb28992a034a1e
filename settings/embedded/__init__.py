"""Real PostgreSQL and Valkey servers for the demo, development and tests.

They start when the first process calls `ensure()` and stop a few seconds after the
last one is gone, however it went. Data, log and locks live in ``var/services`` of the
checkout (``SELOSTE_STATE_DIR`` replaces ``var``); the sockets live in a short, private
directory under ``/tmp``, because a socket's path may not exceed about 100 bytes. There
is no TCP port and no password: whoever may open the sockets is trusted.

Four locks, all `flock`, so that the kernel lets go of them whatever kills a process:

=============== ============================== ======================================
lock            held by                        so that
=============== ============================== ======================================
users.lock      every using process (shared)   the supervisor gets it exclusively only
                                               when nobody is left
start.lock      whoever starts or stops        starters queue up
supervisor.lock the supervisor                 there is one; its status is inside
servers.lock    both servers and all their     a new start waits for the last process
                children, and nobody else      of a killed one
=============== ============================== ======================================

The supervisor is a detached process that starts, watches and stops the two servers;
nobody else touches them. It runs without importing the project, so the modules it needs
(`supervisor`, `postgres`, `kernel`, `places`) import the standard library and each
other only.

``python -m settings.embedded {status,url,keep,stop,wipe}`` is for people.
"""

from __future__ import annotations

from .lease import ensure, release, status, stop, wipe
from .places import (
    EmbeddedServicesError,
    cache_url,
    celery_broker_url,
    pg_bin,
    state_dir,
    urls,
)

__all__ = [
    "EmbeddedServicesError",
    "cache_url",
    "celery_broker_url",
    "ensure",
    "pg_bin",
    "release",
    "state_dir",
    "status",
    "stop",
    "urls",
    "wipe",
]
