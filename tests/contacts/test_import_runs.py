"""An import that breaks off goes on where it stopped, and nobody is added twice."""

from __future__ import annotations

import pytest

from contacts.models import (
    Company,
    Contact,
    ContactPoint,
    ImportBatch,
    ImportFile,
    ImportRow,
)
from contacts.services.imports import batches, runs, staging, writing
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Job
from register.services import jobs
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = pytest.mark.django_db

PEOPLE = [person(number) for number in range(10)]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", 3)
    monkeypatch.setattr(staging, "CHUNK", 3)


@pytest.fixture
def tried(marketer, small_chunks) -> ImportBatch:
    batch = import_files.upload(hubspot(*PEOPLE), user=marketer)
    import_files.try_out(batch, user=marketer)
    return batch


def breaks_after(monkeypatch, calls: int):
    """Let the work fail in the middle of a chunk, after it has written its people."""
    real, done = writing._record, []

    def record(*args):
        real(*args)
        done.append(1)
        if len(done) > calls:
            raise RuntimeError

    monkeypatch.setattr(writing, "_record", record)


def test_an_import_that_broke_off_in_a_chunk_goes_on_and_doubles_nobody(
    tried, marketer, monkeypatch
):
    with monkeypatch.context() as patch:
        breaks_after(patch, 2)
        batches.start(tried, actor=actors.of_user(marketer))
        broken = jobs.run(batches.job_of(tried).pk)

    assert (broken.state, broken.error_code) == (Job.State.FAILED, "RuntimeError")
    assert Contact.objects.count() == 6
    assert ImportRow.objects.filter(is_written=True).count() == 6

    counts = import_files.run(tried, user=marketer)

    assert counts == {"new": 10, "refusals": 0}
    assert Contact.objects.count() == 10
    assert ContactPoint.objects.count() == 20
    assert Company.objects.count() == 3
    assert AuditEntry.objects.filter(action="contact.imported").count() == 10
    tried.refresh_from_db()
    assert tried.state == ImportBatch.State.DONE


def test_a_dry_run_over_several_chunks_sees_what_earlier_rows_would_add(
    marketer, small_chunks
):
    doubled = [*PEOPLE, *PEOPLE, person(3, phone="09 765 4321")]
    batch = import_files.upload(hubspot(*doubled), user=marketer)

    counts = import_files.try_out(batch, user=marketer)

    assert counts == {"new": 10, "unchanged": 10, "updated": 1}
    assert import_files.run(batch, user=marketer) == {**counts, "refusals": 0}
    assert Contact.objects.count() == 10


def test_reading_that_broke_off_begins_anew(marketer, small_chunks, monkeypatch):
    real, done = staging._copy, []

    def copy(batch, records):
        real(batch, records)
        done.append(1)
        if len(done) == 2:
            raise RuntimeError

    batch = import_files.upload(hubspot(*PEOPLE), user=marketer)
    with monkeypatch.context() as patch:
        patch.setattr(staging, "_copy", copy)
        with pytest.raises(AssertionError, match="RuntimeError"):
            import_files.try_out(batch, user=marketer)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UPLOADED
    assert ImportFile.objects.filter(batch=batch).exists()

    counts = import_files.try_out(batch, user=marketer)

    assert counts == {"new": 10}
    assert batch.row_count == ImportRow.objects.count() == 10


def test_progress_counts_rows(tried, marketer):
    import_files.run(tried, user=marketer)

    job = batches.job_of(tried)
    assert (job.kind, job.done, job.total) == (runs.RUN, 10, 10)


def test_an_import_cannot_be_started_twice(tried, marketer):
    actor = actors.of_user(marketer)
    batches.start(tried, actor=actor)

    with pytest.raises(DomainError) as refused:
        batches.start(tried, actor=actor)

    assert refused.value.code == "busy"
    assert Job.objects.filter(kind=runs.RUN).count() == 1


def test_what_was_not_tried_is_not_imported(marketer):
    batch = import_files.upload(hubspot(*PEOPLE), user=marketer)

    with pytest.raises(DomainError) as refused:
        batches.start(batch, actor=actors.of_user(marketer))

    assert refused.value.code == "wrong_state"
    assert not Contact.objects.exists()


def test_other_columns_need_another_dry_run(tried, marketer):
    targets = ["" if code == "company_name" else code for code in tried.targets]
    batches.try_out(tried, targets=targets, actor=actors.of_user(marketer))

    with pytest.raises(DomainError):
        batches.start(tried, actor=actors.of_user(marketer))
    import_files.work_off(tried)
    import_files.run(tried, user=marketer)

    assert Contact.objects.count() == 10
    assert not Company.objects.exists()


def test_what_is_imported_cannot_be_imported_or_discarded_again(tried, marketer):
    import_files.run(tried, user=marketer)

    with pytest.raises(DomainError):
        batches.start(tried, actor=actors.of_user(marketer))
    with pytest.raises(DomainError):
        batches.discard(tried, actor=actors.of_user(marketer))
    assert ImportBatch.objects.count() == 1


def test_a_batch_whose_rows_are_gone_says_so(tried, marketer):
    tried.rows.all().delete()

    with pytest.raises(DomainError) as refused:
        batches.start(tried, actor=actors.of_user(marketer))

    assert refused.value.code == "rows_gone"


def test_a_batch_whose_rows_are_due_is_left_to_retention(tried, marketer):
    tried.rows.all().delete()

    with pytest.raises(DomainError) as refused:
        batches.discard(tried, actor=actors.of_user(marketer))

    assert refused.value.code == "rows_gone"
    assert ImportBatch.objects.get() == tried


def test_a_discarded_batch_leaves_nothing_but_its_entry(tried, marketer):
    batches.discard(tried, actor=actors.of_user(marketer))

    assert not ImportBatch.objects.exists()
    assert not ImportRow.objects.exists()
    entry = AuditEntry.objects.get(action="import.discarded")
    assert entry.object_id == str(tried.pk)


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        (["email"], "columns_changed"),
        (["email", "first_name", "no such target"], "columns_changed"),
        (["email", "first_name", "first_name"], "target_twice"),
        (["email", "first_name", "full_name"], "names_twice"),
        (["first_name", "last_name", ""], "no_way_to_reach"),
    ],
)
def test_columns_that_make_no_sense_together_are_refused(marketer, targets, code):
    content = import_files.as_csv(["a", "b", "c"], [["x", "y", "z"]])
    batch = import_files.upload(content, user=marketer)

    with pytest.raises(DomainError) as refused:
        batches.try_out(batch, targets=targets, actor=actors.of_user(marketer))

    assert refused.value.code == code
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UPLOADED
    assert not Job.objects.exists()


def test_a_title_with_a_personal_identity_code_is_refused(marketer):
    with pytest.raises(DomainError) as refused:
        import_files.upload(
            hubspot(*PEOPLE), user=marketer, title="List of 131052-308T"
        )

    assert refused.value.code == "personal_identity_code"
    assert not ImportBatch.objects.exists()


def test_the_rows_of_a_chunk_are_read_by_one_query(marketer, django_assert_num_queries):
    rows = [person(number) for number in range(5)]
    batch = import_files.upload(hubspot(*rows), user=marketer)
    import_files.try_out(batch, user=marketer)

    with django_assert_num_queries(2):  # the second finds no more
        (chunk,) = runs._chunks(batch)

    assert len(chunk) == 5
