"""The answer to an access request as one file (GDPR Art. 15 and 20).

A zip of ``data.json`` for machines, ``index.html`` for people, the files, and a note
on what is inside. It is written while it is read: nothing is held in memory, no row
is rendered twice, and the file is guarded by an order to remove it until the row of
the package stands.
"""

from __future__ import annotations

import dataclasses
import uuid

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from dsar.models import Package, Request, RequestEvent
from dsar.package.archive import PackageZip
from dsar.scope import scope_of
from dsar.services import collection, requests, review
from dsar.verdicts import first_end
from register import files
from register.actors import Actor, system
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import Hold, Job
from register.services import holds, jobs
from register.services.jobs import Progress

KIND = "dsar.make_package"
# A package is as large as what it holds; this only ends a disk that fills by error.
MAX_BYTES = 1 << 42


@transaction.atomic
def order(request: Request, *, actor: Actor) -> Job:
    """Order the package; refuses while a value waits for the review, and for an erasure."""
    request = requests.lock(request)
    requests.require_open(request)
    requests.require_access(request)
    if request.state not in (Request.State.REVIEWED, Request.State.READY):
        raise DomainError(
            "review_unfinished",
            _("Some values are not reviewed yet; decide about all of them first."),
        )
    running = running_job(request)
    if running is not None:
        return running
    requests.record("package.ordered", request, actor=actor)
    return jobs.order(KIND, object_id=request.pk, actor=actor)


def running_job(request: Request) -> Job | None:
    """Return the job that makes the request's package now, if there is one."""
    job = last_job(request)
    return job if job is not None and not job.is_over else None


def last_job(request: Request) -> Job | None:
    """Return the newest job that makes or made a package of the request."""
    return (
        Job.objects.filter(kind=KIND, object_id=str(request.pk))
        .order_by("-created_at")
        .first()
    )


@jobs.register_kind(KIND, _("Making a package of a person's data"))
def run(request_id: str, progress: Progress) -> dict[str, int]:
    """Make the package of a request. Begun again after a kill, it makes it anew.

    If rows came in that nobody has reviewed, no package is made: the request goes
    back to the review.
    """
    request = Request.objects.get(pk=request_id)
    actor = dataclasses.replace(
        system("data_subject_rights"), user=progress.job.created_by
    )
    package = make(request, actor=actor, progress=progress)
    if package is None:
        return {"waiting": review.progress(request).waiting}
    return {"rows": package.row_count, "bytes": package.size}


def make(
    request: Request, *, actor: Actor, progress: Progress | None = None
) -> Package | None:
    """Write the package and its row; return None if something must be reviewed first.

    Call it outside transactions: the file is guarded by one that commits.
    """
    scope = scope_of(request)
    contents_end_at = first_end(scope, leave_out=Package)
    with translation.override(request.language):
        archive = PackageZip(request, scope, progress=progress)
        path = f"packages/{uuid.uuid4()}.zip"
        received = files.receive(archive.chunks(), path=path, max_bytes=MAX_BYTES)
    if archive.undecided:
        received.discard()
        collection.collect(request, actor=actor)
        return None
    with transaction.atomic():
        request = requests.lock(request)
        requests.require_open(request)
        package = Package(
            request=request,
            file=received.path,
            size=received.size,
            sha256=received.sha256,
            revision=graph().revision,
            row_count=archive.row_count,
            contents_end_at=contents_end_at,
        )
        package.full_clean(exclude=["request"], validate_unique=False)
        package.save()
        received.keep()
        if not scope.subject_ids:
            # Where no person is held, the copy is, as the records are that it shows.
            holds.place(
                reason=Hold.Reason.ACCESS_REQUEST,
                obj=package,
                reference=str(request),
                review_on=request.due_on,
                actor=actor,
            )
        request.state = Request.State.READY
        request.save(update_fields=["state"])
        requests.add_event(request, RequestEvent.Kind.PACKAGED, actor=actor)
        requests.record(
            "package.made",
            request,
            actor=actor,
            count=package.row_count,
            sha256=package.sha256,
            revision=package.revision,
        )
    return package


@transaction.atomic
def note_download(package: Package, *, actor: Actor) -> Package:
    """Note that the package was taken out to be handed over."""
    request = requests.lock(package.request)
    package.downloaded_at = timezone.now()
    package.save(update_fields=["downloaded_at"])
    if request.state != Request.State.CLOSED:
        requests.add_event(request, RequestEvent.Kind.DELIVERED, actor=actor)
    requests.record("package.downloaded", request, actor=actor, sha256=package.sha256)
    return package
