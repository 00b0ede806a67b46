"""A contest that nobody decided before the ticket was resolved lapses; those left open until now as well."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def lapse(apps, schema_editor):
    Ticket = apps.get_model("tickets", "Ticket")
    rows = apps.get_model("tickets", "SeverityContest").objects.filter(
        state="open", ticket__status__in=["resolved", "closed"]
    )
    resolved_at = Ticket.objects.filter(pk=OuterRef("ticket")).values("resolved_at")
    rows.update(state="lapsed", decided_at=Subquery(resolved_at))


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0008_service_level_known"),
    ]

    operations = [
        migrations.AlterField(
            model_name="severitycontest",
            name="state",
            field=models.CharField(
                choices=[("open", "open"), ("accepted", "accepted"), ("declined", "declined"), ("lapsed", "lapsed")],
                default="open",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.RunPython(lapse, migrations.RunPython.noop),
    ]
