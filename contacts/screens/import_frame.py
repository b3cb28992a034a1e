"""What the screens of an import share: who may see one, its address, the frame."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from contacts.models import ImportBatch
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category


def url_of(batch: ImportBatch | uuid.UUID | str) -> str:
    """Return the address of an import's page."""
    key = batch.pk if isinstance(batch, ImportBatch) else batch
    return reverse("admin:contacts_importbatch_change", args=[key])


def batch_for(request: HttpRequest, object_id: str) -> ImportBatch:
    """Return a batch to whoever may see imports and people.

    Whoever reaches only some people sees his own: the file of another may name one of
    them and a thousand others.
    """
    for category in (Category.IMPORTS, Category.IDENTITY):
        access.require(request.user, Action.VIEW, category)
    try:
        key = uuid.UUID(object_id)
    except ValueError:
        key = uuid.UUID(int=0)
    return get_object_or_404(seen_by(request.user), pk=key)


def seen_by(user: Any) -> QuerySet[ImportBatch]:
    """Return the batches that a user may open."""
    batches = ImportBatch.objects.all()
    if access.is_limited(user, ImportBatch):
        batches = batches.filter(created_by=user.pk)
    return batches


def record_reading(request: HttpRequest, batch: ImportBatch) -> None:
    """Record that somebody saw rows of the file."""
    audit.record("record.viewed", actor=actors.of_request(request), obj=batch)


def page(
    request: HttpRequest, template: str, context: dict[str, Any]
) -> TemplateResponse:
    """Return a page in the frame of the staff screens."""
    frame = {**admin.site.each_context(request), "opts": ImportBatch._meta}
    return TemplateResponse(
        request, template, {**frame, **access.as_seen_in(request.user, context)}
    )
