"""The answer to each further message, the resolution, and the root cause report that S promises (mission.md 6.3)."""

from django.db import migrations, models


def promise_reports(apps, schema_editor):
    """48 hours, day and night, under the policies for S that ask nothing else."""
    Target = apps.get_model("sla", "Target")
    plain = {"service_level": "", "organization": None, "team": None, "category": None}
    for policy in apps.get_model("sla", "Policy").objects.filter(severity="S", **plain):
        Target.objects.get_or_create(policy=policy, metric="root_cause", defaults={"amount": 48 * 60})


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0008_whole_days"),
    ]

    operations = [
        migrations.AlterField(
            model_name="clockpause",
            name="reason",
            field=models.CharField(
                choices=[("pending", "waiting for customer"), ("on_hold", "on hold")], max_length=20
            ),
        ),
        migrations.RemoveConstraint(
            model_name="target",
            name="target_metric_known",
        ),
        migrations.AlterField(
            model_name="clock",
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
        migrations.AlterField(
            model_name="target",
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
        migrations.AlterField(
            model_name="targetevent",
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
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "metric__in",
                        [
                            "first_response",
                            "next_response",
                            "workaround",
                            "solution_path",
                            "progress_report",
                            "progress_update",
                            "resolution",
                            "root_cause",
                        ],
                    )
                ),
                name="target_metric_known",
            ),
        ),
        migrations.RunPython(promise_reports, migrations.RunPython.noop),
    ]
