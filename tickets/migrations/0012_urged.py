import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_agents_assign"),
        ("catalog", "0002_bilingual_tags"),
        ("tickets", "0011_waiting_since"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="ticket",
            name="ticket_team_due",
        ),
        migrations.RemoveIndex(
            model_name="ticket",
            name="ticket_assignee_due",
        ),
        migrations.RemoveIndex(
            model_name="ticket",
            name="ticket_due",
        ),
        migrations.AddField(
            model_name="ticket",
            name="last_urged_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last urged"),
        ),
        migrations.AddField(
            model_name="ticket",
            name="urged_at",
            field=models.DateTimeField(
                blank=True, help_text="Until a person answers.", null=True, verbose_name="customer urges since"
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("team"),
                django.db.models.functions.comparison.Least("next_due_at", "urged_at"),
                models.F("id"),
                condition=models.Q(("status__in", ["new", "open", "pending", "on_hold"])),
                name="ticket_team_place",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("assignee"),
                django.db.models.functions.comparison.Least("next_due_at", "urged_at"),
                models.F("id"),
                condition=models.Q(("status__in", ["new", "open", "pending", "on_hold"])),
                name="ticket_assignee_place",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                django.db.models.functions.comparison.Least("next_due_at", "urged_at"),
                models.F("id"),
                condition=models.Q(("status__in", ["new", "open", "pending", "on_hold"])),
                name="ticket_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("urged_at__isnull", True), ("last_urged_at__gte", models.F("urged_at")), _connector="OR"
                ),
                name="ticket_urged_has_last",
            ),
        ),
    ]
