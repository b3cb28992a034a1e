"""What the environment says: secrets out of files, addresses of servers."""

from __future__ import annotations

import ssl

import pytest
from kombu import Connection
from redis import ConnectionPool

from settings import environment


@pytest.fixture(autouse=True)
def _own_problems(monkeypatch):
    monkeypatch.setattr(environment, "problems", [])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://u:p%40%2F%3A%23%25%20%C3%A4@db.example:6432/seloste",
            {"PASSWORD": "p@/:#% ä", "HOST": "db.example", "PORT": 6432},
        ),
        ("postgresql://u:p@[::1]/seloste", {"HOST": "::1", "PORT": ""}),
        (
            "postgres://u@h/seloste?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            {"OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}},
        ),
        (
            "postgres://u@%2Frun%2Fpostgresql:5433/seloste",
            {"HOST": "/run/postgresql", "PORT": 5433},
        ),
        (
            "postgres:///seloste?host=/run/postgresql",
            {"HOST": "", "OPTIONS": {"host": "/run/postgresql"}},
        ),
    ],
)
def test_addresses_of_databases_are_understood(monkeypatch, url, expected):
    monkeypatch.setenv("DATABASE_URL", url)

    found = environment.database("DATABASE_URL")

    assert {key: found.get(key) for key in expected} == expected
    assert found["NAME"] == "seloste"
    assert environment.problems == []


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://u:p@h/db",
        "postgres://u:p@h",
        "postgres://u:se/cret@h/db",
        "postgres://u:p@h:99999/db",
        "postgres://u:p@h/db?sslmod=require",
    ],
)
def test_an_unusable_address_is_a_sentence_that_quotes_no_password(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)

    found = environment.database("DATABASE_URL")

    # Nothing else is connected to instead.
    assert found["HOST"].endswith(".invalid")
    (problem,) = environment.problems
    assert problem.wrong.startswith("DATABASE_URL ")
    assert "se/cret" not in problem.wrong + problem.hint


def test_a_password_of_its_own_needs_no_percent_signs(monkeypatch, tmp_path):
    password = "a@b/c:d#e%f g'h\"ä"
    (tmp_path / "password").write_text(password + "\n")
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/db")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("REDIS_URL", "rediss://worker@h/0")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))

    found = environment.redis()

    assert environment.database("DATABASE_URL")["PASSWORD"] == password
    assert Connection(found.broker).password == password
    assert Connection(found.broker).userid == "worker"
    cache = ConnectionPool.from_url(found.cache).connection_kwargs
    assert (cache["username"], cache["password"]) == ("worker", password)


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://h:6380/3", "redis://h:6380/3"),
        ("unix:///run/r.sock?db=2", "redis+socket:///run/r.sock?virtual_host=2"),
        ("unix://:pw@/run/r.sock", "redis+socket://:pw@/run/r.sock?virtual_host=0"),
    ],
)
def test_addresses_of_redis_are_written_as_each_reader_needs(monkeypatch, url, broker):
    monkeypatch.setenv("REDIS_URL", url)

    assert environment.redis() == environment.RedisAddresses(url, broker, url)
    monkeypatch.setenv("CACHE_URL", "redis://elsewhere/1")
    assert environment.redis().cache == "redis://elsewhere/1"
    assert environment.problems == []


def test_both_readers_verify_the_certificate_of_redis(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "rediss://h/0?ssl_ca_certs=/ca.pem")

    found = environment.redis()

    worker = Connection(found.broker).ssl
    assert worker["ssl_cert_reqs"] == ssl.CERT_REQUIRED
    assert worker["ssl_ca_certs"] == "/ca.pem"
    cache = ConnectionPool.from_url(found.cache)
    assert cache.connection_kwargs["ssl_ca_certs"] == "/ca.pem"
    assert cache.make_connection().cert_reqs == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "url", ["redis://", "http://h", "redis://h:port/0", "redis://:se/cret@h"]
)
def test_an_unusable_redis_is_named(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)

    assert environment.redis().broker.endswith(".invalid")
    assert [problem.name for problem in environment.problems] == ["REDIS_URL"]
    assert "se/cret" not in str(environment.problems)


def test_a_secret_comes_from_its_file_or_from_the_directory_of_secrets(
    monkeypatch, tmp_path
):
    (tmp_path / "audit_key").write_text("from the directory\r\n")
    (tmp_path / "other").write_text(" blanks stay \n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("AUDIT_KEY", raising=False)

    assert environment.secret("AUDIT_KEY") == "from the directory"
    monkeypatch.setenv("AUDIT_KEY_FILE", str(tmp_path / "other"))
    assert environment.secret("AUDIT_KEY") == " blanks stay "
    assert environment.problems == []


def test_a_secret_that_cannot_be_read_or_is_given_twice_is_named(monkeypatch):
    monkeypatch.setenv("AUDIT_KEY_FILE", "/nowhere/audit_key")
    assert environment.secret("AUDIT_KEY") == ""
    monkeypatch.setenv("AUDIT_KEY", "given twice")
    environment.secret("AUDIT_KEY")

    told = [problem.wrong for problem in environment.problems]
    assert told == [
        "AUDIT_KEY_FILE names /nowhere/audit_key, which cannot be read (No such file or directory).",
        "Both AUDIT_KEY and AUDIT_KEY_FILE are set.",
    ]


def test_a_list_of_secrets_may_stand_on_several_lines(monkeypatch, tmp_path):
    (tmp_path / "keys").write_text("k2:newer\nk1:older\n")
    monkeypatch.delenv("ADDRESS_HASH_KEYS", raising=False)
    monkeypatch.setenv("ADDRESS_HASH_KEYS_FILE", str(tmp_path / "keys"))

    assert environment.secrets_list("ADDRESS_HASH_KEYS") == ["k2:newer", "k1:older"]
