"""Members of staff, their roles, and the rights of a role."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy as _, gettext_noop

from register.datamap import (
    HEEDED,
    SELF,
    Access,
    Action,
    Category,
    Erasure,
    Identifier,
    Keep,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Scope,
    Subject,
    WithParent,
)

# The names of the roles every installation starts with, which stand in the database and
# are shown in the language of the reader.
STANDARD_ROLE_NAMES = (
    gettext_noop("Data protection officer"),
    gettext_noop("Customer service"),
    gettext_noop("Sales"),
    gettext_noop("Marketing"),
    gettext_noop("Auditor"),
    gettext_noop("Administrator"),
)

# The code of the role that makes accounts; it always asks for a second factor.
ADMINISTRATOR = "admin"
ACCOUNTABILITY = Keep("GDPR Art. 5(2)", "P5Y", "created_at")


class UserManager(BaseUserManager["User"]):
    """Creates accounts with a normalised e-mail address and a hashed password."""

    def create_user(
        self, email: str, password: str | None = None, **extra: Any
    ) -> User:
        """Create a personal account; without a password nobody can log in to it."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **extra: Any
    ) -> User:
        """Create an account with the administrator role (``createsuperuser``)."""
        user = self.create_user(email, password, **extra)
        RoleAssignment.objects.create(user=user, role=Role.objects.get(code="admin"))
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find an account by e-mail address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class Role(models.Model):
    """A job that people have, and what it may do to which category of data."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    default_purpose = models.CharField(
        _("purpose of use"),
        max_length=40,
        help_text=_(
            "The processing activity this role works under unless it says otherwise."
        ),
    )

    requires_second_factor = models.BooleanField(
        _("second factor required"),
        default=False,
        help_text=_(
            "Whoever has the role logs in with an authenticator app or a passkey besides the password. Administrators always do."
        ),
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        fields={
            "id": NotPersonal("key of a role"),
            "code": NotPersonal("vocabulary"),
            "name": NotPersonal("vocabulary"),
            "default_purpose": NotPersonal("vocabulary"),
            "requires_second_factor": NotPersonal("a rule about log-ins"),
        },
    )

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["name"]

    def __str__(self) -> str:
        return gettext(self.name)

    def clean(self) -> None:
        """Keep the second factor of administrators, who give all other rights."""
        if self.code == ADMINISTRATOR:
            self.requires_second_factor = True


class RoleRight(models.Model):
    """One thing a role may do: an action on a category. What is not here is refused."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="rights")
    category = models.CharField(_("category"), max_length=20, choices=Category)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    scope = models.CharField(_("whose"), max_length=4, choices=Scope, default=Scope.ALL)

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        fields={
            "id": NotPersonal("key of a right"),
            "role": NotPersonal("which role"),
            "category": NotPersonal("vocabulary"),
            "action": NotPersonal("vocabulary"),
            "scope": NotPersonal("vocabulary"),
        },
    )

    class Meta:
        verbose_name = _("right")
        verbose_name_plural = _("rights")
        ordering = ["category", "action"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "category", "action"],
                name="roleright_once",
                violation_error_message=_("The role has this right already."),
            ),
            models.CheckConstraint(
                condition=models.Q(category__in=Category.values)
                & models.Q(action__in=Action.values),
                name="roleright_known_words",
            ),
            models.CheckConstraint(
                condition=models.Q(scope__in=Scope.values)
                & (models.Q(scope=Scope.ALL) | ~models.Q(category__in=sorted(HEEDED))),
                name="roleright_known_scope",
                violation_error_message=_(
                    "This category is given for all people or not at all."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.action} {self.category}"


class User(AbstractBaseUser):
    """A personal account of a named member of staff (N9.1, N9.2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default="fi"
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_(
            "An inactive account cannot log in. Accounts are not deleted while the audit trail names them."
        ),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )
    enabled_at = models.DateTimeField(
        _("enabled again"), null=True, blank=True, editable=False
    )
    roles = models.ManyToManyField(
        Role,
        through="RoleAssignment",
        through_fields=("user", "role"),
        related_name="users",
        verbose_name=_("roles"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        root="staff",
        subjects=(Subject("member of staff", path=SELF, kind="staff"),),
        activity="access_control",
        source="the employer",
        retention=Reviewed(
            "staff",
            "while the person works with the register, and while the audit trail names the account",
            "P12M",
            "created_at",
        ),
        fields={
            "id": Personal(
                "account",
                identifies=(Identifier.ID,),
                erasure=Erasure.KEEP,
                keep=ACCOUNTABILITY,
            ),
            "email": Personal(
                "e-mail address of the account", identifies=(Identifier.EMAIL,)
            ),
            "first_name": Personal("first name", identifies=(Identifier.NAME,)),
            "last_name": Personal("last name", identifies=(Identifier.NAME,)),
            "language": Personal("language of the screens"),
            "password": Personal(
                "hash of the password",
                access=Access.WITHHOLD,
                ground="security of the service (notice, section 8)",
            ),
            "last_login": Personal("last log-in", portability=Portability.OBSERVED),
            "is_active": Personal(
                "whether the account is in use", portability=Portability.OBSERVED
            ),
            "created_at": Personal(
                "when the account was made", portability=Portability.OBSERVED
            ),
            "enabled_at": Personal(
                "when the account was enabled again", portability=Portability.OBSERVED
            ),
        },
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["first_name", "last_name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("staff account")
        verbose_name_plural = _("staff accounts")
        ordering = ["last_name", "first_name"]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    def clean(self) -> None:
        """Keep one spelling of an address, so that one person has one account."""
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        """Return the name, for screens whose reader may see staff names."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_staff(self) -> bool:
        """Every account is a staff account; what it may do follows from its roles."""
        return True

    @property
    def has_right_for_a_while(self) -> bool:
        """Whether a right was taken that has not ended, for the banner of each page."""
        from register import access

        return any(grant.is_elevation for grant in access.granted(self).grants)

    # Django's screens ask these three; all end in the one answer of register.access.
    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Answer Django's permission question from the roles."""
        from register import access

        return access.has_django_permission(self, perm)

    def has_perms(self, perms: list[str], obj: models.Model | None = None) -> bool:
        """Answer several of Django's permission questions at once."""
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether any table of the app may be seen."""
        from register import access

        return access.sees_app(self, app_label)


class RoleAssignment(models.Model):
    """Who has which role, since when and by whose decision."""

    user = models.ForeignKey(User, models.CASCADE, related_name="assignments")
    role = models.ForeignKey(Role, models.PROTECT, related_name="assignments")
    granted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    granted_at = models.DateTimeField(
        _("granted"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the employer",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("key of an assignment"),
            "user": Personal("whose role", portability=Portability.OBSERVED),
            "role": Personal("which role", portability=Portability.OBSERVED),
            "granted_by": NotPersonal("the colleague who decided, not the holder"),
            "granted_at": Personal("since when", portability=Portability.OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("role of a user")
        verbose_name_plural = _("roles of a user")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"],
                name="roleassignment_once",
                violation_error_message=_("The user has this role already."),
            )
        ]

    def __str__(self) -> str:
        return f"RoleAssignment {self.pk}"
