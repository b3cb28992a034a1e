"""Who answers for the register, and who can work with it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from register.models import User
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


def _able(role: str) -> int:
    """Return how many active accounts with a password have the role."""
    accounts = User.objects.filter(is_active=True, roles__code=role).distinct()
    return sum(account.has_usable_password() for account in accounts)
