"""Reminding colleagues of their follow-ups: in the register, and by mail where that is set up.

Each step is claimed by a change of state before it is taken, in one statement. A process
that is killed in between leaves a colleague unreminded by mail at worst, never reminded
twice; in the register the claim itself is the reminder.
"""

from __future__ import annotations

import contextlib
import logging

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import formats, timezone, translation
from django.utils.translation import gettext

from communications.models import FollowUp
from register.clocks import steady_now
from register.models import User
from register.outbound import mail

logger = logging.getLogger(__name__)

BATCH = 500
COUNT_KEPT_FOR = 30  # seconds


def remind_due() -> int:
    """Claim the reminders whose time has come; return how many there were."""
    due = FollowUp.objects.filter(
        done_at=None, reminded_at=None, remind_at__lte=steady_now()
    ).order_by("remind_at")
    keys = list(due.values_list("pk", flat=True)[:BATCH])
    # The conditions again: whoever was first has it, and what was done meanwhile is done.
    return due.order_by().filter(pk__in=keys).update(reminded_at=timezone.now())


def reminders_of(user: User) -> QuerySet[FollowUp]:
    """What the user is reminded of, and has neither done nor put off."""
    return FollowUp.objects.filter(
        ~Q(reminded_at=None), done_at=None, responsible=user
    ).order_by("due_at", "pk")


def count_of(user: User) -> int:
    """Count them up to a hundred, for the menu of every page.

    What others changed, or a reminder that came, may be seen half a minute later.
    """
    count: int | None = cache.get(_key(user.pk))
    if count is None:
        count = reminders_of(user)[:100].count()
        cache.set(_key(user.pk), count, COUNT_KEPT_FOR)
    return count


def count_anew(user_id: object) -> None:
    """Let what somebody changed be counted at once."""
    transaction.on_commit(lambda: cache.delete(_key(user_id)), robust=True)


def _key(user_id: object) -> str:
    return f"reminders-{user_id}"


def mail_reminders() -> int:
    """Mail colleagues that there is something to do; return how many mails left.

    The mail names nobody and says nothing of what is to be done: it leads to the list.
    """
    if not mail.is_set_up():
        return 0
    sent = 0
    with contextlib.suppress(mail.NotSentNow), mail.connected() as connection:
        while (follow_up := _claim_mail()) is not None:
            colleague = follow_up.responsible
            if colleague is None or not colleague.is_active:
                continue
            try:
                connection.send(_as_mail(colleague, follow_up))
            except (mail.NotSentNow, mail.Uncertain):
                break
            except mail.Refused:
                logger.warning("a reminder was refused by the mail server")
            else:
                sent += 1
    return sent


@transaction.atomic
def _claim_mail() -> FollowUp | None:
    """Take the next reminder that has not been mailed; from the commit on it is ours."""
    due = FollowUp.objects.filter(
        done_at=None, reminded_at__isnull=False, mailed_at=None
    ).select_for_update(skip_locked=True, of=("self",))
    follow_up = due.select_related("responsible").order_by("pk").first()
    if follow_up is not None:
        follow_up.mailed_at = timezone.now()
        follow_up.save(update_fields=["mailed_at"])
    return follow_up


def _as_mail(colleague: User, follow_up: FollowUp) -> mail.Mail:
    with translation.override(colleague.language):
        when = formats.date_format(
            timezone.localtime(follow_up.due_at), "SHORT_DATETIME_FORMAT"
        )
        return mail.Mail(
            to=colleague.email,
            subject=gettext("You have a follow-up"),
            body=gettext(
                "A follow-up is due on %(when)s. Open the register to see it: My follow-ups."
            )
            % {"when": when},
            message_id=mail.new_message_id(),
            is_automatic=True,
        )
