"""Who answers for the register, and who can work with it."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from register.models import Role, StaffIdentity, User
from register.models.staff import ADMINISTRATOR
from register.services import controller
from register.setup_checks import Group, Outcome, missing, ok, register, warning

ACCOUNTS = "admin:register_user_changelist"
CONTROLLER = "admin:register_controller_changelist"


@register("controller", _("Controller"), group=Group.PEOPLE, order=10)
def who_answers() -> Outcome:
    """Everything that packages and letters say about the controller is known."""
    found = controller.current()
    empty = [
        str(found._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in controller.FIELDS
        if not getattr(found, name)
    ]
    if empty:
        return missing(
            _("Not known of the controller: %(fields)s.")
            % {"fields": ", ".join(empty)},
            _("Fill in the page of the controller, or run manage.py setup."),
            CONTROLLER,
        )
    if not controller.is_saved():
        return warning(
            _("The controller stands in the environment only."),
            _("Look through the page of the controller and save it."),
            CONTROLLER,
        )
    return ok(_("The controller is known."))


@register("administrators", _("Administrators"), group=Group.PEOPLE, order=20)
def administrators() -> Outcome:
    """Somebody can make accounts."""
    if not _able("admin"):
        return missing(
            _("Nobody can log in as administrator."),
            _("Run manage.py setup to make the first account."),
            ACCOUNTS,
        )
    return ok(_("An administrator can log in."))


@register("officers", _("Data protection officers"), group=Group.PEOPLE, order=30)
def officers() -> Outcome:
    """What cannot be undone needs two people."""
    count = _able("dpo")
    if not count:
        return missing(
            _(
                "Nobody can log in as data protection officer, so no request can be answered."
            ),
            _("Give somebody that role, or run manage.py setup."),
            ACCOUNTS,
        )
    if count == 1:
        return warning(
            _(
                "There is one data protection officer; what cannot be undone needs a second."
            ),
            _("Give the role to a second person with an account of their own."),
            ACCOUNTS,
        )
    return ok(_("Two data protection officers or more can log in."))


@register("single_sign_on", _("Single sign-on"), group=Group.PEOPLE, order=40)
def single_sign_on() -> Outcome:
    """Groups stand for roles that there are, and somebody gets in without the provider."""
    sso = settings.SINGLE_SIGN_ON
    if not sso.is_on:
        return ok(_("It is not set up; people log in by password or passkey."))
    known = set(Role.objects.values_list("code", flat=True))
    unknown = sorted({role for _group, role in sso.group_roles} - known)
    if unknown:
        return missing(
            _("SSO_GROUP_ROLES names roles that are not there: %(roles)s.")
            % {"roles": ", ".join(unknown)},
            _("Write the codes of roles as they stand on their pages."),
        )
    kept = User.objects.filter(
        is_active=True, email__in=sso.break_glass, roles__code=ADMINISTRATOR
    ).distinct()
    if sso.is_only_way and not any(user.has_usable_password() for user in kept):
        return missing(
            _("While the identity provider is away, no administrator gets in."),
            _(
                "Name in SSO_BREAK_GLASS the address of an administrator's account that has a password."
            ),
            ACCOUNTS,
        )
    return ok(_("People log in by %(issuer)s.") % {"issuer": sso.issuer})


def _able(role: str) -> int:
    """Return how many active accounts have the role and a way in."""
    accounts = User.objects.filter(is_active=True, roles__code=role).distinct()
    sso = settings.SINGLE_SIGN_ON
    linked = set(
        StaffIdentity.objects.filter(issuer=sso.issuer).values_list("user", flat=True)
        if sso.is_on
        else ()
    )
    return sum(
        account.has_usable_password() or account.pk in linked for account in accounts
    )
