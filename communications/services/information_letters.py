"""Sending the information letter (GDPR Art. 14) to many people by e-mail.

A job walks over those who are still to be told. Whoever has a letter waiting or sent is
left out, so a job that is started again sends nothing twice. That a person was told is
kept when the mail server has taken the letter (``messages``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from communications.models import Message
from communications.permission import addresses_of
from communications.services import messages
from contacts import information_duty
from contacts.information_letter import letter_to
from contacts.models import Contact
from register import access, actors
from register.actors import Actor
from register.datamap.vocabulary import Action, Category, Scope
from register.errors import DomainError
from register.models import Job, User
from register.outbound import mail
from register.services import jobs
from register.services.jobs import Progress

KIND = "information_letters"
CHUNK = 200
# Those who have a letter on its way, or one of which nobody knows.
UNDER_WAY = (
    Message.State.QUEUED,
    Message.State.SENDING,
    Message.State.SENT,
    Message.State.UNCERTAIN,
)


def order(which: str, *, actor: Actor) -> Job:
    """Have the letter sent to all whom ``actor`` reaches of a list: ``overdue`` or ``all``."""
    mail.require_set_up()
    if which not in ("overdue", "all"):
        raise DomainError("unknown_list", _("There is no such list."))
    return jobs.order(KIND, object_id=which, actor=actor)


def waiting(which: str, reader: User | None = None) -> QuerySet[Contact]:
    """Whoever is to be told and has no letter under way, the most urgent first.

    With a reader, those to whom he may send it at this moment. Raises PermissionDenied
    for who may send none.
    """
    letters = Message.objects.filter(
        Q(kind=Message.Kind.INFORMATION) | Q(carries_information=True),
        contact=OuterRef("pk"),
        state__in=UNDER_WAY,
    )
    if reader is not None:
        access.require(reader, Action.CHANGE, Category.INFORMATION)
    return people_of(which, reader, Action.CHANGE).filter(~Exists(letters))


@jobs.register_kind(KIND, _("Sending information letters"))
def send(object_id: str, progress: Progress) -> dict[str, int]:
    """Queue a letter to all on the list whom the one who ordered it reaches.

    Rights are read anew for every chunk. Started again, it goes on.
    """
    user = _sender(progress.job)
    actor = actors.of_user(user) if user else actors.system()
    found: Counter[str] = Counter()
    progress.start(waiting(object_id, user).order_by().count())
    for people in _chunks(lambda: waiting(object_id, _sender(progress.job))):
        reached = addresses_of(people)
        for contact in people:
            address, code = reached[contact.pk]
            found[_queue(contact, address, actor) if address else code] += 1
        progress.advance(found.total())
    return dict(found)


def _sender(job: Job) -> User | None:
    key = job.created_by_id
    return User.objects.get(pk=key) if key else None


def send_one(contact: Contact, *, actor: Actor) -> str:
    """Queue a letter to one person; return ``queued``, or the code of why not."""
    address, code = address_of(contact)
    return _queue(contact, address, actor) if address else code


def _queue(contact: Contact, address: str, actor: Actor) -> str:
    letter = letter_to(contact)
    try:
        messages.queue(
            contact,
            address=address,
            subject=letter.title,
            body=letter.as_text(),
            kind=Message.Kind.INFORMATION,
            carries_information=True,
            actor=actor,
        )
    except DomainError as error:
        return error.code
    return "queued"


def address_of(contact: Contact) -> tuple[str, str]:
    """Return the e-mail address a letter may go to, or "" and the code of why not."""
    return addresses_of([contact])[contact.pk]


def without_mail(which: str, *, reader: object, most: int) -> list[Contact]:
    """Return the first of a list whom no mail can reach, the most urgent first."""
    found: list[Contact] = []
    for people in _chunks(lambda: people_of(which, reader)):
        reached = addresses_of(people)
        found += [person for person in people if not reached[person.pk][0]]
        if len(found) >= most:
            break
    return found[:most]


def people_of(
    which: str, reader: object = None, action: Action = Action.VIEW
) -> QuerySet[Contact]:
    """Return the people of a list: ``overdue`` or ``all``.

    With a reader, those whom he sees and to whose information duty he may do ``action``.
    """
    people = (
        information_duty.overdue()
        if which == "overdue"
        else information_duty.open_duties()
    )
    if reader is None:
        return people
    people = access.visible_to(reader, people)
    for each in {Action.VIEW, action}:
        scope = access.scope_of(reader, each, Category.INFORMATION)
        if scope is None:
            return people.none()
        if scope is not Scope.ALL:
            people = people.filter(access.assigned_to(reader, scope))
    return people


def _chunks(asked: Callable[[], QuerySet[Contact]]) -> Iterator[list[Contact]]:
    """Yield the people of a list that is asked anew for each chunk, each person once."""
    obtained = information_duty.OBTAINED
    rest = asked()
    while chunk := list(rest[:CHUNK]):
        yield chunk
        at, pk = getattr(chunk[-1], obtained), chunk[-1].pk
        rest = asked().filter(
            Q(**{f"{obtained}__gt": at}) | Q(**{obtained: at}, pk__gt=pk)
        )
