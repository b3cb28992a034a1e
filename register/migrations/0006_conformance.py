"""The conformance board, which the data protection officer sees."""

import django.utils.timezone
from django.db import migrations, models


RIGHTS = {"dpo": {"conformance": ["view", "add"]}}


def seed(apps, schema_editor):
    Role = apps.get_model("register", "Role")
    RoleRight = apps.get_model("register", "RoleRight")
    for code, rights in RIGHTS.items():
        for role in Role.objects.filter(code=code):
            for category, actions in rights.items():
                for action in actions:
                    RoleRight.objects.get_or_create(role=role, category=category, action=action)


def unseed(apps, schema_editor):
    apps.get_model("register", "RoleRight").objects.filter(category="conformance").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0005_monitoring'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConformanceRun',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('revision', models.CharField(max_length=16, verbose_name='revision of the data map')),
                ('counts', models.JSONField(default=dict, verbose_name='clauses by status')),
                ('results', models.JSONField(default=list, verbose_name='results')),
            ],
            options={
                'verbose_name': 'check of the notice',
                'verbose_name_plural': 'checks of the notice',
                'ordering': ['-id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='roleright',
            name='roleright_known_words',
        ),
        migrations.AlterField(
            model_name='roleright',
            name='category',
            field=models.CharField(choices=[('identity', 'Identity and contact details'), ('company', 'Companies and roles'), ('prohibitions', 'Prohibitions of contact'), ('communication', 'Communication: who and when'), ('chats', 'Customer-service chats'), ('recordings', 'Call recordings'), ('imports', 'Import batches'), ('requests', 'Requests of data subjects'), ('retention', 'Retention and holds'), ('data_map', 'Data map and legal parameters'), ('conformance', 'Conformance board'), ('audit', 'Audit trail'), ('staff', 'Staff accounts and roles'), ('api_keys', 'API keys'), ('jobs', 'Background jobs and approvals'), ('system', 'Technical records')], max_length=20, verbose_name='category'),
        ),
        migrations.AddConstraint(
            model_name='roleright',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['identity', 'company', 'prohibitions', 'communication', 'chats', 'recordings', 'imports', 'requests', 'retention', 'data_map', 'conformance', 'audit', 'staff', 'api_keys', 'jobs', 'system']), ('action__in', ['view', 'add', 'change', 'delete', 'import', 'export', 'approve'])), name='roleright_known_words'),
        ),
        migrations.RunPython(seed, unseed),
    ]
