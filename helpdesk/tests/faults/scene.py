"""The scene of most faults: two hundred promises that fall due in two waves, and how to see what became of them."""

import signal
import subprocess
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import requests
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from accounts.models import Team, User
from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent, make_lead
from helpdesk.tests.faults import ledger
from helpdesk.tests.processes import Processes, wait_until
from outbox import clock
from outbox.models import Delivery, Intent
from sla.models import Clock, Target
from tickets.models import Escalation, Message, Ticket, TicketEvent
from tickets.tests.factories import make_ticket

MANY = 200
HALF = MANY // 2
PROMISE = timedelta(minutes=10)
_LEAD_OF_FIRST_WAVE = timedelta(minutes=5)
#: Where the test clock stands when the first wave is overdue, when all are, and when the leases of the dead ran out.
#: It stays short of the next rung, which hears 15 minutes after the first.
FIRST_WAVE, BOTH_WAVES, LEASES_OVER = timedelta(minutes=6), timedelta(minutes=11), timedelta(minutes=12)
MAIL = ledger.ESCALATED
SWEEP = "tickets.tasks.sweep_deadlines"


def make_team() -> Team:
    """A team with a lead and an agent with room for all; an S ticket is promised an answer within `PROMISE`."""
    team = TeamFactory()
    make_lead(team)
    make_agent(team, capacity=30_000)
    minutes = Decimal(PROMISE.total_seconds()) / 60
    Target.objects.filter(policy__severity="S", metric="first_response").update(amount=minutes)
    Team.objects.filter(is_fallback=True).update(is_fallback=False)
    Team.objects.filter(pk=team.pk).update(is_fallback=True)
    team.refresh_from_db()
    return team


def agent_of(team: Team) -> User:
    return team.memberships.get(role__code="agent").user


def two_waves(team: Team) -> list[Ticket]:
    """Two hundred S tickets, due one after the other in two waves: the first of each by the service, copies of it."""
    now = clock.now()
    for begun in (now - _LEAD_OF_FIRST_WAVE, now):
        copies(make_ticket(team=team, severity="S", now=begun), HALF - 1, apart=timedelta(milliseconds=15))
    return list(Ticket.objects.order_by("created_at", "pk"))


def copies(ticket: Ticket, count: int, *, apart: timedelta) -> None:
    """As many tickets like ``ticket`` with all that belongs to it, each ``apart`` later than the one before.

    Set-based, because the service takes a twentieth of a second for each.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE copy ON COMMIT DROP AS SELECT place * %s AS later, "
            "nextval(pg_get_serial_sequence('tickets_ticket', 'id')) AS id, "
            "'T' || nextval('tickets_ticket_number') AS number FROM generate_series(1, %s) AS place",
            [apart, count],
        )
        of_ticket = {"id": "copy.id", "number": "copy.number", "next_due_at": "next_due_at + later"}
        of_clock = {name: f"{name} + later" for name in ("started_at", "warn_at", "due_at")}
        _copy(cursor, Ticket, "id", ticket.pk, {**of_ticket, "created_at": "created_at + later"})
        for model, own in ((Message, {}), (TicketEvent, {}), (Clock, of_clock)):
            _copy(cursor, model, "ticket_id", ticket.pk, {"ticket_id": "copy.id", **own})


def _copy(cursor: CursorWrapper, model: type[Model], key: str, value: int, own: dict[str, str]) -> None:
    """Each row of a table that belongs to the original, once for each copy, with some columns of its ``own``."""
    columns = [field.column for field in model._meta.concrete_fields if field.column in own or not field.primary_key]
    values = [own.get(column, f"original.{column}") for column in columns]
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM {model._meta.db_table} AS original, copy WHERE original.{key} = %s ORDER BY copy.id, original.id",
        [value],
    )


def numbers(tickets: list[Ticket]) -> list[str]:
    return [ticket.number for ticket in tickets]


def ids(tickets: list[Ticket]) -> list[int]:
    return [ticket.pk for ticket in tickets]


def escalated() -> int:
    return Escalation.objects.filter(metric="first_response", level=1).count()


def nothing_waits() -> bool:
    return not Intent.objects.filter(state="pending").exists() and not Delivery.objects.filter(state="queued").exists()


def all_is_told(number: int = MANY) -> bool:
    return escalated() == number and nothing_waits()


def wait_until_told(number: int = MANY) -> None:
    wait_until(lambda: all_is_told(number), "everything is escalated and told", 150)


def told() -> Counter[str]:
    """How many escalation mails are in which state."""
    return Counter(Delivery.objects.filter(intent__kind=MAIL, channel="mail").values_list("state", flat=True))


def died(running: Processes, process: subprocess.Popen, point: str) -> None:
    """Wait for the death by SIGKILL, and see by the note where it fell."""
    wait_until(lambda: process.poll() is not None, f"a process dies at {point}")
    assert process.returncode == -signal.SIGKILL
    assert running.crashed_at() == point.partition(":")[0]


class Api:
    """A program that talks to the web server with a token."""

    def __init__(self, address: str, person: User) -> None:
        self.address = address
        self.person = person
        scopes = ["tickets:read", "tickets:write"]
        _row, secret = issue_token(
            actor=person, user=person, name="test", scopes=scopes, expires_at=None, now=clock.now()
        )
        self.headers = {"Authorization": f"Bearer {secret}"}

    def submit(self, key: str, *, requester: str = "", timeout: float = 30) -> requests.Response:
        """One S ticket; the same key is the same request."""
        body = {
            "subject": "Down",
            "description": f"Nothing works: {key}",
            "impact": "business",
            "urgency": "blocked",
            "requester": {"email": requester or self.person.email, "name": "Mei Lin"},
        }
        headers = {**self.headers, "Idempotency-Key": key}
        return requests.post(f"{self.address}/api/v1/tickets/", json=body, headers=headers, timeout=timeout)

    def reply(self, ticket: Ticket, timeout: float = 30) -> requests.Response:
        path = f"{self.address}/api/v1/tickets/{ticket.number}/messages/"
        return requests.post(path, json={"body": "We look at it."}, headers=self.headers, timeout=timeout)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
