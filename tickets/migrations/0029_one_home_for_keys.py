from django.db import migrations

# Answers of the API move as they are; how their requests were told apart changed, so an empty fingerprint stands for any
# request until they are forgotten. The key of a form holds its words itself.
MOVE = """
INSERT INTO outbox_keptanswer ("user_id", "key", fingerprint, status, answer, created_at)
SELECT "user_id", "key",
       CASE WHEN "key" LIKE 'form:%%' OR "key" LIKE 'call:%%' THEN fingerprint ELSE '' END,
       201,
       CASE WHEN "key" LIKE 'form:%%' OR "key" LIKE 'call:%%' THEN jsonb_build_object('ticket', ticket_id) ELSE answer END,
       created_at
FROM tickets_idempotencykey
WHERE ticket_id IS NOT NULL AND status IS NOT NULL
ON CONFLICT DO NOTHING
"""


def move(apps, schema_editor):
    schema_editor.execute(MOVE, ())


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0028_macros"),
        ("outbox", "0009_kept_answers"),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop, elidable=True),
        migrations.DeleteModel(name="IdempotencyKey"),
    ]
