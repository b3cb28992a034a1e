"""Who may protect an address, and who may lift that, in the roles of the first start."""

from django.db import migrations

RIGHTS = {
    "dpo": ["view", "add", "change", "approve"],
    # Setting a protection, not the list of all protected people.
    "service": ["add"],
    "sales": ["add"],
}


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code__in=RIGHTS):
        for action in RIGHTS[role.code]:
            RoleRight.objects.get_or_create(role=role, category="protected", action=action)


def unseed(apps, schema_editor):
    apps.get_model("register", "RoleRight").objects.filter(category="protected").delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0008_protected_addresses")]

    operations = [migrations.RunPython(seed, unseed)]
