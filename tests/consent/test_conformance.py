"""The checks of prohibitions break when a refusal would no longer be recognised."""

from __future__ import annotations

import pytest

from consent.models import Prohibition
from consent.services import prohibitions
from register import actors
from tests.asking_checks import facts, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def prohibition():
    prohibitions.add(
        "bruno.makela@esimerkki.example",
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.MARKETING,
        method=Prohibition.Method.STAFF,
        actor=actors.system(),
    )


def test_a_prohibition_whose_key_is_no_longer_in_force_breaks_the_clause(
    prohibition, settings
):
    assert status("prohibitions_recognised") == "kept"
    key, *others = settings.ADDRESS_HASH_KEYS

    settings.ADDRESS_HASH_KEYS = others

    assert status("prohibitions_recognised") == "broken"
    assert facts("prohibitions_recognised") == {
        "rows": 1,
        "keys": len(others),
        "unrecognised": 1,
        "lost_keys": [key.partition(":")[0]],
    }
    settings.ADDRESS_HASH_KEYS = ["k9:a-newer-key", key]
    assert status("prohibitions_recognised") == "kept"


@pytest.mark.parametrize("name", ["channel", "purpose", "method"])
def test_a_prohibition_without_its_evidence_breaks_the_clause(prohibition, name):
    assert status("prohibitions_have_evidence") == "kept"

    Prohibition.objects.update(**{name: "?"})

    assert facts("prohibitions_have_evidence")["without_evidence"] == 1
    assert status("prohibitions_have_evidence") == "broken"
