"""Saved sources: what was chosen once is offered for the next file of the same kind."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import ImportBatch, ImportSource
from contacts.services.imports import batches, sources
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, RoleRight
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person, upload

pytestmark = pytest.mark.django_db
UPLOAD = "admin:contacts_importbatch_upload"


def url_of(batch: ImportBatch) -> str:
    return reverse("admin:contacts_importbatch_change", args=[batch.pk])


@pytest.fixture
def saved(marketer) -> ImportSource:
    """A source whose files update known people and leave the towns out."""
    batch = import_files.upload(hubspot(person(1)), user=marketer, mode="update")
    targets = ["" if code == "town" else code for code in batch.targets]
    import_files.try_out(batch, user=marketer, targets=targets)
    batch.refresh_from_db()
    return sources.save(batch, name=" Old  CRM ", actor=actors.of_user(marketer))


def test_a_source_keeps_columns_and_terms_but_not_the_day(saved):
    assert saved.name == "Old CRM"
    assert (saved.mode, saved.activity) == ("update", "customer_relationship")
    assert "town" not in saved.targets
    assert "email" in saved.targets
    assert not hasattr(saved, "collected_on")
    assert AuditEntry.objects.filter(action="import.source_saved").count() == 1


def test_the_same_name_is_replaced(saved, marketer):
    batch = import_files.upload(hubspot(person(2)), user=marketer, mode="new")

    again = sources.save(batch, name="old crm", actor=actors.of_user(marketer))

    assert again.pk == saved.pk
    assert ImportSource.objects.get().mode == "new"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\0b", "Anna 131052-308T"])
def test_a_name_that_cannot_be_kept_is_refused(name, marketer):
    batch = import_files.upload(hubspot(person(1)), user=marketer)

    with pytest.raises(DomainError):
        sources.save(batch, name=name, actor=actors.of_user(marketer))

    assert not ImportSource.objects.exists()


def test_a_source_is_proposed_for_files_of_its_columns_and_taken(
    saved, marketer, client
):
    client.force_login(marketer)
    batch = import_files.upload(hubspot(person(3)), user=marketer)
    page = client.get(url_of(batch)).content.decode()
    assert "Files of “Old CRM” have these columns." in page

    client.post(url_of(batch), {"action": f"use-source-{saved.pk}"})

    batch.refresh_from_db()
    assert (batch.mode, batch.targets) == ("update", saved.targets)
    assert batch.saved_source == saved
    assert batch.collected_on == import_files.TERMS["collected_on"]
    page = client.get(url_of(batch)).content.decode()
    assert "The saved settings of “Old CRM” were taken." in page
    assert "have these columns" not in page


def test_other_settings_ask_for_another_dry_run(saved, marketer):
    batch = import_files.upload(hubspot(person(3)), user=marketer)
    import_files.try_out(batch, user=marketer)

    sources.use(batch, saved, actor=actors.of_user(marketer))

    batch.refresh_from_db()
    assert batch.state == batches.State.STAGED
    with pytest.raises(DomainError):
        batches.start(batch, actor=actors.of_user(marketer))


def test_a_source_is_chosen_with_the_file(saved, marketer, client):
    client.force_login(marketer)
    content = hubspot(person(4))

    client.post(
        reverse(UPLOAD),
        {
            "title": "Fair",
            "source": saved.pk,
            "file": SimpleUploadedFile("people.csv", content),
        },
    )

    batch = ImportBatch.objects.get(title="Fair")
    assert (batch.mode, batch.targets) == ("update", saved.targets)
    assert (batch.saved_source, batch.collected_on) == (saved, None)


def test_a_file_of_other_columns_keeps_what_is_guessed_of_it(saved, marketer, client):
    client.force_login(marketer)
    content = b"Email;First name\nanna@testi.example;Anna\n"

    response = client.post(
        reverse(UPLOAD),
        {
            "title": "Fair",
            "source": saved.pk,
            "file": SimpleUploadedFile("people.csv", content),
        },
        follow=True,
    )

    batch = ImportBatch.objects.get(title="Fair")
    assert (batch.mode, batch.targets) == ("update", ["email", "first_name"])
    assert "The columns of this file are not those" in response.content.decode()


def test_settings_are_saved_from_the_page_of_an_import(marketer, client):
    client.force_login(marketer)
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    import_files.try_out(batch, user=marketer)
    assert "Save these settings" in client.get(url_of(batch)).content.decode()

    client.post(url_of(batch), {"action": "save_source", "source_name": "Fairs"})

    batch.refresh_from_db()
    assert batch.saved_source == ImportSource.objects.get(name="Fairs")


@pytest.mark.parametrize("key", ["", "0", "99", "x", "1" * 30, "²"])
def test_a_source_that_is_not_there_changes_nothing(key, marketer, client):
    client.force_login(marketer)
    batch = import_files.upload(hubspot(person(1)), user=marketer)

    response = client.post(url_of(batch), {"action": f"use-source-{key}"}, follow=True)

    assert "This saved source is gone." in response.content.decode()
    batch.refresh_from_db()
    assert batch.saved_source is None


def test_who_imports_edits_and_deletes_sources(saved, marketer, client):
    client.force_login(marketer)
    change = reverse("admin:contacts_importsource_change", args=[saved.pk])
    assert (
        client.get(reverse("admin:contacts_importsource_changelist")).status_code == 200
    )
    page = client.get(change)
    assert page.status_code == 200
    data = {
        "name": "New CRM",
        "mode": "new",
        "recognised_by": "email",
        "source_kind": "system",
        "activity": "customer_relationship",
        "default_relationship": "prospect",
        "external_system": "",
        "default_language": "",
        "default_company": "",
    }

    assert client.post(change, data).status_code == 302
    saved.refresh_from_db()
    assert (saved.name, saved.mode) == ("New CRM", "new")
    delete = reverse("admin:contacts_importsource_delete", args=[saved.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 302

    assert not ImportSource.objects.exists()
    assert AuditEntry.objects.filter(action="import.source_deleted").count() == 1
    assert ImportBatch.objects.count() == 1


def form_of(source, **changes):
    data = {
        "name": source.name,
        "mode": source.mode,
        "recognised_by": source.recognised_by,
        "source_kind": source.source_kind,
        "activity": source.activity,
        "default_relationship": source.default_relationship,
        **{f"columns_{i}": code for i, code in enumerate(source.targets)},
    }
    return {**data, **changes}


def test_the_columns_of_a_source_and_what_they_replace_are_edited(
    saved, marketer, client
):
    client.force_login(marketer)
    change = reverse("admin:contacts_importsource_change", args=[saved.pk])
    page = client.get(change).content.decode()
    assert all(name in page for name in ("Job Title", "Email"))
    title, first = saved.targets.index("job_title"), saved.targets.index("first_name")
    others = list(saved.targets)

    response = client.post(
        change,
        form_of(
            saved,
            **{f"columns_{title}": "department", f"columns_{title}_policy": "replaced"},
            **{f"columns_{first}_policy": "replaced_all"},
        ),
    )

    assert response.status_code == 302
    saved.refresh_from_db()
    others[title] = "department"
    assert saved.targets == others
    assert (saved.replaced, saved.replaced_all) == (["department"], ["first_name"])
    batch = upload(hubspot(person(2)), user=marketer)
    assert sources.use(batch, saved, actor=actors.of_user(marketer)) == others
    batch.refresh_from_db()
    assert batch.replaced == ["department"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns_1": "email"}, ""),
        ({"columns_1": "last_name"}, "Only one column"),
        ({"columns_1": "record number"}, "do not fit the file"),
        ({"recognised_by": "external"}, "recognised by"),
        ({"columns_1": "team"}, "You may not bring in"),
    ],
)
def test_columns_that_make_no_sense_are_not_saved(
    saved, marketer, client, changes, said
):
    RoleRight.objects.filter(category="identity").update(scope="own")
    client.force_login(marketer)
    before = ImportSource.objects.values().get()

    change = reverse("admin:contacts_importsource_change", args=[saved.pk])
    response = client.post(change, form_of(saved, **changes))

    assert response.status_code == (200 if said else 302)
    if said:
        assert said in response.content.decode()
        assert ImportSource.objects.values().get() == before


def test_who_may_not_import_reaches_no_source(saved, agent, client):
    client.force_login(agent)
    for name in ("change", "delete"):
        url = reverse(f"admin:contacts_importsource_{name}", args=[saved.pk])
        assert client.post(url, {"name": "Mine", "post": "yes"}).status_code in (
            302,
            403,
        )

    saved.refresh_from_db()
    assert saved.name == "Old CRM"
