"""The image and the Compose file, as far as they can be checked without an engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
ONCE = {"keys", "roles", "migrate"}
# What the register reads through settings.environment and must not stand in a variable.
SECRETS = re.compile(r"PASSWORD(?!_LINK_HOURS)|SECRET|_KEY|TOKEN|EMAIL_URL")
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)((?: ; .*?)?) \\$")


def pins(lock):
    """Return what a lock says of each package: version, condition and hashes."""
    found, hashes = {}, set()
    for line in (ROOT / lock).read_text().splitlines():
        if match := PIN.match(line):
            hashes = found[match[1], match[2], match[3]] = set()
        elif match := re.match(r"\s+--hash=(\S+)", line):
            hashes.add(match[1])
    return found


def test_the_compose_file_is_valid():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_may_do_as_little_as_possible(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert "privileged" not in service
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_stays_has_a_health_check_and_starts_again(name):
    service = SERVICES[name]

    if name in ONCE:
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert "stop_grace_period" in service


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_a_secret_in_its_environment_or_command(name):
    environment = SERVICES[name].get("environment", {})

    for variable, value in environment.items():
        if SECRETS.search(variable):
            assert variable.endswith("_FILE"), variable
            assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]
        assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), variable
    assert not re.search(r"(?i)pass(word)?=", str(SERVICES[name].get("command", "")))


def test_every_setting_reaches_the_containers_and_the_document():
    sources = "".join(
        (ROOT / "settings" / name).read_text()
        for name in ("base.py", "production.py", "web_server.py")
    )
    read = set(
        re.findall(
            r"(?:env\.\w+|environ\.get|environment\.(?:secret|secrets_list|mail))\(\s*\"([A-Z_]+)",
            sources,
        )
    )
    of_image = set(
        re.findall(
            r"^(?:ENV)?\s+([A-Z_]+)=", (ROOT / "Dockerfile").read_text(), re.MULTILINE
        )
    )
    of_compose = {name.removesuffix("_FILE") for name in SERVICES["web"]["environment"]}
    # The first is set by the entry point of web; TLS is always in front of the containers.
    by_themselves = {"SELOSTE_PROCESS", "SECURE_SSL_REDIRECT"}
    settings_table = (ROOT / "docs" / "operations.md").read_text()

    assert len(read) > 20
    assert read - of_image - of_compose == by_themselves
    for name in read - {"SELOSTE_PROCESS"}:
        short = f"`{name.removeprefix('CONTROLLER')}`"
        assert f"`{name}`" in settings_table or short in settings_table, name


def test_a_setting_of_compose_that_is_not_in_env_stays_unset():
    passed_on = {
        name for name, value in SERVICES["web"]["environment"].items() if value is None
    }

    assert {"IMPORT_MAX_BYTES", "RECORDING_MAX_BYTES", "LOG_LEVEL"} <= passed_on
    assert SERVICES["proxy"]["environment"]["SELOSTE_MAX_BODY"].startswith("${")


def test_only_the_proxy_is_reached_from_outside_and_servers_reach_nobody():
    assert [name for name, s in SERVICES.items() if "ports" in s] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "beat"):
        assert SERVICES[name]["networks"] == ["inside"], name
    assert SERVICES["keys"]["network_mode"] == "none"


def test_each_thing_starts_after_what_it_needs():
    def needs(name):
        return {k: v["condition"] for k, v in SERVICES[name]["depends_on"].items()}

    done, healthy = "service_completed_successfully", "service_healthy"
    assert needs("roles") == {"postgres": healthy}
    assert needs("migrate") == {"roles": done}
    for name in ("web", "worker", "beat"):
        assert needs(name) == {"migrate": done, "redis": healthy}
    assert needs("proxy") == {"web": healthy}


def test_every_image_is_pinned_by_version():
    images = [s["image"] for s in SERVICES.values() if "build" not in s]
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text(), re.M)

    assert len(images) == 2
    assert len(bases) == 2
    for image in [*images, *bases]:
        assert re.search(r":\d+\.\d+", image), image


def test_the_lock_of_production_agrees_with_the_whole_one():
    whole, production = pins("requirements.lock"), pins("requirements-production.lock")

    assert production.items() <= whole.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements):
        return {re.split(r"[\[<>=]", each)[0].lower() for each in requirements}

    installed = {name for name, _version, _condition in production}
    assert names(project["dependencies"]) <= installed
    extras = project["optional-dependencies"]
    assert not names([*extras["embedded"], *extras["dev"]]) & installed


@pytest.mark.parametrize(
    ("what", "name", "age", "is_alive"),
    [
        ("worker", "alive", 5, True),
        ("worker", "alive", 120, False),
        ("worker", "other", 5, False),
        ("beat", "celerybeat-schedule.dat", 200, True),
        ("beat", "celerybeat-schedule.dat", 900, False),
    ],
)
def test_the_health_check_sees_a_process_that_has_fallen_silent(
    tmp_path, what, name, age, is_alive
):
    file = tmp_path / name
    file.touch()
    os.utime(file, (time.time() - age,) * 2)

    done = subprocess.run(
        [sys.executable, "-S", "docker/healthcheck.py", what],
        cwd=ROOT,
        env={"ALIVE_FILE": str(tmp_path / "alive"), "SELOSTE_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) is is_alive, done.stderr


def test_the_health_check_asks_web_under_its_own_name(live_server):
    def ask(port):
        return subprocess.run(
            [sys.executable, "-S", "docker/healthcheck.py", "web"],
            cwd=ROOT,
            env={"PORT": str(port), "ALLOWED_HOSTS": "localhost,other"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert ask(live_server.thread.port).returncode == 0
    refused = ask(1)
    assert refused.returncode == 1
    assert "does not answer" in refused.stderr
