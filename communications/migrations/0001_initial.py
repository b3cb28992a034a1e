import communications.models.calls
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # A database that is older than this file has them behind it.
    replaces = [('communications', '0001_first'), ('communications', '0002_call_call_by_direction'), ('communications', '0003_notes_and_follow_ups'), ('communications', '0004_messages'), ('communications', '0005_merges'), ('communications', '0006_meetings'), ('communications', '0007_lists_in_order')]

    initial = True
    dependencies = [
        ('contacts', '0001_initial'),
        ('register', '0001_initial'),
        ('register', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Call',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('external_id', models.CharField(blank=True, max_length=80, verbose_name='number in the telephone system')),
                ('direction', models.CharField(choices=[('inbound', 'incoming'), ('outbound', 'outgoing')], max_length=8, verbose_name='direction')),
                ('number', models.CharField(blank=True, max_length=20, verbose_name='telephone number')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('ended_at', models.DateTimeField(verbose_name='ended')),
                ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agent')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='contacts.contact', verbose_name='contact')),
            ],
            options={
                'verbose_name': 'call',
                'verbose_name_plural': 'calls',
                'ordering': ['-started_at'],
                'indexes': [models.Index(fields=['number'], name='call_number'), models.Index(fields=['direction', 'ends_at', 'id'], name='call_by_direction')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at__gte', models.F('started_at'))), name='call_ends_after_start', violation_error_message='The call ends before it begins.'), models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('external_id',), name='call_external_id')],
            },
        ),
        migrations.CreateModel(
            name='Chat',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('external_id', models.CharField(blank=True, max_length=80, verbose_name='number in the chat system')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agent')),
            ],
            options={
                'verbose_name': 'chat',
                'verbose_name_plural': 'chats',
                'ordering': ['-started_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='chat_ends_after_start', violation_error_message='The chat ends before it begins.'), models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('external_id',), name='chat_external_id')],
            },
        ),
        migrations.CreateModel(
            name='ChatParticipant',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('display_name', models.CharField(blank=True, max_length=120, verbose_name='name in the chat')),
                ('chat', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='communications.chat')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='chat_participations', to='contacts.contact')),
            ],
            options={
                'verbose_name': 'participant of a chat',
                'verbose_name_plural': 'participants of chats',
            },
        ),
        migrations.CreateModel(
            name='ChatLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('said_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('text', models.TextField(verbose_name='text')),
                ('chat', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='communications.chat')),
                ('participant', models.ForeignKey(blank=True, help_text='Empty when customer service wrote the line.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='communications.chatparticipant')),
            ],
            options={
                'verbose_name': 'line of a chat',
                'verbose_name_plural': 'lines of chats',
                'ordering': ['said_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='FollowUp',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('what', models.CharField(help_text='Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters.', max_length=300, verbose_name='what to do')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('remind_at', models.DateTimeField(blank=True, null=True, verbose_name='reminder')),
                ('reminded_at', models.DateTimeField(blank=True, null=True, verbose_name='reminded')),
                ('mailed_at', models.DateTimeField(blank=True, null=True, verbose_name='reminded by e-mail')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done')),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='follow_ups', to='contacts.company', verbose_name='company')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='follow_ups', to='contacts.contact', verbose_name='contact')),
                ('responsible', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='responsible')),
            ],
            options={
                'verbose_name': 'follow-up',
                'verbose_name_plural': 'follow-ups',
                'ordering': ['due_at', 'id'],
                'indexes': [models.Index(fields=['due_at', 'id'], name='followup_by_due'), models.Index(condition=models.Q(('done_at', None)), fields=['responsible', 'due_at', 'id'], name='followup_open'), models.Index(condition=models.Q(('done_at', None), ('remind_at__isnull', False), ('reminded_at', None)), fields=['remind_at'], name='followup_to_remind'), models.Index(condition=models.Q(('done_at', None), ('reminded_at__isnull', False), ('mailed_at', None)), fields=['id'], name='followup_to_mail'), models.Index(condition=models.Q(('contact__isnull', False)), fields=['contact', '-due_at'], name='followup_of_contact'), models.Index(condition=models.Q(('company__isnull', False)), fields=['company', '-due_at'], name='followup_of_company')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('company', None), ('contact__isnull', False)), models.Q(('company__isnull', False), ('contact', None)), _connector='OR'), name='followup_about_one', violation_error_message='Choose one person or one company.')],
            },
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('title', models.CharField(max_length=200, verbose_name='subject')),
                ('starts_at', models.DateTimeField(verbose_name='begins')),
                ('finishes_at', models.DateTimeField(verbose_name='ends')),
                ('place', models.CharField(blank=True, max_length=200, verbose_name='place')),
                ('link', models.CharField(blank=True, help_text='Address of a video meeting; it begins with https://.', max_length=500, validators=[django.core.validators.URLValidator(['https'])], verbose_name='link')),
                ('agenda', models.TextField(blank=True, help_text='Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters.', max_length=20000, verbose_name='agenda')),
                ('minutes', models.TextField(blank=True, help_text='Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters.', max_length=20000, verbose_name='minutes')),
                ('state', models.CharField(choices=[('planned', 'planned'), ('held', 'held'), ('cancelled', 'cancelled')], default='planned', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='changed')),
                ('revision', models.PositiveIntegerField(default=0, editable=False)),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='meetings', to='contacts.company', verbose_name='company')),
                ('responsible', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='arranged by')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='register.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'meeting',
                'verbose_name_plural': 'meetings',
                'ordering': ['-starts_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('company__isnull', False)), fields=['company', '-starts_at'], name='meeting_of_company'), models.Index(fields=['-starts_at', '-id'], name='meeting_newest'), models.Index(condition=models.Q(('state', 'planned')), fields=['responsible', 'starts_at'], name='meeting_planned')],
                'constraints': [models.CheckConstraint(condition=models.Q(('finishes_at__gt', models.F('starts_at'))), name='meeting_ends_after_start', violation_error_message='The meeting ends before it begins.'), models.UniqueConstraint(fields=('uid',), name='meeting_uid')],
            },
        ),
        migrations.CreateModel(
            name='MeetingColleague',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='colleagues', to='communications.meeting')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='colleague')),
            ],
            options={
                'verbose_name': 'colleague in a meeting',
                'verbose_name_plural': 'colleagues in meetings',
                'constraints': [models.UniqueConstraint(fields=('meeting', 'user'), name='meetingcolleague_once')],
            },
        ),
        migrations.CreateModel(
            name='MeetingParticipant',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='meeting_participations', to='contacts.contact', verbose_name='contact')),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='communications.meeting')),
            ],
            options={
                'verbose_name': 'participant of a meeting',
                'verbose_name_plural': 'participants of meetings',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('personal', 'written by a colleague'), ('information', 'information letter')], default='personal', max_length=12, verbose_name='kind')),
                ('address', models.CharField(max_length=254, verbose_name='e-mail address')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('body', models.TextField(help_text='Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters.', max_length=20000, verbose_name='text')),
                ('carries_information', models.BooleanField(default=False, verbose_name='with the information of Art. 14')),
                ('state', models.CharField(choices=[('queued', 'waits to be sent'), ('sending', 'is being sent'), ('sent', 'sent'), ('refused', 'not sent: the person must not be written to'), ('failed', 'not sent: the mail server refused it'), ('uncertain', 'it is not known whether it was sent')], default='queued', max_length=10, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=30, verbose_name='reason')),
                ('message_id', models.CharField(blank=True, max_length=200, verbose_name='Message-ID')),
                ('queued_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now, verbose_name='not before')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='taken by a worker')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='contacts.contact', verbose_name='contact')),
                ('sender', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='sent by')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['-queued_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['not_before', 'id'], name='message_waiting'), models.Index(condition=models.Q(('state', 'sending')), fields=['claimed_at'], name='message_in_hand'), models.Index(fields=['contact', '-queued_at'], name='message_of_contact'), models.Index(fields=['-queued_at', '-id'], include=('state', 'kind'), name='message_newest')],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('text', models.TextField(help_text='Free text. The person may read it. Write nothing about health, beliefs, trade union or other private matters.', max_length=10000, verbose_name='note')),
                ('is_pinned', models.BooleanField(default=False, verbose_name='pinned')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('changed_at', models.DateTimeField(blank=True, null=True, verbose_name='changed')),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='contacts.company', verbose_name='company')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='contacts.contact', verbose_name='contact')),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'indexes': [models.Index(condition=models.Q(('contact__isnull', False)), fields=['contact', '-written_at'], name='note_of_contact'), models.Index(condition=models.Q(('company__isnull', False)), fields=['company', '-written_at'], name='note_of_company'), models.Index(fields=['written_at'], name='note_for_review')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('company', None), ('contact__isnull', False)), models.Q(('company__isnull', False), ('contact', None)), _connector='OR'), name='note_about_one', violation_error_message='Choose one person or one company.')],
            },
        ),
        migrations.CreateModel(
            name='Recording',
            fields=[
                ('ends_at', models.DateTimeField(db_index=True, editable=False, null=True, verbose_name='will be deleted')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('file', models.FileField(max_length=200, upload_to=communications.models.calls.recording_path, verbose_name='file')),
                ('content_type', models.CharField(max_length=40, verbose_name='type')),
                ('size', models.PositiveBigIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, verbose_name='fingerprint')),
                ('call_ended_at', models.DateTimeField(verbose_name='end of the call')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('call', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='recording', to='communications.call')),
            ],
            options={
                'verbose_name': 'recording',
                'verbose_name_plural': 'recordings',
            },
        ),
    ]
