from django.db import migrations

# Whoever changes many people changes many companies; who watches over them approves.
RIGHTS = {
    "marketing": [("company", "bulk", "all")],
    "sales": [("company", "bulk", "all")],
    "dpo": [("identity", "approve", "all"), ("company", "approve", "all")],
}


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code__in=RIGHTS):
        for category, action, scope in RIGHTS[role.code]:
            RoleRight.objects.get_or_create(
                role=role, category=category, action=action, defaults={"scope": scope}
            )


def unseed(apps, schema_editor):
    RoleRight = apps.get_model("register", "RoleRight")
    RoleRight.objects.filter(category="company", action="bulk").delete()
    RoleRight.objects.filter(
        category__in=["identity", "company"], action="approve", role__code="dpo"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("register", "0027_rights_to_export_companies")]

    operations = [migrations.RunPython(seed, unseed)]
