from __future__ import annotations

import os
import re
import subprocess
import sys

import environ
import pytest
from django.conf import settings as django_settings

from register.settings_checks import check_settings
from settings import single_sign_on

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


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"SSO_ISSUER": "https://login.example"}, {"E110"}),
        ({"SSO_ISSUER": "http://login.example"}, {"E110", "E111"}),
        (
            {"SSO_ISSUER": "https://a.example/.well-known/openid-configuration"},
            {"E110", "E111"},
        ),
        ({"SSO_ISSUER": "https://a.example:port"}, {"E110", "E111"}),
        ({"SSO_SECOND_FACTOR": "amr"}, {"E112"}),
        ({"SSO_SECOND_FACTOR": "mfa:otp"}, {"E112"}),
        ({"SSO_GROUP_ROLES": "sales"}, {"E113"}),
        ({"SSO_ONLY": "on"}, {"E114"}),
    ],
)
def test_single_sign_on_that_cannot_work_is_told(
    monkeypatch, settings, environment, found
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.SINGLE_SIGN_ON = single_sign_on.read(environ.Env())

    codes = {m.id for m in check_settings()}

    assert codes == {f"register.{code}" for code in found}


def test_single_sign_on_is_read_from_the_environment(monkeypatch, tmp_path):
    (tmp_path / "sso_client_secret").write_text("of the client\n")
    for name, value in {
        "SECRETS_DIR": str(tmp_path),
        "SSO_ISSUER": "https://login.example/realm",
        "SSO_CLIENT_ID": "seloste",
        "SSO_HOSTS": "keys.example, tokens.example:8443",
        "SSO_SECOND_FACTOR": "acr:urn:loa:3,https://refeds.example/mfa",
        "SSO_GROUP_ROLES": "CN=Myynti,OU=x=sales; palvelu = service;",
        "SSO_ONLY": "true",
        "SSO_BREAK_GLASS": "Boss@Register.example",
    }.items():
        monkeypatch.setenv(name, value)

    sso = single_sign_on.read(environ.Env())

    assert sso.is_on
    assert single_sign_on.faults(sso) == []
    assert "of the client" not in repr(sso)
    assert sso.hosts == ["login.example", "keys.example", "tokens.example:8443"]
    assert sso.factor_words == ("urn:loa:3", "https://refeds.example/mfa")
    assert sso.group_roles == (("CN=Myynti,OU=x", "sales"), ("palvelu", "service"))
    assert sso.break_glass == ("boss@register.example",)
