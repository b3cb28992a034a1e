"""The roles every installation starts with, and the periods of the law."""

from datetime import date

from django.db import migrations

EDIT = ["view", "add", "change"]

ROLES = {
    "dpo": (
        "Data protection officer",
        "data_subject_rights",
        {
            "identity": ["view", "change", "export"],
            "company": ["view", "change"],
            "prohibitions": EDIT,
            "communication": ["view", "export"],
            "chats": ["view", "export"],
            "recordings": ["view", "export"],
            "imports": ["view"],
            "requests": ["view", "add", "change", "export", "approve"],
            "retention": ["view", "add", "change", "approve"],
            "data_map": ["view", "add", "change"],
            "audit": ["view"],
            "staff": ["view"],
            "api_keys": ["view"],
            "jobs": ["view"],
        },
    ),
    "service": (
        "Customer service",
        "customer_support",
        {
            "identity": EDIT,
            "company": EDIT,
            "prohibitions": ["view", "add"],
            "communication": ["view", "add"],
            "chats": ["view"],
            "recordings": ["view"],
            "jobs": ["view"],
        },
    ),
    "sales": (
        "Sales",
        "customer_relationship",
        {
            "identity": EDIT,
            "company": EDIT,
            "prohibitions": ["view", "add"],
            "communication": ["view"],
            "jobs": ["view"],
        },
    ),
    "marketing": (
        "Marketing",
        "customer_relationship",
        {
            "identity": [*EDIT, "import"],
            "company": [*EDIT, "import"],
            "prohibitions": ["view", "add"],
            "imports": ["view", "add", "change", "import"],
            "jobs": ["view"],
        },
    ),
    "auditor": (
        "Auditor",
        "accountability",
        {
            "audit": ["view"],
            "retention": ["view"],
            "requests": ["view"],
            "data_map": ["view"],
            "staff": ["view"],
            "api_keys": ["view"],
            "jobs": ["view"],
        },
    ),
    "admin": (
        "Administrator",
        "access_control",
        {
            "staff": EDIT,
            "api_keys": EDIT,
            "jobs": ["view"],
            "audit": ["view"],
            "data_map": ["view"],
        },
    ),
}

PARAMETERS = [
    ("response", "P1M", "GDPR Art. 12(3); Regulation 1182/71 Art. 3"),
    ("extension", "P3M", "GDPR Art. 12(3): one month and two further months from receipt"),
    ("breach", "PT72H", "GDPR Art. 33(1)"),
]


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for code, (name, purpose, rights) in ROLES.items():
        role = Role.objects.create(code=code, name=name, default_purpose=purpose)
        RoleRight.objects.bulk_create(
            RoleRight(role=role, category=category, action=action)
            for category, actions in rights.items()
            for action in actions
        )
    LegalParameter = apps.get_model("register", "LegalParameter")
    LegalParameter.objects.bulk_create(
        LegalParameter(code=code, period=period, valid_from=date(2018, 5, 25), source=source)
        for code, period, source in PARAMETERS
    )


def unseed(apps, schema_editor):
    apps.get_model("register", "RoleRight").objects.all().delete()
    apps.get_model("register", "Role").objects.filter(code__in=ROLES).delete()
    apps.get_model("register", "LegalParameter").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0001_first")]

    operations = [migrations.RunPython(seed, unseed)]
