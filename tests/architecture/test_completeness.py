"""What must be true of everything, whoever adds it."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.core.management import call_command
from django.db import models

from register import audit
from register.datamap.graph import all_models, declaration_of, graph
from register.datamap.vocabulary import CLAUSES, Category
from register.staff_site import RegisterAdmin
from settings.celery import app as celery_app

APPS = ["register", "contacts", "consent", "communications", "retention", "dsar"]
ROOT = Path(settings.BASE_DIR)
COMMITTED_MAP = ROOT / "docs" / "datamap.json"


def test_every_table_is_in_the_data_map():
    assert {model._meta.label for model in all_models()} == set(graph().entries)


def test_the_committed_data_map_is_the_one_in_force():
    out = StringIO()
    call_command("datamap", "--json", stdout=out)

    assert json.loads(COMMITTED_MAP.read_text()) == json.loads(out.getvalue()), (
        "The data map has changed: look at the difference and commit "
        "`manage.py datamap --json > docs/datamap.json`."
    )


def test_every_category_answers_for_a_clause_or_says_none():
    assert set(CLAUSES) == set(Category)


def test_every_staff_screen_records_reads_and_changes():
    bare = [
        model._meta.label
        for model, screen in admin.site._registry.items()
        if not isinstance(screen, RegisterAdmin)
    ]

    assert bare == []


@pytest.mark.django_db
def test_no_staff_screen_deletes_people():
    from contacts.models import Contact

    screen = admin.site._registry[Contact]
    assert not screen.has_delete_permission(_request_of_an_almighty_user())


def _request_of_an_almighty_user():
    from django.test import RequestFactory

    from register.datamap.vocabulary import Action
    from register.models import Role, RoleAssignment, RoleRight, User

    role = Role.objects.create(code="all", name="All", default_purpose="accountability")
    for category in Category:
        for action in Action:
            RoleRight.objects.create(role=role, category=category, action=action)
    user = User.objects.create_user(
        "all@seloste.test", "x", first_name="A", last_name="B"
    )
    RoleAssignment.objects.create(user=user, role=role)
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def test_no_name_of_a_row_holds_personal_data():
    """What ``str(row)`` says reaches logs, breadcrumbs and mails to administrators."""
    personal = []
    for entry in graph().personal():
        text_fields = {
            name: f"canary-{name}"
            for name, _ in entry.map.personal_fields()
            if "." not in name
            and isinstance(
                entry.model._meta.get_field(name), models.CharField | models.TextField
            )
        }
        row = entry.model(**text_fields)
        with contextlib.suppress(
            ObjectDoesNotExist
        ):  # another package's, without parent
            if "canary" in str(row):
                personal.append(entry.label)

    assert personal == []


def test_every_scheduled_task_exists_and_expires_before_its_next_run():
    celery_app.loader.import_default_modules()
    for name, entry in celery_app.conf.beat_schedule.items():
        assert entry["task"] in celery_app.tasks, name
        every = entry["schedule"]
        longest = every.total_seconds() if isinstance(every, timedelta) else 86_400
        assert entry["options"]["expires"] < longest, name


def test_foreign_keys_look_down_too():
    """import-linter does not see foreign keys named by strings."""
    order = {label: level for level, label in enumerate(APPS)}
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in order
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and order.get(field.remote_field.model._meta.app_label, -1)
        > order[model._meta.app_label]
    ]

    assert upward == []


def test_retention_and_requests_name_no_table_of_another_app():
    """They learn of tables through the data map; a new one needs no edit there."""
    words = ["contacts", "communications", "consent"]
    # Edges may: they link to pages. The rules may not.
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for app in ("retention", "dsar")
        for path in (ROOT / app).rglob("*.py")
        if not {"migrations", "screens", "admin", "management"} & set(path.parts)
        and path.name
        not in {"admin.py", "apps.py", "dashboard.py", "forms.py", "panel.py"}
        for line in path.read_text().splitlines()
        if any(f"import {word}" in line or f"from {word}" in line for word in words)
    ]

    assert found == []


def test_every_app_has_a_short_readme():
    for app in APPS:
        readme = ROOT / app / "README.md"
        assert readme.exists(), app
        assert len(readme.read_text().splitlines()) <= 40, app


def test_every_audit_action_is_past_tense_and_dotted():
    for code in audit.ACTIONS:
        subject, _, verb = code.partition(".")
        assert subject, code
        assert verb, code


def test_every_model_declares_itself_beside_its_fields():
    for model in all_models():
        if model._meta.app_label in APPS:
            assert "data_map" in model.__dict__, model._meta.label
        assert declaration_of(model) is not None, model._meta.label
