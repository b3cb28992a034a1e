"""Which clock decides, and when none is trusted.

The clock of the database decides what is due, for row security and sweeps alike. A
wrong clock would delete people's data for good, or keep it too long, so

* nothing that depends on the time is stored or deleted while this host's clock and the
  database's differ (:func:`agreed_now`): one of them is wrong, and nobody knows which;
* nothing is deleted for good after a leap forwards, for as long as the leap was and at
  most a day (:func:`steady_now`): time enough to put a wrong clock right. If it was
  right, or the clock is put back, deleting goes on by itself.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from register.database.clock import database_now
from register.errors import ClocksDisagree
from register.models import ClockReading

logger = logging.getLogger(__name__)

# Hosts that are kept right by NTP differ by milliseconds.
TOLERANCE = timedelta(seconds=30)
# More than this beyond the time that passed is a leap, told by the same machine.
LEAP = timedelta(minutes=5)
# A machine that was started anew knows only when it ran last: it may have been off.
LONGEST_OFF = timedelta(days=31)
LONGEST_QUIET = timedelta(days=1)


def agreed_now() -> datetime:
    """Return the database's time. Raises ClocksDisagree if this host's is another."""
    before = timezone.now()
    now = database_now()
    after = timezone.now()
    if now < before - TOLERANCE or now > after + TOLERANCE:
        raise ClocksDisagree(_in_words(now - after))
    return now


def steady_now() -> datetime:
    """Return the time by which something may be deleted for good.

    Raises ClocksDisagree if the clocks differ, and after a leap forwards until it has
    had time to be noticed. Must run outside a transaction that may roll back.
    """
    now = agreed_now()
    with transaction.atomic():
        quiet_until = _quiet_until(now)
    if quiet_until is not None:
        raise ClocksDisagree(
            "Time made a leap forwards. If the clock is wrong, put it right;"
            f" if it is right, deleting goes on by itself at {quiet_until:%Y-%m-%d %H:%M} UTC."
        )
    return now


def problem() -> str:
    """Return what is wrong with the clocks in one sentence for the operator, or nothing."""
    try:
        now = agreed_now()
    except ClocksDisagree as error:
        return str(error)
    # A reading from the future was taken back with the clock.
    reading = ClockReading.objects.filter(
        quiet_until__gt=now, read_at__lte=now + LEAP
    ).first()
    if reading is None:
        return ""
    return (
        "time made a leap forwards: put the clock right, or wait until"
        f" {reading.quiet_until:%Y-%m-%d %H:%M} UTC, when deleting goes on"
    )


def since_boot() -> tuple[str, float]:
    """Return a name for the machine's last start, and how many seconds ago it was.

    No setting of the clock changes it, and it goes on while a machine sleeps.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return "", time.monotonic()  # not Linux: every start is an unknown one


def _quiet_until(now: datetime) -> datetime | None:
    """Note what the clock says; return until when nothing may be deleted."""
    boot, seconds = since_boot()
    last = ClockReading.objects.select_for_update().first()
    quiet = last.quiet_until if last else None
    if last is not None:
        leap = _leap(last, now, boot, seconds)
        if leap < -LEAP or (quiet is not None and quiet <= now):
            quiet = None  # put back, or waited long enough
        elif leap > LEAP:
            quiet = max(now + min(leap, LONGEST_QUIET), quiet or now)
            logger.error(
                "Time made a leap forwards; nothing is deleted for a while.",
                extra={"seconds": int(leap.total_seconds())},
            )
    ClockReading.objects.update_or_create(
        pk=1,
        defaults={
            "read_at": now,
            "boot": boot,
            "seconds_since_boot": seconds,
            "quiet_until": quiet,
        },
    )
    return quiet


def _leap(last: ClockReading, now: datetime, boot: str, seconds: float) -> timedelta:
    """Return by how much more the clock went on than time can have passed."""
    went_on = now - last.read_at
    if boot and boot == last.boot:
        return went_on - timedelta(seconds=seconds - last.seconds_since_boot)
    if went_on < timedelta(0):
        return went_on
    return max(went_on - LONGEST_OFF, timedelta(0))


def _in_words(difference: timedelta) -> str:
    seconds = int(abs(difference).total_seconds())
    which = "ahead of" if difference > timedelta(0) else "behind"
    return (
        f"the clock of the database is {seconds} s {which} that of this host: put right"
        " the one that is wrong; until then nothing that depends on the time is stored or deleted"
    )
