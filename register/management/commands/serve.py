"""Runs the register on this machine: web, worker and beat in one command."""

from __future__ import annotations

import errno
import http.client
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from settings import embedded, processes, services

HOST = "127.0.0.1"


class Command(BaseCommand):
    """Run web, worker and beat until Ctrl-C; start again what is killed or ends."""

    help = "Run web, worker and beat until Ctrl-C. For production see the README."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--banner", type=Path, help="file whose text is shown once web answers"
        )
        parser.add_argument(
            "--check-port",
            action="store_true",
            help="only see whether the port is free",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse a port that is taken before anything starts."""
        port: int = options["port"]
        refuse_taken_port(port)
        if options["check_port"]:
            return
        try:
            services.ensure()
        except embedded.EmbeddedServicesError as error:
            raise CommandError(str(error)) from error
        embedded.state_dir().mkdir(parents=True, exist_ok=True)  # beat writes into it

        def banner() -> str:
            lines = [f"\nSeloste is at http://{HOST}:{port}/ (Ctrl-C stops it)\n"]
            file: Path | None = options["banner"]
            if file is not None and file.exists():
                lines.append(file.read_text(encoding="utf-8"))
            if "mail" in commands:
                lines.append(f"Mail it sends is kept in {embedded.state_dir()}/mail\n")
            return "\n".join(lines)

        commands = {
            "web": web(port),
            "worker": [*celery(), "worker", "--concurrency=2", "--loglevel=INFO"],
            "beat": [*celery(), "beat", "--loglevel=WARNING", "--pidfile="],
        }
        if services.are_embedded():
            commands["servers"] = [sys.executable, "-m", "settings.embedded", "keep"]
        env: dict[str, str] = {}
        if getattr(settings, "IS_DEMO", False) and not settings.EMAIL_HOST:
            # The demo sends mail: to a folder.
            mail_port = free_port()
            env = {
                "EMAIL_URL": f"smtp://{HOST}:{mail_port}",
                "MAIL_FROM": "palvelu@seloste.example",
            }
            folder = embedded.state_dir() / "mail"
            commands["mail"] = [
                *(sys.executable, "-m", "settings.mail_sink"),
                *(str(mail_port), str(folder)),
            ]
        status = processes.run(
            commands,
            env=env,
            is_ready=lambda: answers(port),
            when_ready=banner,
            restarts=True,
        )
        sys.exit(status)


def web(port: int) -> list[str]:
    """The command of the web server."""
    return [
        *(sys.executable, "-m", "gunicorn", "settings.wsgi"),
        *("--config", "python:settings.web_server", "--bind", f"{HOST}:{port}"),
    ]


def celery() -> list[str]:
    """The beginning of a Celery command."""
    return [sys.executable, "-m", "celery", "-A", "settings", "--quiet"]


def refuse_taken_port(port: int) -> None:
    """Raise CommandError if nothing can listen on the port."""
    try:
        with socket.socket() as probe:
            # As the web server does: a port whose last connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            probe.listen()
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        reason = "is taken" if taken else f"cannot be used ({error})"
        raise CommandError(
            f"Port {port} {reason}: choose another, for example with PORT=8010."
        ) from error


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether web says that it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
