"""A support desk of any size for measurements: people by the ORM, tickets and clocks by a few set-based statements.

The same arguments give the same rows, except for ids and instants. On average an unresolved ticket has two running
clocks: of twenty six are new (three run), ten open (two), two on hold (one) and two pending (none).
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.models import Membership, Organization, Role, Team, User
from helpdesk.demo.load_texts import texts

TEAMS, AGENTS, ORGANIZATIONS, CUSTOMERS = 20, 10, 200, 2000
RUNNING_PER_TICKET = 2
_SQL = Path(__file__).with_name("load.sql")


@dataclass(frozen=True)
class Load:
    """What to make.

    Attributes:
        due: how many of the running clocks are overdue, spread over ten minutes or all ``at_once``.
        closed: percent of the tickets that were closed in the past year.
        messages: length of the conversation of a ticket that was answered.
    """

    tickets: int
    due: int = 0
    at_once: bool = False
    closed: int = 0
    messages: int = 1
    seed: int = 1


def make_load(load: Load, *, now: datetime) -> dict[str, int]:
    """Write the rows, in the caller's transaction; returns how many clocks run and how many of these are due.

    Raises:
        ValueError: when more clocks should be due than run.
    """
    if not Team.objects.filter(code="load-0").exists():
        _write_people()
    with connection.cursor() as cursor:
        _write_texts(cursor)
        cursor.execute(_SQL.read_text(), {**vars(load), "now": now})
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE is_due) FROM load_clock WHERE state = 'running'")
        running, due = cursor.fetchone()
    if due < load.due:
        raise ValueError(f"{load.tickets} tickets have {running} running clocks, fewer than the {load.due} to be due.")
    return {"running": running, "due": due}


def analyze() -> None:
    """Tell the planner what there is now; autovacuum would do so some minutes later."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _write_texts(cursor: CursorWrapper) -> None:
    cursor.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS load_text "
        "(n int PRIMARY KEY, language text, subject text, body text, tokens tsvector) ON COMMIT DROP"
    )
    cursor.executemany(
        "INSERT INTO load_text VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [(n, *text) for n, text in enumerate(texts())],
    )


def _write_people() -> None:
    """Teams with a lead, a deputy and agents, and customers of organizations; nobody can sign in."""
    roles = {role.code: role for role in Role.objects.all()}
    password = make_password(None)
    teams = Team.objects.bulk_create(
        Team(code=f"load-{n}", name=f"负载{n}组", name_en=f"Load {n}") for n in range(TEAMS)
    )
    staff = User.objects.bulk_create(
        User(email=f"{team.code}-{n}@staff.load.example", name=f"{team.name_en} {n}", password=password)
        for team in teams
        for n in range(2 + AGENTS)
    )
    grants = []
    for place, team in enumerate(teams):
        lead, deputy, *agents = staff[place * (2 + AGENTS) : (place + 1) * (2 + AGENTS)]
        team.lead, team.deputy, team.next_level = lead, deputy, teams[0] if place else None
        grants += [Membership(user=person, team=team, role=roles["lead"]) for person in (lead, deputy)]
        grants += [Membership(user=person, team=team, role=roles["agent"]) for person in agents]
    Team.objects.bulk_update(teams, ["lead", "deputy", "next_level"])
    organizations = Organization.objects.bulk_create(
        Organization(name=f"负载客户{n}", name_en=f"Load customer {n}") for n in range(ORGANIZATIONS)
    )
    customers = User.objects.bulk_create(
        User(
            email=f"{n}@customers.load.example",
            name=f"Customer {n}",
            password=password,
            organization=organizations[n % ORGANIZATIONS],
        )
        for n in range(CUSTOMERS)
    )
    grants += [Membership(user=person, role=roles["customer"]) for person in customers]
    Membership.objects.bulk_create(grants)
