"""Commands whose servers are away say so in a sentence, not in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

NOBODY = "127.0.0.1:1"


def run(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DJANGO_SETTINGS_MODULE": "settings.demo",
            "SELOSTE_STATE_DIR": str(tmp_path),
            "DATABASE_URL": f"postgresql://seloste:s3cret@{NOBODY}/register",
            "REDIS_URL": f"redis://:s3cret@{NOBODY}/0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["migrate", "audit_verify", "demo_data"])
def test_a_command_names_the_database_that_does_not_answer(tmp_path, command):
    ended = run(tmp_path, command)

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith(
        "Seloste: The database does not answer; see DATABASE_URL (connection failed:"
    )
    assert "127.0.0.1" in ended.stderr
    assert "s3cret" not in ended.stdout + ended.stderr


def test_whoever_asks_for_the_traceback_gets_it(tmp_path):
    ended = run(tmp_path, "migrate", "--traceback")

    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "s3cret" not in ended.stdout + ended.stderr


def test_what_is_wrong_with_a_command_itself_is_still_said(tmp_path):
    ended = run(tmp_path, "no_such_command")

    assert ended.returncode == 1
    assert "Unknown command" in ended.stderr
