"""The promises of a fresh install (mission.md 2.2–2.5, 4.1): policies, the working calendar, the ladder."""

from django.db import migrations
from django.utils import timezone

WEEK = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}

# metric, amount, unit, in working hours only
TARGETS = {
    "S": [
        ("first_response", 30, "minutes", False),
        ("workaround", 120, "minutes", False),
        ("progress_update", 120, "minutes", False),
    ],
    "A": [
        ("first_response", 120, "minutes", False),
        ("solution_path", 240, "minutes", False),
        ("progress_update", 120, "minutes", True),
    ],
    "B": [
        ("first_response", 240, "minutes", False),
        ("progress_report", 1, "working_days", True),
        ("progress_update", 120, "minutes", True),
    ],
}
LADDER = [(1, "lead", 0), (2, "deputy", 15), (3, "next_level", 15)]


def create(apps, schema_editor):
    from sla.holidays_source import china_days

    Calendar = apps.get_model("sla", "Calendar")
    CalendarDay = apps.get_model("sla", "CalendarDay")
    calendar = Calendar.objects.create(
        code="china", name="中国工作日历", name_en="China working days", zone="Asia/Shanghai", weekly_hours=WEEK
    )
    days = {}
    for year in (2024, 2025, 2026):
        for day in china_days(year):
            intervals = WEEK["mon"] if day.is_working else []
            days[day.date.isoformat()] = intervals
            CalendarDay.objects.create(calendar=calendar, date=day.date, intervals=intervals, name=day.name)
    apps.get_model("sla", "CalendarVersion").objects.create(
        calendar=calendar,
        number=1,
        definition={"zone": calendar.zone, "weekly": WEEK, "days": days},
        created_at=timezone.now(),
    )
    Policy = apps.get_model("sla", "Policy")
    Target = apps.get_model("sla", "Target")
    Step = apps.get_model("sla", "EscalationStep")
    for position, (severity, rows) in enumerate(TARGETS.items(), start=1):
        policy = Policy.objects.create(
            name=f"默认 {severity} / Default {severity}", position=1000 + position, severity=severity
        )
        for metric, amount, unit, working in rows:
            Target.objects.create(
                policy=policy,
                metric=metric,
                amount=amount,
                unit=unit,
                calendar=calendar if working else None,
                warn_share="0.75",
            )
        for level, whom, after in LADDER:
            Step.objects.create(severity=severity, level=level, whom=whom, after_minutes=after)


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
