"""Fills an empty register with all that the demo shows, and empties it again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from communications.services import follow_ups, meetings, notes
from consent.models import Prohibition
from consent.services import prohibitions
from contacts import information_duty
from contacts.models import Contact, InformationGiven
from contacts.services import information
from dsar.models import Request
from dsar.services import intake
from register import actors, audit
from register.models import AddressProtection, User
from register.services import protections
from settings.demo_data.accounts import make_accounts
from settings.demo_data.conversations import make_calls, make_chats
from settings.demo_data.look_ups import make_look_ups
from settings.demo_data.people import make_agreements, make_companies, make_people
from settings.demo_data.quality import count_with_history, make_doubles, make_gaps
from settings.demo_data.teams import make_teams

SEED = 2327327
AGENDA = "1. Kuulumiset\n2. Palvelun käyttö\n3. Jatkotoimet"
MEETINGS = (
    ("Esittely", "", 0),
    ("Sopimuksen uusiminen", "Tarvonsalmenkatu 17 B, Espoo", 2),
    ("Vuosipalaveri", "Asiakkaan toimisto", -20),
)
WORK = (
    ("Tavoittaa parhaiten aamupäivisin.", "Soita tarjouksesta"),
    ("Kiinnostunut Luotettava Kumppani -palvelusta.", "Lähetä esite"),
    ("Sopimus tarkistetaan syksyllä.", "Sovi tapaaminen"),
    ("Toivoo laskut sähköisinä.", "Kysy laskutusosoite"),
)


def make() -> str | None:
    """Fill an empty register; return the log-in note, or None if it was not empty."""
    if User.objects.exists():
        return None
    chance = random.Random(SEED)  # noqa: S311 - invented people, not secrets
    with transaction.atomic():
        note = make_accounts()
        companies = make_companies(chance)
        people = make_people(chance, companies)
        # A chance of its own: what is invented after it stays as it was.
        make_teams(random.Random(SEED), people)  # noqa: S311
        make_agreements(random.Random(SEED), people)  # noqa: S311 - the others stay
        _make_prohibitions(chance, people)
        make_chats(chance, people)
        _protect_one(people)
        _tell_most_people()
        _plan_work(chance, people)
    # Files are received outside the transaction, as they are from a telephone system.
    make_calls(chance, people)
    _make_requests(people)
    make_look_ups()
    with transaction.atomic():
        make_gaps(chance)
        count_with_history(chance)
        make_doubles(random.Random(SEED))  # noqa: S311 - the others stay
    return note


def wipe() -> None:
    """Empty the register and its files, so that :func:`make` starts over.

    The schema is dropped and migrated anew: ledgers refuse to be emptied row by row,
    and roles and legal parameters come from migrations.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    cache.clear()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    audit.anchor_path().unlink(missing_ok=True)
    call_command("migrate", verbosity=0)


def _make_prohibitions(chance: random.Random, people: Sequence[Contact]) -> None:
    actor = actors.system("contact_preferences")
    for person in chance.sample(list(people), 60):
        point = person.points.get(kind="email", is_primary=True)
        prohibitions.add(
            point.value,
            channel=Prohibition.Channel.EMAIL,
            purpose=Prohibition.Purpose.MARKETING,
            method=Prohibition.Method.STAFF,
            subject_id=person.pk,
            actor=actor,
        )


def _make_requests(people: Sequence[Contact]) -> None:
    officer = actors.of_user(User.objects.get(email__startswith="dpo@"))
    now = timezone.now()
    for person, kind, days in (
        (people[10], Request.Kind.ACCESS, 26),
        (people[11], Request.Kind.ERASURE, 12),
        (people[12], Request.Kind.ACCESS, 3),
    ):
        intake.open_request(
            kind=kind,
            channel=Request.Channel.EMAIL,
            received_at=now - timedelta(days=days),
            name=person.full_name,
            email=person.points.get(kind="email", is_primary=True).value.upper(),
            phone="",
            other_identifiers="",
            language=person.language or "fi",
            actor=officer,
        )


def _protect_one(people: Sequence[Contact]) -> None:
    """Protect the first address there is, so that the demo shows what staff see then."""
    person = next(person for person in people if person.addresses.exists())
    protections.protect(
        person.pk,
        ground=AddressProtection.Ground.NON_DISCLOSURE,
        evidence="Digi- ja väestötietoviraston todistus",
        actor=actors.of_user(User.objects.get(email__startswith="service@")),
    )


def _tell_most_people() -> None:
    """Nearly everybody was told long ago where the data came from; a few are late."""
    Contact.objects.update(collected_at=F("created_at"))
    last_month = timezone.now() - timedelta(days=27)
    told = information_duty.open_duties().filter(collected_at__lt=last_month)
    information.fulfil_many(
        list(told.values_list("pk", flat=True)[4:]),
        how=InformationGiven.How.EMAIL,
        evidence="",
        actor=actors.system("accountability"),
    )


def _plan_work(chance: random.Random, people: Sequence[Contact]) -> None:
    """Notes and follow-ups of those who sell and serve."""
    now = timezone.now()
    for email, first in (("sales@", 20), ("service@", 40)):
        actor = actors.of_user(User.objects.get(email__startswith=email))
        for number, (text, what) in enumerate(WORK):
            person = people[first + number]
            notes.write(person, text=text, is_pinned=number == 0, actor=actor)
            follow_ups.add(
                person,
                what=what,
                due_at=now + timedelta(hours=chance.uniform(-30, 24 * 5)),
                remind_at=now,
                actor=actor,
            )
        for number, (title, place, days) in enumerate(MEETINGS):
            day = timezone.localtime(now) + timedelta(days=days)
            starts_at = day.replace(hour=9 + 2 * number, minute=0, second=0)
            meetings.arrange(
                people[first + number],
                title=title,
                starts_at=starts_at,
                finishes_at=starts_at + timedelta(minutes=45),
                place=place,
                link="" if place else "https://kokous.vastuu.example/demo",
                agenda=AGENDA,
                actor=actor,
            )
