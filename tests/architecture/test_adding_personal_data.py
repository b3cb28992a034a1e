"""The page on adding a kind of personal data is true: it is followed to the letter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = Path("docs") / "adding-personal-data.md"
LEFT_OUT = shutil.ignore_patterns(
    "[.]*", "var", "staticfiles", "__pycache__", "node_modules"
)

# What the page claims besides what the canary proves, asked of the copy.
CLAIMS = """
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from communications.models.calls import OfficeVisit
from register.database.visibility import reaching_everybody
from retention.models import Batch
from retention.services.plan import plan
from retention.services.sweep import sweep

pytestmark = pytest.mark.django_db


def test_the_sweep_ends_it_and_row_security_hides_it(anna):
    now = timezone.now()
    old = OfficeVisit.objects.create(contact=anna, came_at=now - timedelta(days=200))
    new = OfficeVisit.objects.create(contact=anna, came_at=now)
    planned = {table["table"]: table for table in plan().as_json()["tables"]}
    assert planned["communications.OfficeVisit"]["period"] == "P6M"
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
    try:
        assert not OfficeVisit.objects.exists()  # nobody has said who reads
        with reaching_everybody():
            assert list(OfficeVisit.objects.all()) == [new]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    assert OfficeVisit.objects.filter(pk=old.pk).exists()

    sweep(now)

    assert list(OfficeVisit.objects.all()) == [new]
    assert Batch.objects.filter(table="communications.OfficeVisit").exists()


def test_only_roles_with_the_right_to_the_category_see_it(agent, stranger):
    assert agent.has_perm("communications.view_officevisit")
    assert not stranger.has_perm("communications.view_officevisit")
"""


def blocks(kind: str) -> list[str]:
    """Return the fenced blocks of one kind, in the order of the page."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", _page(), re.DOTALL | re.MULTILINE)
    assert found
    return found


def _page() -> str:
    return (ROOT / PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the source, with servers of its own."""
    copy = tmp_path_factory.mktemp("adding") / "seloste"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    yield copy
    _run(copy, "python -m settings.embedded wipe")


def _run(copy: Path, command: str) -> subprocess.CompletedProcess[str]:
    own = {"DATABASE_URL", "REDIS_URL", "SELOSTE_STATE_DIR", "SELOSTE_TEST_SUFFIX"}
    pytest_own = {name for name in os.environ if name.startswith("PYTEST_")}
    clean = {k: v for k, v in os.environ.items() if k not in own | pytest_own}
    clean.pop("DJANGO_SETTINGS_MODULE", None)
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", command],  # the lines of the page, as a reader types them
        cwd=copy,
        env=clean,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_one_model_with_its_declaration_is_all_that_a_new_kind_of_data_needs(copy):
    (module,) = re.findall(r"^At the end of `([\w/.]+)`:$", _page(), re.MULTILINE)
    (model,) = blocks("python")
    check, see = blocks("sh")

    with (copy / module).open("a", encoding="utf-8") as source:
        source.write(f"\n\n{model}")
    (copy / "tests" / "architecture" / "test_claims.py").write_text(CLAIMS)
    for command in check.strip().splitlines():
        done = _run(copy, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    done = _run(copy, f"{see.strip()} tests/architecture/test_claims.py")

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout


def test_without_its_declaration_the_model_is_refused(copy):
    (model,) = blocks("python")
    bare = re.sub(r"    data_map: ClassVar = .*?\n    \)\n", "", model, flags=re.DOTALL)
    assert "data_map" not in bare
    apart = copy.parent / "without"
    shutil.copytree(ROOT, apart, ignore=LEFT_OUT)

    with (apart / "communications/models/calls.py").open("a") as source:
        source.write(f"\n\n{bare}")
    done = _run(apart, "python manage.py makemigrations communications")

    assert done.returncode != 0
    assert "communications.OfficeVisit is not in the data map" in done.stderr
    assert not list(apart.glob("communications/migrations/*officevisit*"))
