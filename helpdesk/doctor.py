"""What is wrong with an installation, and what to do about it: `manage.py doctor`.

Whether it runs is asked as `/readyz` asks it; beyond that, what stops nothing today and somebody later.
"""

import ipaddress
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection

from accounts.models import Team
from accounts.selectors import members, with_role
from helpdesk import health
from outbox import clock, selectors
from outbox.models import Delivery, Heartbeat
from sla.models import EscalationStep
from sla.notices import import_address
from sla.selectors import missing_years

OLDEST_POSTGRESQL = 14
_GIGABYTE = 1024**3
ROOM_FOR_UPLOADS = 1 * _GIGABYTE
# A worker for mail speaks after each round, and a round with a slow mail server takes minutes.
OUTBOX_MAX_AGE = timedelta(minutes=10)


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, and if it is not well, what to do."""

    is_well: bool
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"✓ {self.what}" if self.is_well else f"✗ {self.what}: {self.advice}"


Findings = Iterator[Finding]


def examine() -> Findings:
    """Every check in the order in which one would mend; those that need the database only when it can be asked."""
    for check in (check_settings, check_uploads, check_redis):
        yield from check()
    yield from check_database()
    if health.database_state() != "ok":
        return
    if (state := health.migrations_state()) != "ok":
        yield Finding(False, f"migrations: {state}", "run `python manage.py migrate`")
        return
    yield Finding(True, "migrations: all applied")
    asking_rows: tuple[Callable[[], Findings], ...] = (
        check_hearts,
        check_deadlines,
        check_outbox,
        check_holidays,
        check_teams,
        check_ladder,
    )
    for ask in asking_rows:
        try:
            yield from ask()
        except DatabaseError as error:
            yield Finding(False, f"{ask.__name__.removeprefix('check_')} could not be asked", str(error).strip())


def check_settings() -> Findings:
    """Django's own checks (of a deployment, outside demo mode), and what they cannot know of our settings."""
    wrong = [
        message
        for message in checks.run_checks(include_deployment_checks=not settings.DEMO)
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    for message in wrong:
        yield Finding(False, f"settings ({message.id})", " ".join(f"{message.msg} {message.hint or ''}".split()))
    ours = list(_settings_of_ours())
    yield from ours
    if not wrong and not ours:
        yield Finding(True, f"settings: sound for {settings.SITE_URL}{' (demo mode)' if settings.DEMO else ''}")


def _settings_of_ours() -> Findings:
    for network in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            yield Finding(False, f"TRUSTED_PROXIES: {network}", "name networks, such as 10.0.0.0/8")
    if settings.DEMO:
        return
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and settings.EMAIL_HOST == "localhost":
        yield Finding(False, "mails go to port 25 of this machine", "set EMAIL_URL to your mail server")
    if ".example" in settings.DEFAULT_FROM_EMAIL:
        yield Finding(False, f"mails come from {settings.DEFAULT_FROM_EMAIL}", "set DEFAULT_FROM_EMAIL")


def check_uploads() -> Findings:
    """Whether the folder of uploads can be written and has room."""
    folder = Path(settings.MEDIA_ROOT)
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    room = shutil.disk_usage(there).free
    what = f"uploads in {folder}: {room / _GIGABYTE:.1f} GB free"
    if room < ROOM_FOR_UPLOADS:
        yield Finding(False, what, "make room, or set MEDIA_ROOT to a larger disk")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield Finding(False, what, "this user may not write there; change the owner of the folder")
    else:
        yield Finding(True, what)


def check_redis() -> Findings:
    """Whether Redis answers."""
    if (state := health.redis_state()) == "ok":
        yield Finding(True, "Redis: answers")
    else:
        yield Finding(False, f"Redis: {state}", "start it, or set REDIS_URL; until then no deadline is recorded")


def check_database() -> Findings:
    """Whether PostgreSQL answers and is new enough."""
    if (state := health.database_state()) != "ok":
        yield Finding(False, f"database: {state}", "start PostgreSQL, or set DATABASE_URL")
        return
    version = connection.pg_version // 10000  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
    if version < OLDEST_POSTGRESQL:
        yield Finding(False, f"database: PostgreSQL {version}", f"{OLDEST_POSTGRESQL} is the oldest that works here")
    else:
        yield Finding(True, f"database: PostgreSQL {version}")


def check_hearts() -> Findings:
    """When beat, the worker for deadlines and the worker for mail were last heard."""
    now, heard = clock.now(), dict(Heartbeat.objects.values_list("name", "beat_at"))
    for name, oldest, advice in (
        ("beat", health.BEAT_MAX_AGE, "start beat; without it nothing rings"),
        ("worker", health.BEAT_MAX_AGE, "start a worker with `-Q ticks`; deadlines wait for it"),
        ("outbox", OUTBOX_MAX_AGE, "start a worker with `-Q mail`; messages wait for it"),
    ):
        if name not in heard:
            yield Finding(False, f"{name}: never heard", advice)
            continue
        age = max(now - heard[name], timedelta(0))
        yield Finding(age <= oldest, f"{name}: heard {int(age.total_seconds())} s ago", advice)


def check_deadlines() -> Findings:
    """Whether sweeps end in time, and whether any deadline that passed still waits to be recorded."""
    state = health.deadlines_state()
    advice = "see beat and worker above; if both are well, read the log of the worker with `-Q ticks`"
    told = "recorded in time" if state == "ok" else state.removeprefix("ok, ")
    yield Finding(state == "ok", f"deadlines: {told}", advice)


def check_outbox() -> Findings:
    """How many messages were given up."""
    dead = selectors.dead_deliveries().filter(state=Delivery.State.DEAD).count() + selectors.dead_intents().count()
    advice = f"read why at {settings.SITE_URL}/desk/outbox/ and send them again there"
    yield Finding(not dead, f"messages given up: {dead}", advice)


def check_holidays(now: datetime | None = None) -> Findings:
    """Whether every calendar that keeps holidays knows this year's, and from December on the next year's."""
    missing = missing_years(now=now or clock.now())
    for each in missing:
        command = f"python manage.py import_holidays CN {each.year} --calendar {each.calendar.code}"
        advice = f"run `{command}` (or another country), or use {settings.SITE_URL}{import_address(each)}"
        yield Finding(False, f"holidays of {each.year} in the calendar {each.calendar.code}", advice)
    if not missing:
        yield Finding(True, "holidays: known in every calendar that keeps them")


def check_teams() -> Findings:
    """Whether every team has somebody who hears of what it misses, and one takes what no rule routes."""
    leaderless = [team for team in Team.objects.select_related("lead") if not (team.lead and team.lead.is_active)]
    for team in leaderless:
        yield Finding(False, f"team {team.code} has no lead", f"choose an active person at {_admin(team)}")
    if not leaderless:
        yield Finding(True, "teams: all have a lead")
    if fallback := Team.objects.filter(is_fallback=True).first():
        yield Finding(True, f"fallback team: {fallback.code}")
    else:
        advice = f"mark one as “takes what no rule routes” at {settings.SITE_URL}/admin/accounts/team/"
        yield Finding(False, "no fallback team", advice)


def check_ladder() -> Findings:
    """Whether the rungs of the ladder lead to somebody, for each team that works on tickets."""
    whom = set(EscalationStep.objects.values_list("whom", flat=True))
    teams = [team for team in Team.objects.select_related("deputy", "next_level") if _works(team)]
    managers, found = bool(with_role("manager")), False
    if EscalationStep.Whom.MANAGER in whom and not managers:
        found = True
        yield Finding(False, "the ladder tells the managers, and there are none", "give somebody the role “manager”")
    for team in teams:
        if EscalationStep.Whom.DEPUTY in whom and not (team.deputy and team.deputy.is_active):
            found = True
            advice = f"choose one at {_admin(team)}, or take the rung out of the ladder"
            yield Finding(False, f"the ladder tells the deputy of team {team.code}, which has none", advice)
        if EscalationStep.Whom.NEXT_LEVEL in whom and team.next_level is None and not managers:
            found = True
            advice = f"choose a team above at {_admin(team)}, or give somebody the role “manager”"
            yield Finding(False, f"the ladder leads above team {team.code}, where nobody is", advice)
    if not found:
        yield Finding(True, "escalation ladder: every rung leads to somebody")


def _works(team: Team) -> bool:
    return team.is_fallback or members(team=team, roles=("agent",)).exists()


def _admin(team: Team) -> str:
    return f"{settings.SITE_URL}/admin/accounts/team/{team.pk}/change/"
