"""Logging in by the pages, as a browser does it."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.test import Client

from tests.communications.conftest import _running_mail_server, mail_server

__all__ = ["_running_mail_server", "mail_server"]
PASSWORD = "correct horse battery"
LOG_IN = "/admin/login/"
CODE = "/admin/account/login/code/"
ACCOUNT = "/admin/account/second-factor/"


def code_of(secret, *, steps=0):
    """Return the code that an authenticator app shows now, or so many steps from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def browser():
    return Client(headers={"accept-language": "en", "user-agent": FIREFOX})


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def app_of():
    """Return a function that gives an account an authenticator app, and its secret."""

    def set_up(user):
        secret = generate_totp_secret()
        TOTP.activate(user, secret)
        return secret

    return set_up


@pytest.fixture
def enter():
    """Return a function that fills in the log-in page."""

    def enter(browser, user, password=PASSWORD, **more):
        form = {"username": getattr(user, "email", user), "password": password, **more}
        return browser.post(LOG_IN, form)

    return enter
