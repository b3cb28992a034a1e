"""Every address of the product, asked about rows of others, and what was answered.

Addresses come from the URL resolver and the interface's own description: a new screen
needs no line here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from contacts import quality
from tests.access.matrix.world import World, undone

# Everybody's, about nobody: nothing of customers, or the way out.
_OTHER = re.compile(r"logout|account/|jsi18n|i18n/|static|openapi|password/.*uidb64")
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
# What differs from one answer to the next for reasons that betray nothing.
_PASSING = (
    (re.compile(r'name="csrfmiddlewaretoken" value="\w+"'), ""),
    (re.compile(r'nonce="[^"]+"'), ""),
    (re.compile(r"csrf[^,>]{0,40}[A-Za-z0-9]{64}", re.IGNORECASE), ""),
    (re.compile(r'"request_id": ?"[^"]+"'), ""),
    (re.compile(r"(Number of this request: )[0-9a-f-]{36}"), r"\1"),
    (re.compile(r"T\d\d:\d\d:\d\d\.\d+\+\d\d:\d\d"), ""),
    # A job that was ordered has a number of its own.
    (re.compile(r"(/admin/register/job/)[0-9a-f-]{36}"), r"\1"),
    (re.compile(r"\d{1,2}[:.]\d\d([:.]\d\d)?( [ap]\.m\.)?"), ""),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a reader can tell from an answer."""

    status: int
    text: str

    def betrays(self, needles: set[str]) -> list[str]:
        """Return what of some markers stands in it."""
        return [] if not self.text else sorted(n for n in needles if n in self.text)


def addresses(world: World) -> list[str]:
    """Return every address of the staff screens, about the hidden rows where it asks."""
    found: dict[str, None] = {}
    for route in routes(get_resolver().url_patterns):
        if _OTHER.search(route) or not route.startswith("admin/"):
            continue
        for path in _about(world, route):
            found[f"/{path}"] = None
    return list(found)


def addresses_of(world: World, *parts: str) -> list[str]:
    """Return those addresses in which all of some parts stand."""
    return [path for path in addresses(world) if all(part in path for part in parts)]


def routes(patterns: Any, before: str = "") -> Iterator[str]:
    """Yield every route below some patterns; those in expressions are catch-alls."""
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        # Django's way from a row to its form asks nothing of anybody.
        elif isinstance(each, URLPattern) and not re.search(
            r"[\\^$(]|/<path:object_id>/$", route
        ):
            yield route


def _about(world: World, route: str) -> Iterator[str]:
    parameters = _PARAMETER.findall(route)
    if not parameters:
        yield route
        return
    names = [name for _kind, name in parameters]
    parts = route.split("/")
    table = ".".join(parts[1:3])
    person = world.keys["contacts.contact"][0]
    company = (world.keys["contacts.company"] or [person])[0]
    whole = world.keys.get(table, [])[:1] or [person]
    subjects = {"contact": person, "company": company} if "kind" in names else {"": ""}
    for kind, subject in subjects.items():
        known = {
            "kind": kind,
            "object_id": subject or whole[0],
            "id": whole[0],
            "pk": whole[0],
        }
        values = {
            name: _fitting(
                kind,
                known.get(name) or _key_named(world, name, parts[1]) or whole[0],
                person,
            )
            for kind, name in parameters
        }
        yield _PARAMETER.sub(lambda match, v=values: v[match[2]], route)  # type: ignore[misc]


def _fitting(kind: str, key: str, person: str) -> str:
    """Return a key, or the person's where the address takes no such key."""
    return person if kind == "uuid" and "-" not in key else key


def about(world: World, path: str) -> str:
    """Return the address of an operation of the interface about hidden rows."""
    return re.sub(
        r"{(\w+)}", lambda match: _key_named(world, match[1], "communications"), path
    )


def _key_named(world: World, name: str, app: str) -> str:
    """Return the key of a row of the table after which a parameter is called."""
    wanted = name.removesuffix("_id")
    found = [
        (not label.endswith(f".{wanted}"), label.partition(".")[0] != app, label)
        for label, keys in world.keys.items()
        if keys and label.partition(".")[2].endswith(wanted)
    ]
    return world.keys[min(found)[-1]][0] if found else ""


def questions(client: Client, needles: list[str]) -> Iterator[str]:
    """Yield lists with a search, an order and a filter, and what is typed ahead.

    Of the lists alone that a reader has: others refuse before they read what is asked.
    """
    for model, options in admin.site._registry.items():
        label = f"{model._meta.app_label}/{model._meta.model_name}"
        if get(client, f"/admin/{label}/").status != 200:
            continue
        for query in ("q=zq", "o=-2.3"):
            yield f"/admin/{label}/?{query}"
        for field in model._meta.concrete_fields:
            if field.get_internal_type() in ("CharField", "TextField"):
                yield f"/admin/{label}/?{field.name}__startswith=zq"
                break
        for name in options.autocomplete_fields:
            yield (
                f"/admin/autocomplete/?term=zq&app_label={model._meta.app_label}"
                f"&model_name={model._meta.model_name}&field_name={name}"
            )
    for measure in quality.measures():
        yield f"/admin/contacts/contact/quality/{measure.code}/"
    for word in ("zq", *needles):
        yield f"/admin/search/?s={word}"
        yield f"/admin/find/?q={word}"


def get(client: Client, path: str, **headers: str) -> Answer:
    """Ask, leave nothing behind, and return what can be told from the answer."""
    with undone(), _same_cookies(client):
        return _answer(client.get(path, headers=headers or None))


def post(client: Client, path: str, data: dict[str, Any]) -> Answer:
    """Send a form and take back what it did."""
    with undone(), _same_cookies(client):
        return _answer(client.post(path, data))


@contextlib.contextmanager
def _same_cookies(client: Client) -> Iterator[None]:
    """Let no message of an answer wait for the next."""
    before = {name: morsel.value for name, morsel in client.cookies.items()}
    try:
        yield
    finally:
        client.cookies.clear()
        client.cookies.load(before)


def call(client: Client, method: str, path: str, body: Any, secret: str) -> Answer:
    """Call an operation of the interface, and take back what it did."""
    with undone():
        response = client.generic(
            method.upper(),
            path,
            "" if method == "get" else json.dumps(body),
            content_type="application/json",
            headers={
                "authorization": f"Bearer {secret}",
                "idempotency-key": f"{method}-{path}"[:100],
            },
        )
        return _answer(response)


def _answer(response: Any) -> Answer:
    streaming = getattr(response, "streaming", False)
    body = b"".join(response.streaming_content) if streaming else response.content
    lines = [f"{name}: {value}" for name, value in _headers(response)]
    text = "\n".join([*lines, body.decode(errors="replace")])
    for passing, instead in _PASSING:
        text = passing.sub(instead, text)
    return Answer(response.status_code, text)


def _headers(response: Any) -> list[tuple[str, str]]:
    told = (
        *("Location", "Content-Disposition", "Content-Type", "Content-Range"),
        *("ETag", "Last-Modified", "Retry-After", "Allow"),
    )
    return [(n, str(v)) for n, v in response.items() if n in told]
