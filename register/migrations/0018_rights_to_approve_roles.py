"""Who may decide about changes of roles: data protection officers and administrators."""

from django.db import migrations

ROLES = ["dpo", "admin"]


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code__in=ROLES):
        RoleRight.objects.get_or_create(role=role, category="staff", action="approve")


def unseed(apps, schema_editor):
    apps.get_model("register", "RoleRight").objects.filter(
        category="staff", action="approve"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0017_second_factors")]

    operations = [migrations.RunPython(seed, unseed)]
