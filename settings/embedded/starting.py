"""Starting a supervisor, and finding out whether the services run."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from .kernel import held, read_status, try_lock, write_status
from .places import EmbeddedServicesError, Places

LOG_BYTES = 5_000_000  # a longer log starts anew
# Run by this, the supervisor imports the package without its parent, the project. The
# directory comes last: its modules must not hide those of the standard library.
SUPERVISE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from embedded.supervisor import supervise; "
    "supervise(lock=int(sys.argv[2]), report=int(sys.argv[3]))"
)


def start(places: Places, deadline: float) -> None:
    """Return when the services run. The caller holds the start lock."""
    while not _is_up(places):
        _check_time(deadline, places)
        supervisor_lock = try_lock(places.home / "supervisor.lock")
        if supervisor_lock is not None:
            try:
                # Nobody may take the word of the one that held this lock before.
                write_status(supervisor_lock, read_status(places) | {"state": "new"})
                _launch_supervisor(places, supervisor_lock, deadline)
            finally:
                os.close(supervisor_lock)
        # Otherwise one lives that is starting (whoever began it was killed), that
        # starts a broken server again, or that is stopping.
        time.sleep(0.02)


def _launch_supervisor(places: Places, supervisor_lock: int, deadline: float) -> None:
    """Start a supervisor, hand its lock over, wait for its first word."""
    listen, speak = os.pipe()
    # The settings of a libpq client are no business of the server.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    env |= {"SELOSTE_STATE_DIR": str(places.state), "LC_ALL": "C"}
    try:
        places.log.touch(mode=0o600)
        too_long = places.log.stat().st_size > LOG_BYTES
        with places.log.open("wb" if too_long else "ab") as log:
            # It forks once more and returns at once: no child of ours stays behind.
            subprocess.run(  # noqa: S603 - our own module
                [
                    sys.executable,
                    *("-P", "-c", SUPERVISE),
                    str(Path(__file__).resolve().parents[1]),
                    *(str(supervisor_lock), str(speak)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(supervisor_lock, speak),
                start_new_session=True,
                cwd="/",
                env=env,
                check=False,
            )
    finally:
        os.close(speak)
    said = b""
    try:
        while True:
            _check_time(deadline, places)
            if select.select([listen], [], [], 0.2)[0]:
                part = os.read(listen, 4096)
                said += part
                if not part:
                    break
    finally:
        os.close(listen)
    if said != b"ready":
        raise EmbeddedServicesError(
            said.decode(errors="replace")
            or f"The embedded services ended while starting: see {places.log} and start again."
        )


def servers_answer(places: Places) -> bool:
    """Whether both servers take a connection at this moment."""
    for path in (places.postgres_socket, places.valkey_socket):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(path))
            except OSError:
                return False
    return True


def _is_up(places: Places) -> bool:
    return (
        held(places.home / "supervisor.lock")
        and read_status(places).get("state") == "ready"
        and servers_answer(places)
    )


def _check_time(deadline: float, places: Places) -> None:
    if time.monotonic() > deadline:
        raise EmbeddedServicesError(
            f"The embedded services did not start in time: see {places.log}, "
            "or stop what hangs with python -m settings.embedded stop."
        )
