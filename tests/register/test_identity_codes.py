"""Personal identity codes are kept out of every text, whichever way it comes in."""

from __future__ import annotations

import itertools
import logging
import random
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given, settings as how, strategies as st

from communications.models import Chat, ChatLine
from contacts.models import Contact
from dsar.services import intake
from register import actors, identity_codes
from register.database import identity_codes as database_rule
from register.database.drift import differences
from register.datamap.graph import all_models, graph
from register.datamap.vocabulary import Action, Category
from register.identifiers.personal_identity_codes import (
    LIKE_A_CODE,
    find_personal_identity_codes,
)
from register.middleware import IdentityCodes
from register.models import Role, RoleAssignment, RoleRight, User
from tests.architecture.canary import dumps

CODE, DIGITS = "131052-308T", "308T"
CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
# What a hyphen becomes in word processors, mails and copies of PDF files.
MARKS = "-+‐‑‒–—―−\u00ad"
LETTERS = "ABCDEFUVWXYabcdefuvwxy"


@st.composite
def codes(draw, signs: str) -> str:
    birth = draw(st.dates(date(2000, 1, 1), date(2023, 12, 31))).strftime("%d%m%y")
    number = f"{draw(st.integers(2, 999)):03}"
    check = CHECK[int(birth + number) % 31]
    check = draw(st.sampled_from([check, check.lower()]))
    blank = draw(st.sampled_from(["", "", " ", "\u00a0"]))
    return f"{birth}{draw(st.sampled_from(signs))}{blank}{number}{check}"


def texts(*, without: str):
    return st.text(max_size=30).filter(
        lambda text: not any(is_digit_or(character, without) for character in text)
    )


def is_digit_or(character: str, without: str) -> bool:
    return character.isnumeric() or (without == "letters" and character.isalpha())


# --- what is found


@how(max_examples=150)
@given(texts(without=""), codes(MARKS), texts(without=""))
def test_a_code_with_a_mark_is_found_in_any_text(before, code, after):
    text = before + code + after

    assert identity_codes.masked(text) == before + identity_codes.MASK + after


@how(max_examples=150)
@given(texts(without="letters"), codes(LETTERS), texts(without="letters"))
def test_a_code_with_a_letter_is_found_between_words(before, code, after):
    text = f"{before} {code} {after}"

    assert identity_codes.masked(text) == f"{before} {identity_codes.MASK} {after}"


@how(max_examples=300)
@given(st.text(st.sampled_from("0123456789-+AFXx. /äHetu\u00a0"), max_size=60))
def test_nothing_is_left_of_what_was_found(text):
    assert find_personal_identity_codes(identity_codes.masked(text)) == []


def test_ordinary_numbers_are_no_codes():
    dice = random.Random(29)  # noqa: S311
    ordinary = [
        "0401234567",
        "040 123 4567",
        "+358 40 123 4567",
        "(09) 310 1691",
        "2327327-1",
        "FI23273271",
        "FI21 1234 5600 0007 85",
        "6414893400012",
        "RF18539007547034",
        "13.10.2052 klo 12-1300",
        "2026-11-22T16:11:44Z",
        "Order 4711-131052",
    ]
    for _ in range(5000):
        ordinary += [
            f"{dice.randrange(10**7):07}-{dice.randrange(10)}",
            f"{dice.randrange(10**13):013}",
            f"+358{dice.randrange(10**9):09}",
            f"tilaus {dice.randrange(10**10):010}",
            f"{dice.getrandbits(128):032x}",
        ]

    assert [text for text in ordinary if find_personal_identity_codes(text)] == []


def test_a_code_that_was_cut_by_a_list_mark_is_not_put_together_again():
    cells = ["131052-", "308T", "Mäkelä"]

    assert identity_codes.masked_cells(cells) == cells
    assert identity_codes.masked_cells(["ä", f"x {CODE}"]) == ["ä", "x ******-***"]


# --- models and forms


def test_every_text_column_refuses_codes():
    unguarded = [
        f"{model._meta.label}.{field.name}"
        for model in all_models()
        if "data_map" in model.__dict__
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and field.name != "password"
        and not is_refused(field)
    ]

    assert unguarded == []


def test_every_text_input_of_every_form_refuses_codes():
    kinds = [kind for kind in subclasses(forms.BaseForm) if is_ours(kind)]
    inputs = [
        (kind, name, field)
        for kind in kinds
        for name, field in getattr(kind, "base_fields", {}).items()
        if isinstance(field, forms.CharField)
    ]
    unguarded = [
        f"{kind.__name__}.{name}"
        for kind, name, field in inputs
        if not is_refused(field)
    ]

    assert len(inputs) > 20
    assert unguarded == []


def is_refused(field) -> bool:
    try:
        field.run_validators(CODE)
    except ValidationError as error:
        return any(each.code == identity_codes.CODE for each in error.error_list)
    return False


def subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def is_ours(kind) -> bool:
    return kind.__module__.split(".")[0] in {
        entry.label.split(".")[0] for entry in graph()
    }


# --- screens


@pytest.fixture
def almighty(client_of):
    role = Role.objects.create(code="all", name="All", default_purpose="accountability")
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action)
        for category in Category
        for action in Action
    )
    user = User.objects.create_user(
        "all@seloste.test", "x", first_name="A", last_name="B", language="en"
    )
    RoleAssignment.objects.create(user=user, role=role)
    return client_of(user)


