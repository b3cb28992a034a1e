"""What every installation starts with: roles, periods of the law, the notice, what is watched."""

from datetime import date

from django.db import migrations

# Role by code: name, purpose, and what it may do with which category of data.
ROLES = {
    "dpo": (
        "Data protection officer",
        "data_subject_rights",
        {
            "identity": ["view", "change", "export"],
            "company": ["view", "change"],
            "profile": ["view", "change", "export"],
            "classification": ["view", "change", "export"],
            "protected": ["view", "add", "change", "approve"],
            "prohibitions": ["view", "add", "change"],
            "communication": ["view", "export"],
            "notes": ["view", "export"],
            "messages": ["view", "export"],
            "information": ["view", "add", "change"],
            "chats": ["view", "export"],
            "recordings": ["view", "export"],
            "imports": ["view"],
            "exports": ["view", "approve"],
            "requests": ["view", "add", "change", "export", "approve"],
            "retention": ["view", "add", "change", "approve"],
            "data_map": ["view", "add", "change"],
            "conformance": ["view", "add"],
            "audit": ["view"],
            "lookups": ["view", "add", "change"],
            "staff": ["view", "approve"],
            "api_keys": ["view"],
            "jobs": ["view"],
        },
    ),
    "service": (
        "Customer service",
        "customer_support",
        {
            "identity": ["view", "add", "change"],
            "company": ["view", "add", "change"],
            "classification": ["view", "add", "change"],
            "protected": ["add"],
            "prohibitions": ["view", "add"],
            "communication": ["view", "add"],
            "notes": ["view", "add", "change", "delete"],
            "messages": ["view", "add"],
            "information": ["view"],
            "chats": ["view"],
            "recordings": ["view"],
            "jobs": ["view"],
        },
    ),
    "sales": (
        "Sales",
        "customer_relationship",
        {
            "identity": ["view", "add", "change", "bulk"],
            "company": ["view", "add", "change"],
            "profile": ["view"],
            "classification": ["view", "add", "change"],
            "protected": ["add"],
            "prohibitions": ["view", "add"],
            "communication": ["view"],
            "notes": ["view", "add", "change", "delete"],
            "messages": ["view", "add"],
            "information": ["view", "add"],
            "jobs": ["view"],
        },
    ),
    "marketing": (
        "Marketing",
        "customer_relationship",
        {
            "identity": ["view", "add", "change", "import", "export", "bulk"],
            "company": ["view", "add", "change", "import"],
            "profile": ["view", "add", "change"],
            "classification": ["view", "add", "change", "import"],
            "prohibitions": ["view", "add"],
            "notes": ["view", "add", "change", "delete"],
            "information": ["view", "add", "change"],
            "imports": ["view", "add", "change", "import"],
            "jobs": ["view"],
        },
    ),
    "auditor": (
        "Auditor",
        "accountability",
        {
            "exports": ["view"],
            "requests": ["view"],
            "retention": ["view"],
            "data_map": ["view"],
            "audit": ["view"],
            "lookups": ["view"],
            "staff": ["view"],
            "api_keys": ["view"],
            "jobs": ["view"],
        },
    ),
    "admin": (
        "Administrator",
        "access_control",
        {
            "data_map": ["view"],
            "audit": ["view"],
            "staff": ["view", "add", "change", "approve"],
            "api_keys": ["view", "add", "change"],
            "jobs": ["view"],
        },
    ),
}
# Roles that log in with a second factor.
SECOND_FACTOR = ["admin", "dpo"]

PARAMETERS = [
    ("response", "P1M", "GDPR Art. 12(3); Regulation 1182/71 Art. 3"),
    ("extension", "P3M", "GDPR Art. 12(3): one month and two further months from receipt"),
    ("breach", "PT72H", "GDPR Art. 33(1)"),
]

# The notice in force, and what it lists of people (its clause "personal data held").
NOTICE = date(2019, 11, 18)
NOTICE_NAMES = [
    "identity",
    "company",
    "profile",
    "classification",
    "prohibitions",
    "communication",
    "chats",
    "recordings",
]

# Nothing that an ordinary day of work reaches: code, how many, how many times the usual.
LOOKUP_RULES = [
    ("many_in_day", 150, "3.0"),
    ("many_in_hour", 60, "3.0"),
    ("long_lists", 5000, "5.0"),
    ("own_record", 1, None),
    ("colleagues", 1, None),
    ("protected", 1, None),
    ("protected_often", 5, None),
    ("outside_hours", 3, None),
    ("no_case", 4, None),
    ("refused", 5, None),
    ("many_accounts", 8, None),
    ("api_key", 5000, "3.0"),
]


def seed(apps, schema_editor):
    def of(name):
        return apps.get_model("register", name).objects

    RoleRight = apps.get_model("register", "RoleRight")
    for code, (name, purpose, rights) in ROLES.items():
        role = of("Role").create(
            code=code,
            name=name,
            default_purpose=purpose,
            requires_second_factor=code in SECOND_FACTOR,
        )
        of("RoleRight").bulk_create(
            RoleRight(role=role, category=category, action=action)
            for category, actions in rights.items()
            for action in actions
        )
    for code, period, source in PARAMETERS:
        of("LegalParameter").create(
            code=code, period=period, valid_from=date(2018, 5, 25), source=source
        )
    of("NoticeRevision").create(revised_on=NOTICE, valid_from=NOTICE, categories=NOTICE_NAMES)
    # From today: nobody is watched for days before it could be read that they are.
    for code, floor, factor in LOOKUP_RULES:
        of("LookupRule").create(code=code, floor=floor, factor=factor)
    of("WorkingHours").create(begins="06:30", ends="19:00")


class Migration(migrations.Migration):
    # A database that has one of the replaced ones has all, and these rows with them.
    replaces = [
        ("register", "0002_roles_and_parameters"),
        ("register", "0003_controller"),
        ("register", "0004_how_far_jobs_came"),
        ("register", "0005_monitoring"),
        ("register", "0006_conformance"),
        ("register", "0007_clock_reading"),
        ("register", "0008_protected_addresses"),
        ("register", "0009_rights_to_protected_addresses"),
        ("register", "0010_indexes_of_the_trail"),
        ("register", "0011_time_left_of_jobs"),
        ("register", "0012_orders_of_lists"),
        ("register", "0013_whose_people_and_which_fields"),
        ("register", "0014_rights_to_notes_and_messages"),
        ("register", "0015_notice_and_profiles"),
        ("register", "0016_first_notice_and_rights"),
        ("register", "0017_second_factors"),
        ("register", "0018_rights_to_approve_roles"),
        ("register", "0019_reviews_of_rights"),
        ("register", "0020_rights_to_exports_and_bulk"),
        ("register", "0021_unusual_look_ups"),
        ("register", "0022_rules_for_look_ups"),
        ("register", "0023_keys_with_roles"),
        ("register", "0024_saved_views"),
        ("register", "0025_arranged_overview"),
        ("register", "0026_single_sign_on"),
    ]

    dependencies = [("register", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
