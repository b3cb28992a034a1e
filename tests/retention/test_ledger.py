from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from retention.models import Batch, Run
from retention.services.sweep import sweep
from tests.retention.factory import make_chat

pytestmark = pytest.mark.django_db

STATEMENTS = [
    "UPDATE retention_batch SET rows = 0",
    "DELETE FROM retention_batch",
    "TRUNCATE retention_batch",
]


@pytest.mark.parametrize("statement", STATEMENTS[:2])
def test_nobody_rewrites_it(anna, statement):
    make_chat(anna)
    sweep()

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        connection.cursor().execute(statement)

    assert Batch.objects.get().rows == 1


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_web_may_not_even_try(anna, statement):
    make_chat(anna)
    sweep()

    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
        ):
            cursor.execute(statement)
        cursor.execute("RESET ROLE")

    assert Batch.objects.get().rows == 1


def test_a_run_with_entries_cannot_be_deleted(anna):
    make_chat(anna)
    run = sweep()

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        run.delete()

    assert Run.objects.count() == Batch.objects.count() == 1


def test_runs_that_found_nothing_do_not_fill_the_ledger(anna):
    long_ago = timezone.now() - timedelta(days=3)
    kept = {
        "deleted something": {"deleted": 5, "is_complete": True},
        "left something": {"deleted": 0, "is_complete": False},
        "did not end": {"finished_at": None},
    }
    runs = {
        Run.objects.create(
            started_at=long_ago, revision="x", **{"finished_at": long_ago, **values}
        ).pk
        for values in kept.values()
    }
    Run.objects.create(
        started_at=long_ago, finished_at=long_ago, revision="x", is_complete=True
    )

    first, second = sweep(), sweep()

    assert set(Run.objects.values_list("pk", flat=True)) == runs | {first.pk, second.pk}
