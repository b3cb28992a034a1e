"""Notes, messages and the information duty: who may see and write them at first."""

from django.db import migrations, models


RIGHTS = {
    "dpo": {
        "notes": ["view", "export"],
        "messages": ["view", "export"],
        "information": ["view", "add", "change"],
    },
    "service": {
        "notes": ["view", "add", "change", "delete"],
        "messages": ["view", "add"],
        "information": ["view"],
    },
    "sales": {
        "notes": ["view", "add", "change", "delete"],
        "messages": ["view", "add"],
        "information": ["view", "add"],
    },
    "marketing": {
        "notes": ["view", "add", "change", "delete"],
        "information": ["view", "add", "change"],
    },
}


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for role in Role.objects.filter(code__in=RIGHTS):
        for category, actions in RIGHTS[role.code].items():
            for action in actions:
                RoleRight.objects.get_or_create(role=role, category=category, action=action)


def unseed(apps, schema_editor):
    categories = {category for rights in RIGHTS.values() for category in rights}
    apps.get_model("register", "RoleRight").objects.filter(category__in=categories).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0013_whose_people_and_which_fields'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='elevationright',
            name='elevationright_known_words',
        ),
        migrations.RemoveConstraint(
            model_name='roleright',
            name='roleright_known_words',
        ),
        migrations.AlterField(
            model_name='elevation',
            name='category',
            field=models.CharField(choices=[('identity', 'Identity and contact details'), ('company', 'Companies and roles'), ('protected', 'Protected addresses'), ('prohibitions', 'Prohibitions of contact'), ('communication', 'Communication: who and when'), ('notes', 'Notes, follow-ups and meetings'), ('messages', 'E-mail with the person'), ('information', 'Information duty'), ('chats', 'Customer-service chats'), ('recordings', 'Call recordings'), ('imports', 'Import batches'), ('requests', 'Requests of data subjects'), ('retention', 'Retention and holds'), ('data_map', 'Data map and legal parameters'), ('conformance', 'Conformance board'), ('audit', 'Audit trail'), ('staff', 'Staff accounts and roles'), ('api_keys', 'API keys'), ('jobs', 'Background jobs and approvals'), ('system', 'Technical records')], max_length=20, verbose_name='category'),
        ),
        migrations.AlterField(
            model_name='elevationright',
            name='category',
            field=models.CharField(choices=[('identity', 'Identity and contact details'), ('company', 'Companies and roles'), ('protected', 'Protected addresses'), ('prohibitions', 'Prohibitions of contact'), ('communication', 'Communication: who and when'), ('notes', 'Notes, follow-ups and meetings'), ('messages', 'E-mail with the person'), ('information', 'Information duty'), ('chats', 'Customer-service chats'), ('recordings', 'Call recordings'), ('imports', 'Import batches'), ('requests', 'Requests of data subjects'), ('retention', 'Retention and holds'), ('data_map', 'Data map and legal parameters'), ('conformance', 'Conformance board'), ('audit', 'Audit trail'), ('staff', 'Staff accounts and roles'), ('api_keys', 'API keys'), ('jobs', 'Background jobs and approvals'), ('system', 'Technical records')], max_length=20, verbose_name='category'),
        ),
        migrations.AlterField(
            model_name='roleright',
            name='category',
            field=models.CharField(choices=[('identity', 'Identity and contact details'), ('company', 'Companies and roles'), ('protected', 'Protected addresses'), ('prohibitions', 'Prohibitions of contact'), ('communication', 'Communication: who and when'), ('notes', 'Notes, follow-ups and meetings'), ('messages', 'E-mail with the person'), ('information', 'Information duty'), ('chats', 'Customer-service chats'), ('recordings', 'Call recordings'), ('imports', 'Import batches'), ('requests', 'Requests of data subjects'), ('retention', 'Retention and holds'), ('data_map', 'Data map and legal parameters'), ('conformance', 'Conformance board'), ('audit', 'Audit trail'), ('staff', 'Staff accounts and roles'), ('api_keys', 'API keys'), ('jobs', 'Background jobs and approvals'), ('system', 'Technical records')], max_length=20, verbose_name='category'),
        ),
        migrations.AddConstraint(
            model_name='elevationright',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['identity', 'company', 'protected', 'prohibitions', 'communication', 'notes', 'messages', 'information', 'chats', 'recordings', 'imports', 'requests', 'retention', 'data_map', 'conformance', 'audit', 'staff', 'api_keys', 'jobs', 'system']), ('action__in', ['view', 'add', 'change', 'delete', 'import', 'export', 'approve']), ('scope__in', ['own', 'team', 'all'])), name='elevationright_known_words'),
        ),
        migrations.AddConstraint(
            model_name='roleright',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['identity', 'company', 'protected', 'prohibitions', 'communication', 'notes', 'messages', 'information', 'chats', 'recordings', 'imports', 'requests', 'retention', 'data_map', 'conformance', 'audit', 'staff', 'api_keys', 'jobs', 'system']), ('action__in', ['view', 'add', 'change', 'delete', 'import', 'export', 'approve'])), name='roleright_known_words'),
        ),
        migrations.RunPython(seed, unseed),
    ]
