"""A real mail server in a thread, which can be told to be difficult."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller


@dataclasses.dataclass
class MailServer:
    """What arrived, and what it answers instead of taking a mail."""

    mails: list[Any] = dataclasses.field(default_factory=list)
    recipients: list[str] = dataclasses.field(default_factory=list)
    answer: str = ""
    drops_line: bool = False
    # Called when a mail has come in whole and is not yet confirmed.
    on_mail: Callable[[], object] | None = None

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.answer.startswith("RCPT "):
            return self.answer.removeprefix("RCPT ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        if self.drops_line:
            server.transport.abort()
            return "250 never read"
        if self.answer:
            return self.answer
        self.recipients += envelope.rcpt_tos
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.on_mail is not None:
            self.on_mail()
        return "250 OK"


def start(server: MailServer) -> Controller:
    """Start it on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(
        server, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, ready_timeout=10
    )
    controller.start()
    return controller
