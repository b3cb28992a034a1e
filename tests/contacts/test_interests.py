"""Interests: named by the person, or concluded and marked so."""

from __future__ import annotations

import pytest

from contacts.models import InferredInterest, Interest, Profile, Topic
from contacts.services import interests
from register import actors
from register.errors import DomainError


@pytest.fixture
def topic(db):
    return Topic.objects.get_or_create(code="events", defaults={"name": "Events"})[0]


@pytest.fixture
def actor(marketer):
    return actors.of_user(marketer)


def test_what_the_person_names_takes_the_place_of_what_was_concluded(
    anna, topic, actor
):
    interests.conclude(anna, topic, concluded_from="a brochure", actor=actor)

    interests.give(anna, topic, actor=actor)

    assert Interest.objects.filter(contact=anna).count() == 1
    assert not InferredInterest.objects.exists()
    with pytest.raises(DomainError, match="named this interest"):
        interests.conclude(anna, topic, concluded_from="a visit", actor=actor)


def test_a_conclusion_says_from_what(anna, topic, actor):
    with pytest.raises(DomainError, match="concluded from"):
        interests.conclude(anna, topic, concluded_from=" ", actor=actor)

    assert not InferredInterest.objects.exists()


def test_after_an_objection_nothing_is_concluded_and_nothing_concluded_is_left(
    anna, topic, actor
):
    interests.give(anna, topic, actor=actor)
    other = Topic.objects.create(code="boats", name="Boats")
    interests.conclude(anna, other, concluded_from="a visit", actor=actor)
    Profile.objects.create(contact=anna, industry="shipping", source="staff")

    interests.object_to_profiling(anna, actor=actor)

    assert anna.interests.count() == 1
    assert not InferredInterest.objects.exists()
    assert Profile.objects.get(contact=anna).industry == ""
    with pytest.raises(DomainError, match="objected"):
        interests.conclude(anna, other, concluded_from="a visit", actor=actor)
    assert not InferredInterest.objects.exists()
