"""The web server refuses what it cannot read without quoting it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

from register.management.commands import serve

TRIES = 200


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((serve.HOST, 0))
        return int(probe.getsockname()[1])


def send(port: int, request: bytes) -> bytes:
    with socket.create_connection((serve.HOST, port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(200)


def test_a_request_that_cannot_be_read_leaves_nothing_of_it_in_the_log(
    tmp_path: Path,
) -> None:
    port, log = free_port(), tmp_path / "web.log"
    with log.open("wb") as output:
        web = subprocess.Popen(
            serve.web(port), stdout=output, stderr=output, env={**os.environ}
        )
        try:
            for _try in range(TRIES):
                if serve.answers(port):
                    break
                time.sleep(0.1)

            answers = [
                send(
                    port, b"GET /?q=Anna Virtanen HTTP/1.1\r\nHost: localhost\r\n\r\n"
                ),
                send(port, b"GET /?q=Virtanen&x=\xff HTTP/1.1\r\nHost: a\r\n\r\n"),
                send(port, b"GET / HTTP/1.1\r\nHost: a\r\nX Virtanen\r\n\r\n"),
            ]
        finally:
            web.terminate()
            web.wait(20)

    assert all(answer.startswith(b"HTTP/1.1 400") for answer in answers)
    written = log.read_text()
    assert written.count("A request could not be read") == 3
    assert "Virtanen" not in written
    assert "127.0.0.1: " not in written
