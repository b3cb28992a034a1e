"""Interests that are added to many at once, or taken from them."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, InferredInterest, Interest, Topic
from contacts.models.people import Source
from contacts.services import interests
from contacts.services.bulk.kinds import BulkKind, Change, Terms, register_kind
from register.actors import Actor
from register.datamap.vocabulary import Action, Category


def _topic(user: Any) -> dict[str, forms.Field]:
    offered = Topic.objects.filter(is_offered=True)
    choices = [
        ("", _("Select value")),
        *((str(topic.pk), str(topic)) for topic in offered),
    ]
    return {"value": forms.ChoiceField(label=_("Topic"), choices=choices)}


def _any_topic(user: Any) -> dict[str, forms.Field]:
    choices = [
        ("", _("Select value")),
        *((str(t.pk), str(t)) for t in Topic.objects.all()),
    ]
    return {"value": forms.ChoiceField(label=_("Topic"), choices=choices)}


def _topic_and_why(user: Any) -> dict[str, forms.Field]:
    why = forms.CharField(
        label=_("Concluded from"),
        max_length=200,
        help_text=_("For example brochures asked for, or what was bought."),
    )
    return {**_topic(user), "text": why}


def _named(terms: Terms) -> Topic:
    return Topic.objects.get(pk=terms["value"])


def _has(model: Any) -> Any:
    def has(terms: Terms) -> Q:
        rows = model.objects.filter(contact=OuterRef("pk"), topic=terms["value"])
        return Q(Exists(rows.order_by()))

    return has


def _has_not(terms: Terms) -> Q:
    here = Interest.objects.filter(contact=OuterRef("pk"), topic=int(terms["value"]))
    return ~Q(Exists(here.order_by()))


def _give(row: Contact, terms: Terms, actor: Actor) -> Change | None:
    topic = _named(terms)
    if Interest.objects.filter(contact=row, topic=topic).exists():
        return None
    concluded = InferredInterest.objects.filter(contact=row, topic=topic).first()
    made = interests.give(row, topic, source=Source.STAFF, actor=actor)
    # What was concluded gives way; it comes back if this is undone.
    return Change(concluded.concluded_from if concluded else "", str(made.pk))


def _take_back(row: Contact, change: Change, terms: Terms, actor: Actor) -> bool:
    made = Interest.objects.filter(pk=change.made, contact=row, source=Source.STAFF)
    if not made.exists():
        return False
    interests.remove(row, _named(terms), actor=actor)
    if change.old and not interests.has_objected(row):
        interests.conclude(row, _named(terms), concluded_from=change.old, actor=actor)
    return True


def _remove(row: Contact, terms: Terms, actor: Actor) -> Change | None:
    before = Interest.objects.filter(contact=row, topic=int(terms["value"])).first()
    if before is None:
        return None
    interests.remove(row, before.topic, actor=actor)
    was = {"source": before.source, "given_on": before.given_on.isoformat()}
    return Change(old=json.dumps(was))


def _put_back(row: Contact, change: Change, terms: Terms, actor: Actor) -> bool:
    if Interest.objects.filter(contact=row, topic=int(terms["value"])).exists():
        return False
    interests.give(row, _named(terms), actor=actor, **json.loads(change.old))
    return True


def _conclude(row: Contact, terms: Terms, actor: Actor) -> Change | None:
    topic = _named(terms)
    if InferredInterest.objects.filter(contact=row, topic=topic).exists():
        return None
    made = interests.conclude(row, topic, concluded_from=terms["text"], actor=actor)
    return Change(made=str(made.pk))


def _forget(row: Contact, change: Change, terms: Terms, actor: Actor) -> bool:
    return interests.take_back_conclusion(row, change.made, actor=actor)


def make_known() -> None:
    """Register them; called once, when the app is ready."""
    named, concluded = Category.CLASSIFICATION, Category.PROFILE
    register_kind(
        BulkKind(
            "interest",
            Contact,
            _("Add an interest the people named"),
            _topic,
            _give,
            _take_back,
            _has(Interest),
            needs=((Action.VIEW, named), (Action.ADD, named)),
            writes=((Interest, "topic"),),
        )
    )
    register_kind(
        BulkKind(
            "interest_removed",
            Contact,
            _("Remove an interest"),
            _any_topic,
            _remove,
            _put_back,
            _has_not,
            needs=((Action.VIEW, named), (Action.CHANGE, named)),
            writes=((Interest, "topic"),),
        )
    )
    register_kind(
        BulkKind(
            "concluded",
            Contact,
            _("Add an interest we conclude"),
            _topic_and_why,
            _conclude,
            _forget,
            _has(InferredInterest),
            needs=((Action.VIEW, concluded), (Action.ADD, concluded)),
            writes=((InferredInterest, "topic"),),
        )
    )
