"""What changed about a person or a company, and putting an earlier value back."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from contacts.models import Company, Contact, Duty, Merge
from contacts.screens import earlier_values
from contacts.screens.contact_page import instant_of, link_to
from contacts.screens.duplicates import merge_url
from contacts.screens.earlier_values import about, may_remove, may_restore, owner_of
from contacts.services.bulk import ordering
from contacts.services.merging.kinds import KINDS
from register import access, actors, audit
from register.activities import ACTIVITIES
from register.datamap.earlier_keys import with_earlier_keys
from register.datamap.vocabulary import Action, Category
from register.history import changes
from register.history.changes import Step
from register.history.wording import Line, Words
from register.models import ApiKey, AuditEntry, Job, User

# Actions that add rows; their entries tell who added what has no version yet.
ADDING = (
    "record.added",
    "record.changed",
    "record.restored",
    "interest.given",
    "interest.concluded",
    "agreement.begun",
)
IMPORTING = ("contact.imported", "contact.import_added", "contact.import_changed")
MANY = (ordering.RUN, ordering.UNDO)
# Between the row and its entry, in one transaction.
NEAR = timedelta(seconds=5)


def urls(wrap: Any, model_admin: Any) -> list[URLPattern]:
    """Return the addresses of these pages for people or for companies."""
    start = f"contacts_{model_admin.opts.model_name}"
    options = {"model_admin": model_admin}
    one = "<uuid:object_id>/changes/<slug:table>/<int:version_id>/<str:field>"
    return [
        path("<uuid:object_id>/changes/", wrap(show), options, f"{start}_changes"),
        path(
            f"{one}/restore/", wrap(earlier_values.restore), options, f"{start}_restore"
        ),
        path(
            f"{one}/remove/",
            wrap(earlier_values.remove),
            options,
            f"{start}_remove_earlier",
        ),
    ]


@require_safe
def show(request: HttpRequest, object_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """Show who changed what from what to what, one group for each action."""
    owner = owner_of(request, object_id, model_admin)
    actor = actors.of_request(request)
    audit.record("record.viewed", actor=actor, obj=owner)
    before = instant_of(request.GET.get("before", ""))
    page = changes.page_of(
        model_admin.model, owner.pk, reader=request.user, before=before
    )
    older = ""
    if page.older_before is not None:
        older = f"?{urlencode({'before': link_to(page.older_before)})}"
    context = {
        **model_admin.admin_site.each_context(request),
        **about(request, owner, model_admin),
        "title": _("Changes"),
        "groups": _groups(request, owner, page.steps),
        "older": older,
        "is_older_page": before is not None,
        "may_remove": may_remove(request.user),
    }
    return render(request, "contacts/changes_show.html", context)


def _groups(
    request: HttpRequest, owner: Contact | Company, steps: list[Step]
) -> list[dict[str, Any]]:
    """Put together what one action changed, with who did it and what for."""
    words = Words(request.user)
    duties = _duties(steps)
    added = [step for step in steps if step.is_added]
    entries = _entries(owner, added)
    groups: dict[Any, dict[str, Any]] = {}
    for step in steps:
        lines = [_with_duties(line, duties) for line in words.lines(step)]
        if not lines and not step.is_added and not step.is_deleted:
            continue
        if step.is_added:
            entry = _nearest(entries, step.at)
            key: Any = entry.request_id if entry else step.at.replace(microsecond=0)
            by = (entry.actor_kind, entry.actor_id, entry.purpose) if entry else None
        else:
            key = step.was.operation
            by = (step.was.actor_kind, step.was.actor_id, step.was.purpose)
        group = groups.setdefault(key, {"at": step.at, "by": by, "parts": []})
        group["parts"].append(_part(request, owner, step, words, lines))
    names = _names(request.user, [group["by"] for group in groups.values()])
    merges = _merges(owner, groups)
    many = _of_many(groups)
    for key, group in groups.items():
        _tell_merge(group, merges.get(key))
        group["is_of_many"] = key in many
        kind, actor_id, purpose = group.pop("by") or ("", "", "")
        activity = ACTIVITIES.get(purpose)
        group["who"] = names.get(actor_id) or _kind_in_words(kind)
        group["purpose"] = activity.purpose if activity else ""
    return list(groups.values())


def _merges(owner: Contact | Company, keys: Iterable[Any]) -> dict[Any, Merge]:
    """Return which of these actions were merges."""
    model = KINDS[type(owner)].merge
    actions = [key for key in keys if isinstance(key, uuid.UUID)]
    return model._base_manager.in_bulk(actions)


def _tell_merge(group: dict[str, Any], merge: Merge | None) -> None:
    """Lead to the merge that an action was; what undoing it brought back is there."""
    group["merge_url"] = merge_url(merge) if merge is not None else ""
    group["was_undone"] = merge is not None and merge.state == Merge.State.UNDONE
    for part in group["parts"]:
        step = part["step"]
        if merge is not None and step.is_deleted and not part["title"]:
            part["title"] = _("Record") if group["was_undone"] else _("Other record")
        if group["was_undone"]:
            part["may_bring_back"] = False


def _duties(steps: list[Step]) -> dict[str, str]:
    """Return what the duties of these roles are called; only their codes are stored."""
    if not any("duties" in step.history.fields for step in steps):
        return {}
    return {duty.code: str(duty) for duty in Duty.objects.all()}


def _with_duties(line: Line, names: dict[str, str]) -> Line:
    if line.name != "duties":
        return line
    was, now = (
        ", ".join(names.get(code, code) for code in text.split(", "))
        for text in (line.was, line.now)
    )
    return dataclasses.replace(line, was=was, now=now)


def _of_many(groups: dict[Any, Any]) -> set[Any]:
    """Return which of these actions changed many at once: their number is a job's."""
    keys = [key for key in groups if isinstance(key, uuid.UUID)]
    if not keys:
        return set()
    jobs = Job.objects.filter(pk__in=keys, kind__in=MANY)
    return set(jobs.values_list("pk", flat=True))


