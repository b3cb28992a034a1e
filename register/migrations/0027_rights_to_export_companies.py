from django.db import migrations

ROLES = ("dpo", "marketing")
RIGHT = {"category": "company", "action": "export"}


def seed(apps, schema_editor):
    RoleRight = apps.get_model("register", "RoleRight")
    for role in apps.get_model("register", "Role").objects.filter(code__in=ROLES):
        RoleRight.objects.get_or_create(role=role, **RIGHT)


def unseed(apps, schema_editor):
    RoleRight = apps.get_model("register", "RoleRight")
    RoleRight.objects.filter(role__code__in=ROLES, **RIGHT).delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0026_single_sign_on")]

    operations = [migrations.RunPython(seed, unseed)]
