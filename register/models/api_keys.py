"""Keys of machines, and the memory that makes their writes happen once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal
from register.models.staff import Role


class ApiKey(models.Model):
    """A revocable, scoped key of another system. Only its hash is stored."""

    class Scope(models.TextChoices):
        CONTACTS_READ = "contacts:read", _("read contacts")
        CONTACTS_WRITE = "contacts:write", _("write contacts")
        CHATS_WRITE = "chats:write", _("write chats")
        CHATS_READ = "chats:read", _("read chats")
        CALLS_WRITE = "calls:write", _("write calls and recordings")
        CALLS_READ = "calls:read", _("read calls")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        _("name"), max_length=80, help_text=_("Which system uses the key.")
    )
    prefix = models.CharField(_("beginning of the key"), max_length=16, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=40, choices=Scope), verbose_name=_("scopes")
    )
    # Its rights to rows and fields; the scopes say what of them is open by the interface.
    role = models.ForeignKey(
        Role,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="api_keys",
        verbose_name=_("role"),
        help_text=_("The key sees whom and what this role sees, within its scopes."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        # A key goes on working when its owner's account is gone: the list shows it.
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
        help_text=_("Who answers for the key and replaces it before it ends."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(
        _("revoked"), null=True, blank=True, editable=False
    )
    last_used_on = models.DateField(
        _("last used"), null=True, blank=True, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.API_KEYS,
        fields={
            "id": NotPersonal("number of the key"),
            "name": NotPersonal("name of a system"),
            "prefix": NotPersonal("beginning of a random key"),
            "key_hash": NotPersonal("hash of a random key"),
            "scopes": NotPersonal("vocabulary"),
            "role": NotPersonal("which role"),
            "owner": NotPersonal("account that answers for a system's key"),
            "created_by": NotPersonal(
                "account that made the key; the audit trail answers for it"
            ),
            "created_at": NotPersonal("technical time"),
            "expires_at": NotPersonal("technical time"),
            "revoked_at": NotPersonal("technical time"),
            "last_used_on": NotPersonal("use by a system, not by a person"),
        },
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """The answer a write gave, so that sending it again gives the same answer.

    The body is kept as a fingerprint and the answer as a status and an id: no copy of
    what was sent.
    """

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    operation = models.CharField(max_length=80)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    object_id = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    data_map: ClassVar = ModelMap(
        category=Category.SYSTEM,
        fields={
            "id": NotPersonal("number of the row"),
            "api_key": NotPersonal("which system"),
            "key": NotPersonal("keyed hash of what the system sent as its key"),
            "operation": NotPersonal("vocabulary"),
            "body_sha256": NotPersonal("keyed fingerprint, of no use without the body"),
            "status": NotPersonal("status of an answer"),
            "object_id": NotPersonal("key of the record that was made"),
            "created_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "key"], name="idempotencykey_once"
            )
        ]

    def __str__(self) -> str:
        return f"IdempotencyKey {self.pk}"
