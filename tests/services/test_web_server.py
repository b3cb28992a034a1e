"""The web server as it is really started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from register.management.commands import serve
from tests.services.test_web_log import TRIES, free_port

APPLICATION = "tests.services.application_in_a_role"
UNKNOWN = {
    name: value for name, value in os.environ.items() if name != "SELOSTE_PROCESS"
}


@pytest.mark.django_db
def test_the_web_asks_the_database_in_the_application_role(tmp_path: Path) -> None:
    port = free_port()
    command = [
        APPLICATION if part == "settings.wsgi" else part for part in serve.web(port)
    ]
    with (tmp_path / "web.log").open("wb") as output:
        web = subprocess.Popen(command, stdout=output, stderr=output, env=UNKNOWN)
        try:
            for _try in range(TRIES):
                if serve.answers(port):
                    break
                time.sleep(0.1)
            with urllib.request.urlopen(
                f"http://{serve.HOST}:{port}/", timeout=20
            ) as answer:
                role = answer.read().decode()
        finally:
            web.terminate()
            web.wait(20)

    assert role == settings.APPLICATION_ROLE


def test_a_web_that_would_work_as_owner_of_the_tables_does_not_start() -> None:
    code = "from django.conf import settings; settings.DEBUG; import settings.wsgi"

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=UNKNOWN
    )

    assert ended.returncode == 1
    assert "Set SELOSTE_PROCESS=web." in ended.stderr