@pytest.mark.django_db
def test_no_form_of_any_screen_stores_or_repeats_a_code(almighty, caplog):
    caplog.set_level(logging.DEBUG)
    asked = 0
    for screen in admin.site._registry.values():
        opened = almighty.get(
            f"/admin/{screen.opts.app_label}/{screen.opts.model_name}/add/"
        )
        context = getattr(opened, "context", None) or {}
        if opened.status_code != 200 or "adminform" not in context:
            continue
        form = context["adminform"].form
        typed = {
            name: f"tunnus {CODE}"
            for name, field in form.fields.items()
            if isinstance(field, forms.CharField)
        }
        for each in context.get("inline_admin_formsets", []):
            prefix, row = each.formset.prefix, each.formset.empty_form
            typed |= {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0"}
            typed |= {
                f"{prefix}-0-{name}": f"tunnus {CODE}"
                for name, field in row.fields.items()
                if isinstance(field, forms.CharField)
            }
        if not any(CODE in value for value in typed.values()):
            continue
        # In the browser's own form, so that the way in is the real one.
        answer = almighty.post(
            opened.request["PATH_INFO"],
            urlencode(typed),
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 200, screen
        assert "This looks like a personal identity code" in answer.content.decode()
        assert DIGITS not in answer.content.decode(), screen
        asked += 1

    assert asked > 4
    assert dumps.places_in(dumps.copied(), {DIGITS}) == {}
    assert DIGITS not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["clock", "close"])
def test_a_reason_with_a_code_is_refused_with_a_sentence(officer, client_of, way):
    request = intake.open_request(
        kind="access",
        channel="email",
        received_at=timezone.now() - timedelta(days=2),
        email="anna@esimerkki.example",
        actor=actors.of_user(officer),
    )
    typed = {
        "clock": {"action": "extend", "reasons": f"odottaa {CODE}"},
        "close": {"outcome": "refused", "reason": f"väärä {CODE}"},
    }[way]

    answer = client_of(officer).post(
        f"/admin/dsar/request/{request.pk}/{way}/",
        urlencode(typed),
        content_type="application/x-www-form-urlencoded",
        follow=True,
    )

    assert "This looks like a personal identity code" in answer.content.decode()
    assert DIGITS not in answer.content.decode()
    assert [event.kind for event in request.events.all()] == ["received"]


def test_a_view_that_reads_the_form_itself_never_sees_a_code():
    seen = []

    def view(request):
        seen.append(request.POST.getlist("note"))
        return HttpResponse()

    request = RequestFactory().post(
        "/",
        urlencode({"note": [f"a {CODE}", "b"], "password": CODE}, doseq=True),
        content_type="application/x-www-form-urlencoded",
    )
    request._messages = warnings = Warnings()
    IdentityCodes(view)(request)

    assert seen == [["a ******-***", "b"]]
    assert request.POST["password"] == CODE
    assert [str(each) for each in warnings] == [
        "A personal identity code was left out of what you wrote."
    ]


class Warnings(list[str]):
    def add(self, level, message, extra_tags=""):
        self.append(message)


# --- the database


@pytest.mark.django_db
def test_the_database_refuses_codes_in_free_text_from_anybody():
    chat = Chat.objects.create(started_at="2026-11-20T10:00:00Z")

    with pytest.raises(IntegrityError), transaction.atomic():
        ChatLine.objects.create(
            chat=chat, said_at="2026-11-20T10:00:00Z", text=f"se on {CODE}"
        )

    assert not ChatLine.objects.exists()
    assert differences() == []


@pytest.mark.django_db
def test_a_missing_check_of_the_database_is_reported():
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE communications_chatline DROP CONSTRAINT seloste_no_code_text"
        )

    assert differences() == [
        "the check for personal identity codes on communications_chatline.text is missing"
    ]


@pytest.mark.django_db
def test_the_database_refuses_what_the_doors_refuse_and_nothing_else():
    dice = random.Random(8)  # noqa: S311
    births = ["131052", "13.10.52", "13 10 52", "290223", "290200", "310252", "000052"]
    births += ["１３１０５２", "040175", "9131052", "1\u200b31052"]
    signs = ["-", "–", "A", "", " ", "  ", "\n", " - ", "/", " / ", "_", ".", "\u00ad"]
    signs += ["А", "u", "\u00a0", "ä", "--", "'", "\\", "\u3164", "、", "G"]
    rests = ["308T", "308t", "308Τ", "3181", "30８Т", "0012", "308U", "900"]
    around = ["", "", "x", "ä", "_", "1", " 12 ", "hetu ", "henkilötunnus on ", ", "]
    tried = [
        "".join(map(dice.choice, (around, births, signs, rests, around)))
        for _ in range(6000)
    ]
    for birth, sign in itertools.product(births, signs):
        digits = "".join(str(int(each)) for each in birth if each.isdecimal())
        for number in ("308", "309", "310", "311"):
            check = CHECK[int(digits + number) % 31]
            tried += [
                f"{a}{birth}{sign}{number}{check}{b}" for a in around for b in "x. "
            ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t FROM unnest(%s::text[]) t WHERE t ~ %s AND {database_rule.FUNCTION}(t)",
            [tried, LIKE_A_CODE],
        )
        refused = {row[0] for row in cursor.fetchall()}

    found = {text for text in tried if find_personal_identity_codes(text)}
    assert len(found) > 1000
    assert refused == found


@pytest.mark.django_db
def test_a_contact_cannot_be_corrected_to_a_code(anna, agent):
    from contacts.services import people
    from register import actors
    from register.errors import DomainError

    with pytest.raises(DomainError):
        people.correct(anna, actor=actors.of_user(agent), last_name=CODE)

    assert Contact.objects.get(pk=anna.pk).last_name == "Virtanen"
