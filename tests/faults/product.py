"""The real product as ``make demo`` starts it, and its processes, to be killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from settings import embedded
from settings.embedded.places import Places

ROOT = Path(__file__).parents[2]
# Who can be killed. "all" leaves only the process that starts the others again.
TARGETS = ("web", "web worker", "worker", "pool child", "beat", "keeper", "postgres", "session", "valkey", "supervisor", "all")  # fmt: skip


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


class Product:
    """One installation in a state directory of its own."""

    def __init__(self, port: int) -> None:
        # Not below a private directory: where root runs it, PostgreSQL is another user.
        self.state = Path(tempfile.mkdtemp(prefix="seloste-faults-", dir="/tmp"))
        self.state.chmod(0o755)
        self.port = port
        self.log = self.state / "serve.log"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_URL", "REDIS_URL", "SELOSTE_"))
        } | {
            "SELOSTE_STATE_DIR": str(self.state),
            "DJANGO_SETTINGS_MODULE": "settings.demo",
        }
        self.serve: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        """Run a command of ``manage.py``; return what it wrote."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self) -> None:
        """Make the database, and the static files if there are none yet."""
        self.manage("migrate", "--verbosity", "0")
        if not (ROOT / "staticfiles" / "staticfiles.json").exists():
            self.manage("collectstatic", "--noinput", "--verbosity", "0")

    def start(self) -> None:
        """Start all its processes; they may not be well yet."""
        with self.log.open("ab") as log:
            self.serve = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def answers(self, path: str = "/readyz") -> bool:
        """Whether the address is answered with 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def is_well(self) -> bool:
        """Whether every process runs and the web can serve."""
        processes = self.processes()
        return all(processes.get(t) for t in TARGETS[:-1] if t != "session") and (
            self.answers()
        )

    def wait_until_well(self, seconds: float = 90) -> float:
        """Wait; return how long it took. Raises TimeoutError."""
        since = time.monotonic()
        while not self.is_well():
            if time.monotonic() - since > seconds:
                raise TimeoutError(f"Not well after {seconds} s: {self.processes()}")
            time.sleep(0.1)
        return time.monotonic() - since

    def processes(self) -> dict[str, list[int]]:
        """The living processes by name."""
        found: dict[str, list[int]] = {}
        if self.serve is not None:
            for child in _children(self.serve.pid):
                name = _name(child)
                if name:
                    found.setdefault(name, []).append(child)
        for whole, part in (("web", "web worker"), ("worker", "pool child")):
            found[part] = [c for pid in found.get(whole, []) for c in _children(pid)]
        servers = self._servers()
        for name in ("postgres", "valkey", "supervisor"):
            pid = servers.get(name)
            found[name] = [pid] if isinstance(pid, int) and _is_alive(pid) else []
        found["session"] = [
            child
            for pid in found["postgres"]
            for child in _children(pid)
            if "postgres: seloste" in _command(child)
        ]
        return found

    def kill(self, target: str) -> int:
        """Kill one process of that name, or all; return how many were killed."""
        found = self.processes()
        if target == "all":
            victims = [pid for pids in found.values() for pid in pids]
        else:
            victims = found.get(target, [])[:1]
        killed = 0
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        return killed

    def stop(self) -> int:
        """Stop everything as Ctrl-C does; return the exit status."""
        if self.serve is None:
            return 0
        self.serve.terminate()
        try:
            return self.serve.wait(60)
        except subprocess.TimeoutExpired:
            self.serve.kill()
            return self.serve.wait()

    def remove(self) -> None:
        """Stop everything and delete the state directory."""
        self.stop()
        subprocess.run(
            [sys.executable, "-m", "settings.embedded", "stop"],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
        )
        shutil.rmtree(self.state, ignore_errors=True)

    def _servers(self) -> dict[str, object]:
        lock = Places(self.state).home / "supervisor.lock"
        try:
            status: dict[str, object] = json.loads(lock.read_bytes() or b"{}")
        except (OSError, ValueError):
            return {}
        return status


def urls_of(state: Path) -> tuple[str, str]:
    """The addresses of the embedded servers of a state directory."""
    os.environ["SELOSTE_STATE_DIR"] = str(state)
    return embedded.urls()


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _name(pid: int) -> str:
    command = _command(pid)
    for word, name in (
        ("gunicorn", "web"),
        ("settings.embedded keep", "keeper"),
        (" worker ", "worker"),
        (" beat ", "beat"),
    ):
        if word in command:
            return name
    return ""


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
