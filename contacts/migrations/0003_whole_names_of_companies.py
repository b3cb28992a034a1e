from django.db import migrations

from register.identifiers import normalise_name


def add_whole_names(apps, schema_editor):
    """Companies are recognised by a word that holds their whole name."""
    company = apps.get_model("contacts", "Company")
    word = apps.get_model("contacts", "CompanyWord")
    companies = company.objects.values_list("pk", "name").iterator(chunk_size=5000)
    word.objects.bulk_create(
        (
            word(company_id=pk, word=f"={normalise_name(name) or name}"[:100])
            for pk, name in companies
        ),
        batch_size=5000,
    )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_import_wizard")]

    operations = [migrations.RunPython(add_whole_names, migrations.RunPython.noop)]
