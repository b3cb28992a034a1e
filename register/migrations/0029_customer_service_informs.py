from django.db import migrations

# Whoever speaks with people tells them where their data came from, and keeps that it was done.
RIGHT = {"category": "information", "action": "add"}


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code="service"):
        # As far as the role sees whom it has to tell; not at all if that was taken from it.
        sees = role.rights.filter(category="information", action="view").first()
        if sees is not None:
            RoleRight.objects.get_or_create(
                role=role, **RIGHT, defaults={"scope": sees.scope}
            )


def unseed(apps, schema_editor):
    RoleRight = apps.get_model("register", "RoleRight")
    RoleRight.objects.filter(role__code="service", **RIGHT).delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0028_rights_to_change_many")]

    operations = [migrations.RunPython(seed, unseed)]
