"""Rebuild the search words of everybody, for example after a change of the rules."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from contacts.models import Company, Contact
from contacts.services import search_words


class Command(BaseCommand):
    """Writes only what differs; can be stopped and started again at any time."""

    help = "Rebuilds the words by which contacts and companies are found."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through companies, then contacts."""
        companies = list(Company.objects.values_list("pk", flat=True))
        search_words.refresh_of_companies(companies, people=False)
        contacts = list(Contact.objects.values_list("pk", flat=True))
        search_words.refresh(contacts)
        self.stdout.write(f"{len(contacts)} contacts, {len(companies)} companies")
