"""Says by its exit status whether the process of this container lives.

``python3 docker/healthcheck.py web|worker|beat``, with the standard library alone: it
runs every half minute in every container.

*web* answers. *worker* touches ALIVE_FILE each time its event loop comes round, *beat*
writes its schedule down every three minutes.
"""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

WORKER_SECONDS = 60
BEAT_SECONDS = 600


def main(what: str) -> str:
    """Return what is wrong; nothing if the process lives."""
    if what == "web":
        return web(int(os.environ.get("PORT", "8000")))
    if what == "worker":
        return silent([Path(os.environ["ALIVE_FILE"])], WORKER_SECONDS)
    if what == "beat":
        state = Path(os.environ["SELOSTE_STATE_DIR"])
        return silent(state.glob("celerybeat-schedule*"), BEAT_SECONDS)
    return f"There is no process {what!r}: web, worker or beat."


def web(port: int) -> str:
    """Ask as the proxy asks."""
    headers = {
        "Host": os.environ.get("ALLOWED_HOSTS", "localhost").partition(",")[0],
        "X-Forwarded-Proto": "https",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/healthz", headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"web does not answer ({type(error).__name__})"
    finally:
        connection.close()
    return "" if status == 200 else f"web answers {status}"


def silent(files: Iterable[Path], seconds: float) -> str:
    """Say since when none of the files was touched, if that is too long ago."""
    touched = max((file.stat().st_mtime for file in files if file.exists()), default=0)
    age = time.time() - touched
    return "" if age < seconds else f"no sign of life for {age:.0f} s"


if __name__ == "__main__":
    wrong = main(sys.argv[1] if len(sys.argv) > 1 else "")
    sys.exit(wrong or 0)
