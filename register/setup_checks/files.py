"""Where files and the anchor of the audit trail are kept."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.utils.translation import gettext_lazy as _, ngettext

from register import audit
from register.models import AuditSeal
from register.setup_checks import Group, Outcome, missing, ok, register, warning

ENOUGH_BYTES = 1024**3


@register(
    "files", _("Directory of files"), group=Group.FILES, order=10, needs_database=False
)
def files() -> Outcome:
    """Recordings and packages can be written, and there is room for more."""
    directory = Path(settings.MEDIA_ROOT)
    problem = _cannot_write(directory)
    if problem:
        return missing(
            _("Files cannot be written to %(directory)s (%(reason)s).")
            % {"directory": directory, "reason": problem},
            _(
                "Give that directory to the user that runs the register, or set SELOSTE_STATE_DIR."
            ),
        )
    free = shutil.disk_usage(directory).free
    if free < ENOUGH_BYTES:
        return warning(
            _("The disk of the files has %(size)s MB left.")
            % {"size": free // 1024**2},
            _("Make room, or move SELOSTE_STATE_DIR to a larger disk."),
        )
    return ok(
        _("Files can be written; %(size)s GB are free.") % {"size": free // 1024**3}
    )


@register(
    "static_files",
    _("Files of the screens"),
    group=Group.FILES,
    order=15,
    needs_database=False,
)
def static_files() -> Outcome:
    """What the screens show was collected for the code that runs."""
    storage: Any = staticfiles_storage  # what the settings name
    if not isinstance(storage, ManifestFilesMixin):
        return ok(_("The files of the screens are served as they are."))
    known = storage.hashed_files
    lacking = sum(
        storage.hash_key(path) not in known
        for finder in get_finders()
        for path, _source in finder.list(None)
    )
    if lacking:
        return missing(
            ngettext(
                "%(count)d file of the screens was not collected, so pages that need it fail.",
                "%(count)d files of the screens were not collected, so pages that need them fail.",
                lacking,
            )
            % {"count": lacking},
            _("Run manage.py collectstatic and start web again."),
        )
    return ok(_("The files of the screens are collected."))


@register("anchor", _("Anchor of the audit trail"), group=Group.FILES, order=20)
def anchor() -> Outcome:
    """The newest seal also stands where whoever rules the database cannot reach it."""
    path = audit.anchor_path()
    problem = _cannot_write(path.parent)
    if problem:
        return missing(
            _("%(file)s cannot be written (%(reason)s).")
            % {"file": path, "reason": problem},
            _(
                "Give its directory to the user that runs the worker, or set AUDIT_ANCHOR_FILE."
            ),
        )
    if not path.exists() and AuditSeal.objects.exists():
        return missing(
            _("The audit trail has seals, but %(file)s is not there.") % {"file": path},
            _(
                "If the file was lost, compare the trail with a backup by manage.py audit_verify; if it lies elsewhere, set AUDIT_ANCHOR_FILE."
            ),
        )
    if _volume(path.parent) == _volume(Path(settings.MEDIA_ROOT)):
        return warning(
            _("The anchor lies on the same volume as the files."),
            _("Set AUDIT_ANCHOR_FILE to a volume of its own, best on another machine."),
        )
    return ok(_("The anchor lies on a volume of its own."))


def _cannot_write(directory: Path) -> str:
    """Return why nothing can be written there; "" if it can."""
    probe = directory / f".set-up-{uuid.uuid4().hex}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else type(error).__name__
    return ""


def _volume(directory: Path) -> int:
    return directory.stat().st_dev
