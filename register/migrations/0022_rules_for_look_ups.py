"""What is watched at the first start, and who may see what was found."""

from django.db import migrations

# What each installation starts with: nothing that an ordinary day of work reaches.
RULES = [
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
    LookupRule = apps.get_model("register", "LookupRule")
    # From today: nobody is watched for days before it could be read that they are.
    LookupRule.objects.bulk_create(
        LookupRule(code=code, floor=floor, factor=factor) for code, floor, factor in RULES
    )
    apps.get_model("register", "WorkingHours").objects.create(begins="06:30", ends="19:00")
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    rights = {"dpo": ["view", "add", "change"], "auditor": ["view"]}
    for role in Role.objects.filter(code__in=rights):
        for action in rights[role.code]:
            RoleRight.objects.get_or_create(role=role, category="lookups", action=action)


def unseed(apps, schema_editor):
    apps.get_model("register", "RoleRight").objects.filter(category="lookups").delete()
    apps.get_model("register", "LookupRule").objects.all().delete()
    apps.get_model("register", "WorkingHours").objects.all().delete()



class Migration(migrations.Migration):
    dependencies = [("register", "0021_unusual_look_ups")]

    operations = [migrations.RunPython(seed, unseed)]
