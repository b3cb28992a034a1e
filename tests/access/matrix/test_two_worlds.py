"""No reach, no difference: the same question in two worlds, with the same answer.

In one of them are people, companies and all their data beyond the reader's reach, some of
them tied to his own: at one company, in one chat and one meeting, alike. In the other they
never were. Whatever counts, sorts, filters, suggests, pages or refuses must not tell in
which of the two it stands, to the byte.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from register.datamap.vocabulary import Scope
from register.models import Team, TeamMembership
from tests.access.matrix import asking
from tests.access.matrix.world import World, limited_reader, reader_like, undone
from tests.conftest import ensure_seeded, make_user, session_of

pytestmark = pytest.mark.django_db
FAR = "2100-01-01T00:00:00Z"
LIKE = {
    Scope.OWN: ("sales", "marketing", "admin"),
    Scope.TEAM: ("service", "auditor", "dpo"),
}
Form = dict[str, Any] | None
# What is asked, with a word where one address is asked in several ways.
Asked = dict[tuple[str, str], Form]
Key = tuple[str, str, str]


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM])
def test_no_answer_tells_that_there_are_people_of_others(scope):
    with undone():
        ensure_seeded()
        mine = World()
        team = Team.objects.create(name="Nearby")
        colleague, stranger = make_user("colleague"), make_user("somebody.else")
        TeamMembership.objects.create(team=team, user=colleague)
        readers = {"everything": limited_reader(scope, team)}
        readers |= {code: reader_like(code, scope, team) for code in LIKE[scope]}
        clients = {code: _client(user) for code, user in readers.items()}
        mine.fill()

        def answers() -> Iterator[tuple[Key, asking.Answer]]:
            for code, user in readers.items():
                mine.belongs_to(user if scope is Scope.OWN else colleague)
                for path, data in asked[code].items():
                    yield (code, *path), _ask(clients[code], path[0], data)

        with undone():
            theirs = World(beside=mine)
            theirs.fill()
            theirs.belongs_to(stranger)
            theirs.tie_to(mine)
            short = {**_short(mine, theirs), **_forged(mine, theirs)}
            asked = dict.fromkeys(readers, short)
            if scope is Scope.OWN:
                asked["everything"] = {
                    **short,
                    **_whole(mine, theirs, clients["everything"]),
                }
            with_them = dict(answers())
        without = dict(answers())

    needles = theirs.needles(beyond=set())
    shown = {
        key: theirs.named(betrayed)
        for key, answer in with_them.items()
        # A page repeats what was asked.
        if (
            betrayed := [
                needle
                for needle in answer.betrays(needles)
                if needle not in f"{key}{asked[key[0]][key[1:]]}"
            ]
        )
    }
    assert shown == {}
    assert [key for key, answer in with_them.items() if answer.status >= 500] == []
    differ = {
        key: _difference(answer, without[key])
        for key, answer in with_them.items()
        if answer != without[key]
    }
    assert differ == {}, "\n".join(f"{k}: {v}" for k, v in differ.items())
    # It was asked about something: own people are there.
    (page,) = asking.addresses_of(mine, "/contacts/contact/", "/page/")
    assert with_them["everything", page, ""].status == 200


def _client(user: Any) -> Client:
    client = session_of(user)
    client.raise_request_exception = False
    return client


def _ask(client: Client, path: str, data: Form) -> asking.Answer:
    return asking.get(client, path) if data is None else asking.post(client, path, data)


def _difference(one: asking.Answer, other: asking.Answer) -> list[str]:
    lines = difflib.unified_diff(
        other.text.splitlines(), one.text.splitlines(), lineterm="", n=0
    )
    told = [line.strip()[:160] for line in lines if line[1:].strip()]
    return [f"{other.status} → {one.status}", *told[:12]]


def _whole(mine: World, theirs: World, client: Client) -> Asked:
    """Return every address about the hidden and about one's own, forms too."""
    paths = [*asking.addresses(theirs), *asking.addresses(mine)]
    return {
        **{(path, ""): None for path in paths},
        **{(path, ""): None for path in asking.questions(client, _words(theirs))},
        **{
            (path, "sent"): {"post": "yes"}
            for path in asking.addresses(theirs)
            if not path.endswith(("/change/", "/hold/", "/history/"))
        },
    }


def _short(mine: World, theirs: World) -> Asked:
    """Return lists, counts and pages: where hidden people would be seen first."""
    paths = ["/admin/", "/admin/find/"]
    paths += [
        path
        for path in asking.addresses(mine)
        if path.startswith(("/admin/contacts/", "/admin/communications/"))
        and (
            path.count("/") == 4 or path.endswith(("/page/", "/quality/", "/compare/"))
        )
    ]
    paths += asking.addresses_of(theirs, "/contacts/", "/page/")
    return {(path, ""): None for path in paths}


def _words(world: World) -> list[str]:
    known = world.canary.identity["person"]
    return [known["last_name"], known["email"], known["phone"]]


def _forged(mine: World, theirs: World) -> Asked:
    """Return forms that name hidden rows, or what stands in them."""
    known = theirs.canary.identity["person"]
    them, company = theirs.key("contacts.contact"), theirs.key("contacts.company")
    contact = mine.key("contacts.contact")
    typed = {
        "first_name": known["first_name"],
        "last_name": known["last_name"],
        "points-TOTAL_FORMS": "2",
        "points-INITIAL_FORMS": "0",
        "points-0-kind": "email",
        "points-0-value": known["email"],
        "points-1-kind": "phone",
        "points-1-value": known["phone"],
        "affiliations-TOTAL_FORMS": "1",
        "affiliations-INITIAL_FORMS": "0",
        "affiliations-0-company": company,
        "addresses-TOTAL_FORMS": "0",
        "addresses-INITIAL_FORMS": "0",
    }
    admin, work = "/admin/contacts", "/admin/communications"
    meeting = f"{work}/meeting/{mine.key('communications.meeting')}/page/"
    forms: Asked = {
        (f"{admin}/contact/alike/", "typed"): typed,
        (f"{admin}/contact/add/", "typed"): typed,
        (f"{admin}/contact/{contact}/change/", "typed"): typed,
        (f"{admin}/company/alike/", "typed"): {"name": known["last_name"]},
        (meeting, "people"): {"action": "people", "people-contacts": [them, contact]},
        (f"{admin}/contact/export/", "chosen"): {"chosen": [them, contact]},
        (f"{admin}/informationgiven/letters/", "posted"): {
            "person": [them, contact],
            "action": "posted",
        },
        (f"{admin}/serviceagreement/add/", "of them"): {
            "person": them,
            "company": company,
            "source": "staff",
        },
        (f"{admin}/contact/views/", "forged"): {
            "do": "save",
            "name": "Zq",
            "query": f"id__exact={them}&o=1",
        },
        (f"{admin}/contact/{contact}/page/?before={FAR}", ""): None,
    }
    for word in _words(theirs):
        forms["/admin/find/", word] = {"words": word}
        forms[f"{admin}/contact/", word] = {"searching": "1", "q": word}
    for query in (
        f"id__exact={them}",
        f"first_name__startswith=zq&company={company}",
        f"responsible__id__exact={them}",
        "o=1&p=1",
        "all=",
    ):
        forms[f"{admin}/contact/?{query}", ""] = None
    for list_of in ("contact/quality/without_language/", "informationgiven/due/"):
        forms[f"{admin}/{list_of}?after={them}", ""] = None
    forms[f"{admin}/informationgiven/letters.pdf?person={them}", ""] = None
    return forms
