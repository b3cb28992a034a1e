from __future__ import annotations

import pytest
from django.utils import timezone

from communications.models import ChatParticipant
from dsar.scope import Scope
from dsar.suggestions import Suggester
from register.datamap.graph import graph
from tests.dsar.erasure_factory import make_chat

pytestmark = pytest.mark.django_db


@pytest.fixture
def suggest(anna, bruno):
    chat = make_chat(anna, bruno)
    ChatParticipant.objects.create(chat=chat, display_name="Ville Vieras")
    entry = graph()["communications.ChatLine"]
    keys = list(chat.lines.values_list("pk", flat=True))
    return Suggester(entry, keys, Scope((anna.pk,))).without_others


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("Bruno Mäkelä soitti.", "[…] soitti."),
        ("Kerro Brunolle ja MAKELALLE.", "Kerro […] ja […]."),
        ("bruno.makela@esimerkki.example", "[…]"),
        ("Soita 040 765 4321 tai +358407654321", "Soita […] tai […]"),
        ("Joku muu: x.y@muu.example, 050 111 2223", "Joku muu: […], […]"),
        ("Ville Vieras tuli mukaan.", "[…] tuli mukaan."),
        ("Hetu 131052-308T.", "Hetu […]."),
        # What is the person's own stays.
        ("Anna Virtanen, 040 123 4567", "Anna Virtanen, 040 123 4567"),
        ("Annan posti: Anna.Virtanen@esimerkki.example", None),
        ("Lasku 2026-114, 12.5.2026 klo 12.30", None),
        ("", None),
    ],
)
def test_what_points_to_others_is_proposed_to_go(suggest, text, proposal):
    assert suggest(text) == (text if proposal is None else proposal)


def test_a_long_text_is_read_at_once(suggest):
    started = timezone.now()

    suggest("Bruno " * 1_000 + "0 " * 1_000 + "a@" * 1_000)

    assert (timezone.now() - started).total_seconds() < 5
