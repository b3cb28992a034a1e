from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings as django_settings

from register.settings_checks import check_settings

KEYS = {
    "SECRET_KEY": "x" * 50,
    "AUDIT_KEY": "y" * 50,
    "ADDRESS_HASH_KEYS": "k1:a-secret-of-the-installation",
    "SECOND_FACTOR_KEYS": "z" * 50,
    "DATABASE_URL": "postgres://seloste@127.0.0.1:1/seloste",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ALLOWED_HOSTS": "register.example",
}


def check_production(**environment):
    """Run ``check`` as production does, with nothing but this environment."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=django_settings.BASE_DIR,
        env={
            **kept,
            **environment,
            "DJANGO_SETTINGS_MODULE": "settings.production",
            "LANGUAGE": "en",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_with_an_empty_environment_is_told_everything_it_lacks():
    done = check_production()

    assert done.returncode == 1
    found = set(re.findall(r"register\.(E1\d\d)", done.stderr))
    assert found == {"E101", "E102", "E103", "E104", "E105", "E106", "E109"}
    assert "Traceback" not in done.stderr


def test_production_with_all_settings_passes():
    done = check_production(**KEYS)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], ["register.E103"]),
        (["no-colon-here"], ["register.E103"]),
        ([":no-id-here"], ["register.E103"]),
        (["k1:short"], ["register.E103"]),
        (["k1:long-enough-secret", "k1:another-long-secret"], ["register.E103"]),
        (["k2:long-enough-secret", "k1:another-long-secret"], []),
    ],
)
def test_hash_keys_have_an_id_and_a_secret_each(settings, keys, found):
    settings.ADDRESS_HASH_KEYS = keys

    assert [message.id for message in check_settings()] == found
