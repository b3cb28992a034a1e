"""The page of a contact."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse


def page_of(contact) -> str:
    return reverse("admin:contacts_contact_page", args=[contact.pk])


def test_it_shows_the_person(anna, agent, client_of):
    response = client_of(agent).get(page_of(anna))

    assert response.status_code == 200
    text = response.content.decode()
    for shown in (
        "Anna Virtanen",
        "anna.virtanen@esimerkki.example",
        "+358401234567",
        "Esimerkki Oy",
        "2327327-1",
    ):
        assert shown in text
