"""A few thousand people, their companies, chats and recorded calls."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from stdnum.fi import ytunnus

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from consent.models import Prohibition
from consent.services import prohibitions
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    PostalAddress,
)
from contacts.models.people import Source
from contacts.services import search_words
from dsar.models import Request
from dsar.services import intake
from register import actors, audit, files
from register.models import AddressProtection, User
from register.periods import Period, ends_at
from register.services import protections
from settings.demo_data import audio, names
from settings.demo_data.accounts import make_accounts

PEOPLE, COMPANIES, CHATS, CALLS = 3000, 700, 1500, 500
SEED = 2327327


def make() -> str | None:
    """Fill an empty register; return the log-in note, or None if it was not empty."""
    if User.objects.exists():
        return None
    chance = random.Random(SEED)  # noqa: S311 - invented people, not secrets
    with transaction.atomic():
        note = make_accounts()
        companies = _companies(chance)
        people = _people(chance, companies)
        _prohibitions(chance, people)
        _chats(chance, people)
        _protect_one(people)
    # Files are received outside the transaction, as they are from a telephone system.
    _calls(chance, people)
    _requests(people)
    audit.seal()
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


def _companies(chance: random.Random) -> list[Company]:
    made: dict[str, Company] = {}
    while len(made) < COMPANIES:
        form = chance.choice(names.COMPANY_FORMS)
        stem = chance.choice(names.COMPANY_STEMS)
        name = f"{stem}n {chance.choice(names.COMPANY_TRADES)} {form}"
        if form == "Tmi":
            name = f"Tmi {chance.choice(names.FIRST_NAMES)} {chance.choice(names.LAST_NAMES)}"
        postcode, town = chance.choice(names.TOWNS)
        made[name] = Company(
            name=name,
            kind=_kind_of(form),
            business_id=_business_id(chance),
            street=f"{chance.choice(names.STREETS)} {chance.randint(1, 90)}",
            postcode=postcode,
            town=town,
            source=Source.PUBLIC,
            created_at=_some_time(chance, days=365),
        )
    companies = list({c.business_id: c for c in made.values()}.values())
    Company.objects.bulk_create(companies, batch_size=1000)
    search_words.refresh_of_companies([company.pk for company in companies])
    return companies


def _kind_of(form: str) -> str:
    kinds = {"Tmi": Company.Kind.SOLE_TRADER, "ry": Company.Kind.ASSOCIATION}
    return kinds.get(form, Company.Kind.COMPANY)


def _business_id(chance: random.Random) -> str:
    while True:
        digits = f"{chance.randint(1_000_000, 3_399_999):07d}"
        for check in "0123456789":
            if ytunnus.is_valid(f"{digits}{check}"):
                return f"{digits}-{check}"


def _people(chance: random.Random, companies: Sequence[Company]) -> list[Contact]:
    people, points, roles, addresses = [], [], [], []
    used: set[str] = set()
    for number in range(PEOPLE):
        first, last = chance.choice(names.FIRST_NAMES), chance.choice(names.LAST_NAMES)
        company = chance.choice(companies)
        created_at = _some_time(chance, days=365)
        source = chance.choice(
            [Source.PERSON, Source.IMPORT, Source.STAFF, Source.PUBLIC]
        )
        person = Contact(
            first_name=first,
            last_name=last,
            language=chance.choices(["fi", "sv", "en"], weights=[85, 10, 5])[0],
            relationship=chance.choices(
                list(Contact.Relationship.values), weights=[60, 35, 5]
            )[0],
            source=source,
            source_detail="Rakennusalan messut" if source == Source.IMPORT else "",
            created_at=created_at,
        )
        people.append(person)
        email = _email(first, last, company, used, number)
        common = {"contact": person, "source": source, "created_at": created_at}
        points.append(
            ContactPoint(kind="email", value=email, is_primary=True, **common)
        )
        if chance.random() < 0.15:
            private = f"{_ascii(first)}.{_ascii(last)}{number}@kotiposti.example"
            points.append(
                ContactPoint(kind="email", value=private, label="oma", **common)
            )
        if chance.random() < 0.8:
            phone = f"+35840{chance.randint(1000000, 9999999)}"
            points.append(
                ContactPoint(kind="phone", value=phone, is_primary=True, **common)
            )
        if chance.random() < 0.2:
            postcode, town = chance.choice(names.TOWNS)
            street = f"{chance.choice(names.STREETS)} {chance.randint(1, 90)} A {chance.randint(1, 40)}"
            addresses.append(
                PostalAddress(street=street, postcode=postcode, town=town, **common)
            )
        since = created_at.date() - timedelta(days=chance.randint(0, 2000))
        roles.append(
            Affiliation(
                company=company,
                job_title=chance.choice(names.JOB_TITLES),
                valid_from=since,
                **common,
            )
        )
        if chance.random() < 0.08:
            earlier = chance.choice(companies)
            if earlier != company:
                roles.append(
                    Affiliation(
                        company=earlier,
                        job_title=chance.choice(names.JOB_TITLES),
                        valid_from=since - timedelta(days=900),
                        valid_to=since,
                        **common,
                    )
                )
    Contact.objects.bulk_create(people, batch_size=1000)
    ContactPoint.objects.bulk_create(points, batch_size=1000)
    PostalAddress.objects.bulk_create(addresses, batch_size=1000)
    Affiliation.objects.bulk_create(roles, batch_size=1000)
    search_words.refresh([person.pk for person in people])
    audit.record_many(
        [
            audit.entry_values(
                "record.added", actor=actors.system("customer_relationship"), obj=person
            )
            for person in people
        ]
    )
    return people


def _email(first: str, last: str, company: Company, used: set[str], number: int) -> str:
    domain = _ascii(company.name.rpartition(" ")[0] or company.name).replace(" ", "-")
    email = f"{_ascii(first)}.{_ascii(last)}@{domain}.example"
    if email in used:
        email = f"{_ascii(first)}.{_ascii(last)}.{number}@{domain}.example"
    used.add(email)
    return email


def _ascii(text: str) -> str:
    return text.lower().translate(str.maketrans("äöå", "aoa"))


def _prohibitions(chance: random.Random, people: Sequence[Contact]) -> None:
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


def _chats(chance: random.Random, people: Sequence[Contact]) -> None:
    agent = User.objects.get(email__startswith="service@")
    now = timezone.now()
    chats, participants, lines = [], [], []
    for number in range(CHATS):
        length = timedelta(minutes=chance.randint(3, 25))
        if number < 12:
            # Due within the hour: the register can be watched while it forgets.
            ended_at = _anchor_due_at(now + timedelta(minutes=4 * number + 2), "P3M")
        else:
            ended_at = now - timedelta(days=chance.uniform(0.05, 88))
        chat = Chat(
            external_id=f"demo-{number}",
            started_at=ended_at - length,
            ended_at=ended_at,
            agent=agent,
        )
        chats.append(chat)
        present = chance.sample(list(people), 2 if chance.random() < 0.12 else 1)
        seats = [
            ChatParticipant(chat=chat, contact=person, display_name=person.first_name)
            for person in present
        ]
        participants.extend(seats)
        lines.extend(_lines(chance, chat, seats))
    Chat.objects.bulk_create(chats, batch_size=1000)
    ChatParticipant.objects.bulk_create(participants, batch_size=1000)
    ChatLine.objects.bulk_create(lines, batch_size=1000)


def _lines(
    chance: random.Random, chat: Chat, seats: Sequence[ChatParticipant]
) -> list[ChatLine]:
    lines, at = [], chat.started_at
    for _ in range(chance.randint(1, 3)):
        seat = chance.choice(seats)
        for author, text in (
            (seat, chance.choice(names.QUESTIONS)),
            (None, chance.choice(names.ANSWERS).format(name=seat.display_name)),
        ):
            at += timedelta(seconds=chance.randint(20, 90))
            lines.append(ChatLine(chat=chat, participant=author, said_at=at, text=text))
    at += timedelta(seconds=30)
    lines.append(
        ChatLine(
            chat=chat,
            participant=seats[0],
            said_at=at,
            text=chance.choice(names.THANKS),
        )
    )
    return lines


def _calls(chance: random.Random, people: Sequence[Contact]) -> None:
    agent = User.objects.get(email__startswith="service@")
    phones = dict(
        ContactPoint.objects.filter(kind="phone").values_list("contact_id", "value")
    )
    callers = [person for person in people if person.pk in phones]
    sounds = [audio.recording(chance) for _ in range(24)]
    now = timezone.now()
    for number in range(CALLS):
        if number < 6:
            ended_at = _anchor_due_at(now + timedelta(minutes=8 * number + 3), "P7M")
        else:
            ended_at = now - timedelta(days=chance.uniform(0.05, 364))
        caller = chance.choice(callers)
        call = Call.objects.create(
            external_id=f"demo-{number}",
            contact=caller,
            direction=chance.choice(Call.Direction.values),
            number=phones[caller.pk],
            started_at=ended_at - timedelta(seconds=chance.randint(40, 900)),
            ended_at=ended_at,
            agent=agent,
        )
        if ends_at(ended_at, Period.parse("P7M")) > now:
            _record(call, sounds[number % len(sounds)])


def _record(call: Call, sound: bytes) -> None:
    received = files.receive(
        [sound],
        path=f"recordings/{uuid.uuid4()}",
        max_bytes=settings.RECORDING_MAX_BYTES,
    )
    with transaction.atomic():
        Recording.objects.create(
            call=call,
            file=received.path,
            content_type="audio/wav",
            size=received.size,
            sha256=received.sha256,
            call_ended_at=call.ended_at,
            received_at=call.ended_at,
        )
        received.keep()


def _anchor_due_at(due: datetime, period: str) -> datetime:
    """Return an instant whose period ends at ``due``, or as near as months allow."""
    months = int(period[1:-1])
    anchor = due - timedelta(days=30.44 * months)
    for _ in range(12):
        off = due - ends_at(anchor, Period.parse(period))
        if abs(off) < timedelta(seconds=1):
            break
        anchor += off
    return anchor


def _requests(people: Sequence[Contact]) -> None:
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


def _some_time(chance: random.Random, *, days: int) -> datetime:
    return timezone.now() - timedelta(days=chance.uniform(0, days))