def _part(
    request: HttpRequest,
    owner: Contact | Company,
    step: Step,
    words: Words,
    lines: list[Any],
) -> dict[str, Any]:
    is_own = step.history.model is type(owner)
    version = step.was.pk if step.was is not None else None
    return {
        "title": (_("Record") if step.is_added else "")
        if is_own
        else words.title(step),
        "which": "" if is_own or step.is_deleted or step.is_added else words.row(step),
        "step": step,
        "table": step.history.model._meta.model_name,
        "version": version,
        "may_bring_back": may_restore(request, owner, step, ""),
        "lines": [
            {
                "line": line,
                "may_put_back": line.is_clear
                and may_restore(request, owner, step, line.name),
                "may_remove": version is not None and line.is_clear and bool(line.was),
            }
            for line in lines
        ],
    }


def _entries(owner: Contact | Company, added: list[Step]) -> list[AuditEntry]:
    if not added:
        return []
    first = min(step.at for step in added) - NEAR
    last = max(step.at for step in added) + NEAR
    rows = AuditEntry.objects.filter(action__in=(*ADDING, *IMPORTING))
    if isinstance(owner, Contact):
        # Before a merge the other record had a number of its own.
        rows = rows.filter(subject_id__in=with_earlier_keys([owner.pk]))
    else:
        rows = rows.filter(object_type="contacts.company", object_id=str(owner.pk))
    return list(rows.filter(at__gte=first, at__lte=last).order_by("-id")[:500])


def _nearest(entries: list[AuditEntry], at: datetime) -> AuditEntry | None:
    near = [entry for entry in entries if abs(entry.at - at) <= NEAR]
    return min(near, key=lambda entry: abs(entry.at - at), default=None)


def _names(reader: Any, actors_of: list[tuple[str, str, str] | None]) -> dict[str, str]:
    """Return who acted: all names to those who see the audit trail, to others their own."""
    if not access.may(reader, Action.VIEW, Category.AUDIT):
        return {str(reader.pk): reader.get_full_name()}
    staff = {by[1] for by in actors_of if by and by[0] == AuditEntry.Actor.STAFF}
    keys = {by[1] for by in actors_of if by and by[0] == AuditEntry.Actor.API_KEY}
    names = {
        str(user.pk): user.get_full_name()
        for user in User.objects.filter(pk__in=staff - {""})
    }
    return names | {
        str(key.pk): key.name for key in ApiKey.objects.filter(pk__in=keys - {""})
    }


def _kind_in_words(kind: str) -> Any:
    return dict(AuditEntry.Actor.choices).get(kind, _("not recorded"))
