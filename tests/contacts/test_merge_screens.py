"""The screens of duplicates: two records side by side, merging, undoing, "not the same"."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.models import (
    Company,
    CompanyMerge,
    Contact,
    ContactMerge,
    ContactPair,
    ContactPoint,
)
from contacts.models.people import Source
from contacts.screens.merging import two_url
from contacts.services import search_words
from contacts.services.merging import fields, orders
from dsar.models import Request, RequestPerson
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs, protections
from tests.conftest import ensure_seeded, make_contact


@pytest.fixture(autouse=True)
def _seeded(db: None) -> None:
    ensure_seeded()


@pytest.fixture
def twin(company):
    return make_contact(
        first_name="Anna",
        last_name="Virtanen-Laine",
        email="anna@koti.example",
        company=company,
    )


@pytest.fixture
def pair(anna, twin):
    first, second = sorted((anna, twin), key=lambda each: each.pk)
    return ContactPair.objects.create(
        first=first, second=second, points=60, features=["email", "similar"]
    )


@pytest.fixture
def compare(pair):
    return reverse("admin:contacts_contactpair_compare", args=[pair.pk])


def order_of(kept: Any, gone: Any, **answers: str) -> dict[str, str]:
    return {
        "kept": str(kept.pk),
        "sure": "1",
        "seen": fields.fingerprint([kept, gone]),
        **answers,
    }


def run_last_job() -> Job:
    job = jobs.run(Job.objects.latest("created_at").pk)
    assert job is not None
    assert job.state == "done", job.error_code
    return job


def words_of(response: Any) -> str:
    return str(response.content.decode())


# --- from the queue ---


def test_the_queue_leads_to_both_side_by_side_in_words(
    pair, compare, seller, client_of
):
    client = client_of(seller)

    assert compare in words_of(
        client.get(reverse("admin:contacts_contactpair_changelist"))
    )
    page = words_of(client.get(compare))

    assert "Virtanen-Laine" in page
    assert "almost the same name" in page
    assert "+00:00" not in page  # an instant as people write it
    read = AuditEntry.objects.filter(action="record.viewed")
    assert {pair.first_id, pair.second_id} <= set(
        read.values_list("subject_id", flat=True)
    )


def test_a_protected_address_is_pointed_out_beside_the_person_it_is_of(
    anna, twin, compare, seller, officer, client_of
):
    sentence = "do not ask, write down or tell"
    assert sentence not in words_of(client_of(seller).get(compare))
    protections.protect(twin.pk, ground="own_request", actor=actors.of_user(officer))

    records = client_of(seller).get(compare).context["records"]

    marked = {
        each["key"]: [sentence in str(notice.text) for notice in each["notices"]]
        for each in records
    }
    assert any(marked[str(twin.pk)])
    assert not any(marked[str(anna.pk)])


def test_what_is_chosen_is_merged_and_told_on_the_page_of_the_one_that_stays(
    anna, twin, compare, seller, client_of
):
    client = client_of(seller)

    answer = client.post(
        compare, order_of(anna, twin, **{"field-last_name": str(twin.pk)})
    )
    job = run_last_job()

    assert answer.url == reverse("admin:register_job_progress", args=[job.pk])
    page = reverse("admin:contacts_contact_page", args=[anna.pk])
    assert page in words_of(client.get(answer.url))
    anna.refresh_from_db()
    assert anna.last_name == "Virtanen-Laine"
    merge = ContactMerge.objects.get()
    shown = reverse("admin:contacts_contactmerge_show", args=[merge.pk])
    assert shown in words_of(client.get(page))
    # The way back in the browser: the pair is not there any more.
    assert "not in the list any more" in words_of(client.get(compare, follow=True))
    assert "not in the list any more" in words_of(
        client.post(compare, order_of(anna, twin), follow=True)
    )
    assert ContactMerge.objects.count() == 1


def test_a_merge_is_undone_from_its_page_and_the_two_are_not_asked_about_again(
    anna, twin, compare, seller, client_of
):
    client = client_of(seller)
    client.post(compare, order_of(anna, twin))
    run_last_job()
    shown = reverse(
        "admin:contacts_contactmerge_show", args=[ContactMerge.objects.get().pk]
    )
    assert "Undo the merge" in words_of(client.get(shown))

    client.post(shown)
    run_last_job()

    assert Contact.objects.filter(pk__in=[anna.pk, twin.pk]).count() == 2
    assert "Undo the merge" not in words_of(client.get(shown))
    again = ContactPair.objects.get()
    assert again.state == "different"
    page = words_of(
        client.get(reverse("admin:contacts_contactpair_compare", args=[again.pk]))
    )
    assert "since their merge was undone" in page
    assert "Alike in" not in page
    twice = client.post(shown, follow=True)
    assert "undone already" in words_of(twice)
    # Among the changes of the one that is back nothing waits to be brought back.
    changes = words_of(
        client.get(reverse("admin:contacts_contact_changes", args=[twin.pk]))
    )
    assert "separated again" in changes
    assert "Bring back" not in changes


def test_two_that_are_not_the_same_leave_the_queue(pair, compare, seller, client_of):
    client = client_of(seller)

    answer = client.post(compare, {"different": "1"}, follow=True)

    assert "You will not be asked again" in words_of(answer)
    assert compare not in words_of(answer)
    twice = client.post(compare, {"different": "1"}, follow=True)
    assert "Somebody decided" in words_of(twice)
    pair.refresh_from_db()
    assert pair.state == "different"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"sure": ""}, "tick that you have looked"),
        ({"kept": ""}, "Choose the record that stays"),
        ({"kept": "nobody"}, "Choose the record that stays"),
        ({"seen": "0" * 64}, "changed meanwhile"),
    ],
)
def test_an_order_that_is_not_complete_or_out_of_date_changes_nothing(
    anna, twin, compare, seller, client_of, changed, sentence
):
    answer = client_of(seller).post(
        compare, order_of(anna, twin) | changed, follow=True
    )

    assert sentence in words_of(answer)
    assert answer.redirect_chain[-1][0] == compare
    assert not ContactMerge.objects.exists()


def test_what_somebody_changed_meanwhile_is_looked_at_before_merging(
    anna, twin, compare, seller, client_of
):
    seen = order_of(anna, twin)
    Contact.objects.filter(pk=twin.pk).update(preferred_name="Ansku")

    answer = client_of(seller).post(compare, seen, follow=True)

    assert "changed meanwhile" in words_of(answer)
    assert "Ansku" in words_of(answer)
    assert not ContactMerge.objects.exists()


def test_a_second_click_orders_nothing_more(anna, twin, compare, seller, client_of):
    client = client_of(seller)
    client.post(compare, order_of(anna, twin))

    answer = client.post(compare, order_of(anna, twin), follow=True)

    assert "being merged already" in words_of(answer)
    assert ContactMerge.objects.count() == 1


def test_a_refusal_of_the_worker_is_told_with_a_way_to_try_again(
    anna, twin, compare, seller, client_of
):
    client = client_of(seller)
    client.post(compare, order_of(anna, twin))
    ContactMerge.objects.update(state="refused", refusal="request_under_way")
    job = run_last_job()

    progress = words_of(
        client.get(reverse("admin:register_job_progress", args=[job.pk]))
    )
    shown = reverse(
        "admin:contacts_contactmerge_show", args=[ContactMerge.objects.get().pk]
    )

    assert shown in progress
    page = words_of(client.get(shown))
    assert "were not merged" in page
    assert "Two records became one" not in page
    assert two_url(Contact, anna.pk, twin.pk) in page


def test_what_stands_against_a_merge_is_said_before_somebody_chooses(
    anna, twin, compare, seller, client_of
):
    client = client_of(seller)
    assert 'name="merge"' in words_of(client.get(compare))
    request = Request.objects.create(
        number=1,
        kind="access",
        state="planned",
        received_at=timezone.now(),
        due_on=timezone.localdate(),
    )
    RequestPerson.objects.create(request=request, subject_id=twin.pk)

    page = words_of(client.get(compare))

    assert "A request of this person is being answered" in page
    assert 'name="merge"' not in page
    assert 'name="different"' in page
    refused = client.post(compare, order_of(anna, twin), follow=True)
    assert "A request of this person is being answered" in words_of(refused)
    assert not ContactMerge.objects.exists()


# --- any two ---


def test_any_two_people_are_merged_after_a_search(anna, bruno, seller, client_of):
    client = client_of(seller)
    page = reverse("admin:contacts_contact_page", args=[anna.pk])
    choose = reverse("admin:contacts_contact_merge", args=[anna.pk])
    assert choose in words_of(client.get(page))
    assert client.get(choose).status_code == 200

    answer = client.post(choose, {"other": str(bruno.pk)})

    assert answer.url == two_url(Contact, anna.pk, bruno.pk)
    assert "Not the same" not in words_of(client.get(answer.url))
    client.post(answer.url, order_of(anna, bruno))
    run_last_job()
    assert not Contact.objects.filter(pk=bruno.pk).exists()


@pytest.mark.parametrize("other", ["", "nobody", str(uuid.UUID(int=7)), "itself"])
def test_what_is_no_other_person_is_not_taken(anna, seller, client_of, other):
    choose = reverse("admin:contacts_contact_merge", args=[anna.pk])

    answer = client_of(seller).post(
        choose, {"other": str(anna.pk) if other == "itself" else other}
    )

    assert answer.status_code == 200
    assert 'role="alert"' in words_of(answer)


def test_a_record_and_itself_lead_back_to_the_search(anna, seller, client_of):
    client = client_of(seller)
    address = two_url(Contact, anna.pk, anna.pk)

    for answer in (client.get(address), client.post(address, order_of(anna, anna))):
        assert answer.url == reverse("admin:contacts_contact_merge", args=[anna.pk])

    assert not ContactMerge.objects.exists()


def test_who_comes_back_after_a_merge_is_led_to_the_record_that_stayed(
    anna, bruno, twin, seller, auditor, client_of
):
    orders.order(kept=anna, gone=twin, actor=actors.of_user(seller))
    run_last_job()
    client = client_of(seller)
    page = reverse("admin:contacts_contact_page", args=[anna.pk])

    assert client.get(two_url(Contact, twin.pk, bruno.pk)).url == page
    answer = client.post(two_url(Contact, anna.pk, twin.pk), order_of(anna, twin))

    assert answer.url == page
    assert "went into this record" in words_of(client.get(page))
    assert ContactMerge.objects.count() == 1
    nobody = two_url(Contact, anna.pk, uuid.UUID(int=7))
    assert client.get(nobody).status_code == 404
    hidden = client_of(auditor).get(two_url(Contact, twin.pk, bruno.pk))
    assert hidden.status_code == 403


def test_two_ticked_on_the_list_are_compared(anna, bruno, twin, seller, client_of):
    client = client_of(seller)
    people = reverse("admin:contacts_contact_changelist")

    def ticked(*chosen: Any) -> Any:
        keys = [str(each.pk) for each in chosen]
        return client.post(
            people, {"action": "merge_two", "_selected_action": keys}, follow=True
        )

    assert "Tick exactly two" in words_of(ticked(anna))
    assert "Tick exactly two" in words_of(ticked(anna, bruno, twin))
    assert ticked(anna, bruno).redirect_chain[-1][0] in {
        two_url(Contact, anna.pk, bruno.pk),
        two_url(Contact, bruno.pk, anna.pk),
    }


def test_any_two_companies_are_merged_and_separated_again(
    company, anna, seller, client_of
):
    other = Company.objects.create(name="Toinen Oy", source=Source.STAFF)
    search_words.refresh_of_companies([other.pk])
    client = client_of(seller)
    address = two_url(Company, company.pk, other.pk)
    assert "Toinen Oy" in words_of(client.get(address))

    client.post(address, order_of(company, other))
    run_last_job()
    assert not Company.objects.filter(pk=other.pk).exists()
    client.post(
        reverse(
            "admin:contacts_companymerge_show", args=[CompanyMerge.objects.get().pk]
        )
    )
    run_last_job()

    assert Company.objects.get(pk=other.pk).name == "Toinen Oy"


@pytest.mark.parametrize("role", ["auditor", "administrator", "stranger"])
def test_others_merge_nothing(
    role, request, anna, twin, pair, compare, company, client_of
):
    client = client_of(request.getfixturevalue(role))
    addresses = [
        compare,
        two_url(Contact, anna.pk, twin.pk),
        reverse("admin:contacts_contact_merge", args=[anna.pk]),
        reverse("admin:contacts_company_merge", args=[company.pk]),
    ]

    answers = {
        client.post(each, order_of(anna, twin)).status_code for each in addresses
    }

    assert answers <= {403, 404}
    assert not ContactMerge.objects.exists()


def test_no_page_asks_more_for_more_rows(anna, twin, pair, compare, seller, client_of):
    client = client_of(seller)
    queue = reverse("admin:contacts_contactpair_changelist")

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    queries(compare)  # the first request fills what is kept in memory
    before = queries(queue), queries(compare)
    for number in range(8):
        other = make_contact(first_name="Anna", last_name=f"Virtanen{number}")
        ContactPair.objects.create(first=anna, second=other, points=50, features=[])
        ContactPoint.objects.create(
            contact=twin, kind="email", value=f"a{number}@koti.example", source="staff"
        )

    assert (queries(queue), queries(compare)) == before
