"""The notice of 2019-11-18, and who may see profiles and interests in the standard roles."""

from datetime import date

from django.db import migrations

EDIT = ["view", "add", "change"]
RIGHTS = {
    "dpo": {
        "profile": ["view", "change", "export"],
        "classification": ["view", "change", "export"],
    },
    "service": {"classification": EDIT},
    "sales": {"profile": ["view"], "classification": EDIT},
    "marketing": {"profile": EDIT, "classification": [*EDIT, "import"]},
}
# What the notice lists of people (its clause "personal data held").
CATEGORIES = [
    "identity",
    "company",
    "profile",
    "classification",
    "prohibitions",
    "communication",
    "chats",
    "recordings",
]


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code__in=RIGHTS):
        for category, actions in RIGHTS[role.code].items():
            for action in actions:
                RoleRight.objects.get_or_create(role=role, category=category, action=action)
    apps.get_model("register", "NoticeRevision").objects.get_or_create(
        revised_on=date(2019, 11, 18),
        defaults={"valid_from": date(2019, 11, 18), "categories": CATEGORIES},
    )


def unseed(apps, schema_editor):
    RoleRight = apps.get_model("register", "RoleRight")
    RoleRight.objects.filter(category__in=["profile", "classification"]).delete()
    apps.get_model("register", "NoticeRevision").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0015_notice_and_profiles")]

    operations = [migrations.RunPython(seed, unseed)]
