import base64
import hashlib
import hmac

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from outbox.sealing import seal


def seal_them(apps, schema_editor):
    """The secrets that receivers hold were derived from a seed and SECRET_KEY; they stay what they are."""
    for row in apps.get_model("outbox", "WebhookEndpoint").objects.all():
        row.sealed_secret = seal(_derived(row.seed))
        row.sealed_previous = seal(_derived(row.previous_seed)) if row.previous_seed else ""
        row.save(update_fields=["sealed_secret", "sealed_previous"])


def _derived(seed):
    digest = hmac.new(settings.SECRET_KEY.encode(), f"outbox.webhook:{seed}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0009_kept_answers"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="webhookendpoint",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="webhookendpoint",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="webhookendpoint",
            name="delete_delete",
        ),
        migrations.RemoveConstraint(
            model_name="webhookendpoint",
            name="webhook_whole",
        ),
        migrations.RemoveConstraint(
            model_name="webhookendpoint",
            name="webhook_old_secret_ends",
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="sealed_previous",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="sealed_secret",
            field=models.TextField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="webhookendpointevent",
            name="sealed_previous",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="webhookendpointevent",
            name="sealed_secret",
            field=models.TextField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(seal_them, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(
            model_name="webhookendpoint",
            name="previous_seed",
        ),
        migrations.RemoveField(
            model_name="webhookendpoint",
            name="seed",
        ),
        migrations.RemoveField(
            model_name="webhookendpointevent",
            name="previous_seed",
        ),
        migrations.RemoveField(
            model_name="webhookendpointevent",
            name="seed",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "outbox_webhookendpointevent" ("created_at", "hears", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "previous_until", "sealed_previous", "sealed_secret", "team_id", "url") VALUES (NEW."created_at", NEW."hears", NEW."id", NEW."is_active", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."previous_until", NEW."sealed_previous", NEW."sealed_secret", NEW."team_id", NEW."url"); RETURN NULL;',
                    hash="96d6fe30263cf03d6499b3ab9001f5a93f6feecf",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_1a369",
                    table="outbox_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "outbox_webhookendpointevent" ("created_at", "hears", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "previous_until", "sealed_previous", "sealed_secret", "team_id", "url") VALUES (OLD."created_at", OLD."hears", OLD."id", OLD."is_active", OLD."name", _pgh_attach_context(), NOW(), \'update\', OLD."id", OLD."previous_until", OLD."sealed_previous", OLD."sealed_secret", OLD."team_id", OLD."url"); RETURN NULL;',
                    hash="21ff9d43f39492239a9521ebf884fdf8de005c47",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ee58c",
                    table="outbox_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="webhookendpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "outbox_webhookendpointevent" ("created_at", "hears", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "previous_until", "sealed_previous", "sealed_secret", "team_id", "url") VALUES (OLD."created_at", OLD."hears", OLD."id", OLD."is_active", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."previous_until", OLD."sealed_previous", OLD."sealed_secret", OLD."team_id", OLD."url"); RETURN NULL;',
                    hash="1b0faa0cad896d6074038013d3b0bf85892bc441",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f9092",
                    table="outbox_webhookendpoint",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True),
                    models.Q(("url", ""), _negated=True),
                    models.Q(("sealed_secret", ""), _negated=True),
                ),
                name="webhook_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("previous_until__isnull", True), ("sealed_previous", "")),
                    models.Q(models.Q(("sealed_previous", ""), _negated=True), ("previous_until__isnull", False)),
                    _connector="OR",
                ),
                name="webhook_old_secret_ends",
            ),
        ),
    ]
