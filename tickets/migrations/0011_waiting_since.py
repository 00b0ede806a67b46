"""Since when the customer waits for an answer, for the tickets that are open now."""

from django.db import migrations, models

_FILL = """
    UPDATE tickets_ticket SET waiting_since = waiting.since
    FROM (
        SELECT m.ticket_id, min(m.created_at) AS since FROM tickets_message m
        WHERE m.kind = 'customer' AND m.id > coalesce(
            (SELECT max(a.id) FROM tickets_message a WHERE a.ticket_id = m.ticket_id AND a.kind = 'public'), 0
        )
        GROUP BY m.ticket_id
    ) AS waiting
    WHERE tickets_ticket.id = waiting.ticket_id AND tickets_ticket.status NOT IN ('resolved', 'closed')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0010_missed_by_and_link_generation"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="waiting_since",
            field=models.DateTimeField(
                blank=True,
                help_text="The first message that nobody answered yet.",
                null=True,
                verbose_name="customer waits since",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="metric",
            field=models.CharField(
                choices=[
                    ("first_response", "first response"),
                    ("next_response", "next response"),
                    ("workaround", "workaround"),
                    ("solution_path", "solution path"),
                    ("progress_report", "progress report"),
                    ("progress_update", "progress update"),
                    ("resolution", "resolution"),
                    ("root_cause", "root cause report"),
                ],
                max_length=20,
                verbose_name="metric",
            ),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
