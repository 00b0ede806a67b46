"""`manage.py doctor` and `manage.py prune`."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Team
from accounts.tests.factories import TeamFactory, UserFactory, make_agent, make_lead, make_manager
from helpdesk import doctor
from outbox import clock
from outbox.models import Delivery, Heartbeat, Intent, RateWindow
from outbox.services import heard
from outbox.tasks import beat, deliver_due
from sla.engine import HEART
from sla.models import Calendar, CalendarDay, EscalationStep
from tickets.models import AccessLink
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


def run(capsys) -> tuple[int, str]:
    """Exit code and output of the command."""
    try:
        call_command("doctor")
        code = 0
    except SystemExit as left:
        code = left.code
    return code, capsys.readouterr().out


def wrong(findings) -> list[str]:
    return [str(finding) for finding in findings if not finding.is_well]


@pytest.fixture
def sound(settings, tmp_path) -> Team:
    """An installation in which nothing is wrong."""
    settings.MEDIA_ROOT = tmp_path / "media"
    team = Team.objects.get(is_fallback=True)
    make_lead(team)
    make_manager()
    team.deputy = make_agent(team)
    team.save(update_fields=["deputy"])
    heard("beat", "worker", "outbox", HEART, now=clock.now())
    return team


def test_a_sound_installation(sound, capsys) -> None:
    code, said = run(capsys)
    assert "✗" not in said
    assert code == 0
    for what in ("settings", "uploads", "Redis", "database: PostgreSQL", "migrations", "beat", "worker", "outbox"):
        assert f"✓ {what}" in said
    for what in ("deadlines", "messages given up: 0", "holidays", "teams", "fallback team", "escalation ladder"):
        assert f"✓ {what}" in said


def test_a_fresh_installation_says_what_to_set_up(capsys) -> None:
    code, said = run(capsys)
    assert code == 1
    assert "✗ team service-desk has no lead: choose an active person at http://" in said
    assert "✗ beat: never heard: start beat" in said
    assert said.rstrip().endswith("to mend.")


def test_servers_away(sound, settings, capsys, monkeypatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr("helpdesk.health.database_state", lambda: "unreachable")
    code, said = run(capsys)
    assert code == 1
    assert "✗ Redis: unreachable: start it, or set REDIS_URL" in said
    assert "✗ database: unreachable: start PostgreSQL, or set DATABASE_URL" in said
    assert "migrations" not in said  # nothing that would need the database


def test_an_old_server(sound, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_POSTGRESQL", 99)
    assert "99 is the oldest that works here" in wrong(doctor.check_database())[0]


def test_pending_migrations(sound, capsys) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")
    code, said = run(capsys)
    assert code == 1
    assert "pending: run `python manage.py migrate`" in said


def test_settings_outside_demo_mode(settings) -> None:
    settings.DEMO = False
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "localhost"
    settings.TRUSTED_PROXIES = ["the proxy"]
    said = "\n".join(wrong(doctor.check_settings()))
    for what in ("security.W004", "TRUSTED_PROXIES: the proxy", "set EMAIL_URL", "set DEFAULT_FROM_EMAIL"):
        assert what in said


def test_silent_hearts(sound) -> None:
    Heartbeat.objects.filter(name="outbox").update(beat_at=clock.now() - doctor.OUTBOX_MAX_AGE - timedelta(minutes=1))
    Heartbeat.objects.filter(name="worker").delete()
    worker, outbox = wrong(doctor.check_hearts())
    assert worker.startswith("✗ worker: never heard")
    assert outbox.startswith("✗ outbox: heard 66")
    assert "-Q mail" in outbox


def test_deadlines_that_no_sweep_records(sound) -> None:
    make_ticket(severity="S", now=clock.now() - timedelta(minutes=35))
    assert wrong(doctor.check_deadlines())[0].startswith("✗ deadlines: recorded late by 30")
    Heartbeat.objects.filter(name=HEART).delete()
    assert wrong(doctor.check_deadlines())[0].startswith("✗ deadlines: never checked: see beat and worker above")


def test_the_hearts_are_written_by_the_tasks_themselves(transactional_db) -> None:
    from outbox.selectors import TICKING, last_tick

    assert last_tick() is None
    deliver_due()
    assert last_tick() is None  # mail alone ticks no deadline
    beat()
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {*TICKING, "outbox"}
    assert last_tick() is not None


def test_no_room_and_no_right_to_write(sound, settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    assert "make room" in wrong(doctor.check_uploads())[0]
    monkeypatch.undo()
    monkeypatch.setattr("helpdesk.doctor.os.access", lambda *_args: False)
    assert "may not write" in wrong(doctor.check_uploads())[0]


def test_messages_given_up(sound) -> None:
    now = clock.now()
    intent = Intent.objects.create(kind="outbox.test", stream="a", created_at=now, available_at=now, state="dead")
    common = {"intent": intent, "channel": "mail", "batch": "0" * 32, "stream": "a", "created_at": now}
    Delivery.objects.create(**common, recipient="mail:a@example.org", next_attempt_at=now, state="dead")
    Delivery.objects.create(**common, recipient="mail:b@example.org", next_attempt_at=now, state="bounced")
    assert wrong(doctor.check_outbox())[0].startswith("✗ messages given up: 2: read why at ")


def test_holidays_of_the_next_year() -> None:
    Calendar.objects.create(code="plain", name="平日", weekly_hours={"mon": [["09:00", "18:00"]]})  # keeps no holidays
    last = CalendarDay.objects.order_by("-date").first()
    year = last.date.year
    assert wrong(doctor.check_holidays(datetime(year, 11, 30, tzinfo=UTC))) == []
    (missing,) = wrong(doctor.check_holidays(datetime(year, 12, 1, tzinfo=UTC)))
    assert f"`python manage.py import_holidays CN {year + 1} --calendar {last.calendar.code}`" in missing
    assert f"/desk/holidays/?calendar={last.calendar.pk}&year={year + 1}" in missing


def test_teams(sound) -> None:
    TeamFactory(code="north", lead=UserFactory(is_active=False))
    assert wrong(doctor.check_teams())[0].startswith("✗ team north has no lead")
    Team.objects.update(is_fallback=False)
    assert any("no fallback team" in line for line in wrong(doctor.check_teams()))


def test_rungs_that_lead_to_nobody(sound) -> None:
    EscalationStep.objects.all().delete()
    for level, whom in enumerate(EscalationStep.Whom.values, 1):
        EscalationStep.objects.create(severity="S", level=level, whom=whom)
    assert wrong(doctor.check_ladder()) == []
    make_lead(TeamFactory(code="head"))  # works on no ticket itself
    assert wrong(doctor.check_ladder()) == []
    Team.objects.filter(pk=sound.pk).update(deputy=None)
    assert "the deputy of team service-desk" in wrong(doctor.check_ladder())[0]
    make_manager_away()
    told = "\n".join(wrong(doctor.check_ladder()))
    assert "tells the managers, and there are none" in told
    assert "leads above team service-desk, where nobody is" in told


def make_manager_away() -> None:
    from accounts.models import Membership

    Membership.objects.filter(role__code="manager").delete()


def test_prune_says_what_it_removed(capsys) -> None:
    now = clock.now()
    RateWindow.objects.create(key="a", window_started_at=now - timedelta(days=30), count=1)
    link = {"token_hash": "0" * 64, "created_at": now - timedelta(days=200), "expires_at": now - timedelta(days=20)}
    ticket = make_ticket()
    AccessLink.objects.create(ticket=ticket, user=ticket.requester, **link)
    call_command("prune")
    said = capsys.readouterr().out
    assert "outbox: 1 windows, 0 intents, 0 digests, 0 mails, 0 calls, 0 answers removed." in said
    assert "tickets: 1 links, 0 bulk_edits, 0 put_aside, 0 drafts, 0 notes removed." in said
    call_command("prune")
    assert "outbox: 0 windows" in capsys.readouterr().out
