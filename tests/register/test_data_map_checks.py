from __future__ import annotations

import pytest
from django.db import models
from django.test.utils import isolate_apps

from contacts.models import Contact
from register.datamap import (
    Access,
    Category,
    Ends,
    Erasure,
    Keep,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Reviewed,
    Subject,
    WithParent,
)
from register.datamap.checks import check_data_map, check_model

COMPLETE = {
    "category": Category.IDENTITY,
    "subjects": (Subject("contact", path="contact"),),
    "activity": "customer_relationship",
    "source": "the person",
    "retention": Reviewed("notes", "while needed", "P12M", "created_at"),
}
FIELDS = {
    "id": NotPersonal("number of the row"),
    "contact": Personal("whose note"),
    "text": Personal("the note"),
    "created_at": Personal("when it was written"),
}


def findings(
    fields=None, *, has_end=False, body_field=None, created_null=False, **changes
):
    """Return the codes a small model with this declaration is given."""
    declared = ModelMap(**{**COMPLETE, **changes}, fields=fields or FIELDS)

    with isolate_apps("contacts"):

        class Note(models.Model):
            contact = models.ForeignKey(Contact, models.CASCADE)
            text = body_field or models.TextField()
            created_at = models.DateTimeField(null=created_null)
            if has_end:
                ends_at = models.DateTimeField(null=True, db_index=True)
            data_map = declared

            class Meta:
                app_label = "contacts"

        return [found.id.removeprefix("register.") for found in check_model(Note)]


def without(name):
    return {key: value for key, value in FIELDS.items() if key != name}


def test_the_installed_models_have_no_findings():
    assert check_data_map() == []


def test_a_complete_declaration_has_no_findings():
    assert findings() == []


def test_a_model_that_says_nothing_is_refused():
    with isolate_apps("contacts"):

        class Silent(models.Model):
            class Meta:
                app_label = "contacts"

        found = list(check_model(Silent))

    assert [f.id for f in found] == ["register.E001"]
    assert "data_map = ModelMap" in found[0].hint


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("E002", {"fields": without("text")}),
        ("E003", {"fields": {**FIELDS, "txet": Personal("misspelt")}}),
        ("E004", {"fields": {**FIELDS, "id": NotPersonal(" ")}}),
        ("E005", {"body_field": models.JSONField(default=dict)}),
        ("E005", {"fields": {**FIELDS, "text": Keys({"a": Personal("a")})}}),
        ("E006", {"fields": {**FIELDS, "text": Personal("t", access=Access.WITHHOLD)}}),
        ("E007", {"fields": {**FIELDS, "text": Personal("t", erasure=Erasure.KEEP)}}),
        ("E008", {"activity": "curiosity"}),
        ("E009", {"source": ""}),
        ("E010", {"recipients": ("nobody-knows",)}),
        ("E011", {"subjects": ()}),
        ("E012", {"subjects": (Subject("x", path="nowhere__contact"),)}),
        ("E012", {"subjects": (Subject("x", path="contact", kind="staff"),)}),
        ("E012", {"subjects": (Subject("x", by_id="no_such_column"),)}),
        ("E013", {"fields": {**FIELDS, "text": Personal("t", erasure=Erasure.BLANK)}}),
        ("E015", {"retention": None}),
        ("E016", {"retention": WithParent("text")}),
        (
            "E017",
            {"retention": Ends("r", "three months", "created_at"), "has_end": True},
        ),
        ("E018", {"retention": Ends("r", "P3M", "no_such_field"), "has_end": True}),
        (
            "E018",
            {
                "retention": Ends("r", "P3M", "created_at"),
                "has_end": True,
                "created_null": True,
                "fields": {**FIELDS, "ends_at": Personal("end")},
            },
        ),
        ("E019", {"retention": Ends("r", "P3M", "created_at")}),
    ],
)
def test_a_gap_in_a_declaration_is_named(code, case):
    assert code in findings(**case)


def test_a_constraint_that_forbids_erasure_is_named():
    with isolate_apps("contacts"):

        class Letter(models.Model):
            contact = models.ForeignKey(Contact, models.CASCADE)
            created_at = models.DateTimeField()
            data_map = ModelMap(
                **COMPLETE,
                fields={
                    "id": NotPersonal("number"),
                    "contact": Personal("whose letter"),
                    "created_at": Personal("when"),
                },
            )

            class Meta:
                app_label = "contacts"

        class Stamp(models.Model):
            letter = models.ForeignKey(Letter, models.PROTECT)
            data_map = ModelMap(
                category=Category.SYSTEM,
                fields={"id": NotPersonal("n"), "letter": NotPersonal("n")},
            )

            class Meta:
                app_label = "contacts"

        codes = [found.id for found in check_model(Letter)]

    assert Stamp._meta.get_field("letter").remote_field.on_delete is models.PROTECT
    assert codes == ["register.E014"]


def test_a_value_that_is_kept_names_its_law_and_its_end():
    kept = Personal(
        "t", erasure=Erasure.KEEP, keep=Keep("GDPR Art. 5(2)", "P3Y", "created_at")
    )

    assert findings({**FIELDS, "text": kept}) == []


def test_legitimate_interest_needs_a_balancing_test(monkeypatch):
    from register import activities

    bare = activities.Activity("bare", "x", activities.LegalBasis.LEGITIMATE_INTEREST)
    monkeypatch.setitem(activities.ACTIVITIES, "bare", bare)

    assert [found.id for found in check_data_map()] == ["register.E020"]


@pytest.mark.parametrize(
    ("country", "safeguard", "codes"),
    [
        ("SE", "", []),
        ("US", "", ["register.E021"]),
        ("US", "EU-US Data Privacy Framework, Decision 2023/1795", []),
    ],
)
def test_a_recipient_outside_the_eea_needs_a_safeguard(
    monkeypatch, country, safeguard, codes
):
    from register import activities

    recipient = activities.Recipient("r", "R", country, "names", safeguard)
    monkeypatch.setitem(activities.RECIPIENTS, "r", recipient)

    assert [found.id for found in check_data_map()] == codes
