"""What is open now: by status, severity and age, and how loaded the teams are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from accounts.selectors import present, teams_overseen
from reports.selectors.measures import DIMENSIONS
from tickets.querysets import TicketQuerySet

#: Ages by their upper end, the last one open.
AGES: tuple[tuple[str, str | Promise, timedelta | None], ...] = (
    ("4h", _("up to 4 hours"), timedelta(hours=4)),
    ("1d", _("4–24 hours"), timedelta(days=1)),
    ("3d", _("1–3 days"), timedelta(days=3)),
    ("7d", _("3–7 days"), timedelta(days=7)),
    ("old", _("over 7 days"), None),
)


@dataclass(frozen=True)
class Backlog:
    total: int
    escalated: int
    unassigned: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    by_age: dict[str, int]


@dataclass(frozen=True)
class Load:
    """A team's open tickets against the sum of what its present people can hold.

    `escalated` counts those with a breach that nobody has acknowledged.
    """

    team: Any
    open: int
    escalated: int
    unassigned: int
    capacity: int


def age_condition(name: str, *, now: datetime) -> Q:
    """Tickets whose age falls into the bucket ``name`` of `AGES`; the upper end belongs to it."""
    younger = timedelta(0)
    for code, _label, oldest in AGES:
        if code == name:
            condition = Q(created_at__lt=now - younger) if younger else Q()
            return condition & Q(created_at__gte=now - oldest) if oldest else condition
        younger = oldest or younger
    raise KeyError(name)


def backlog(tickets: TicketQuerySet, *, now: datetime) -> Backlog:
    """Everything unresolved, whatever the period (mission.md 9.1: backlog)."""
    rows = tickets.unresolved().order_by()
    ages = {f"age_{code}": Count("pk", filter=age_condition(code, now=now)) for code, _label, _oldest in AGES}
    cells = list(
        rows.values("status", "severity").annotate(
            count=Count("pk"),
            escalated=Count("pk", filter=Q(breached_at__isnull=False)),
            unassigned=Count("pk", filter=Q(assignee=None)),
            **ages,
        )
    )

    def total(name: str, **of: str) -> int:
        return sum(cell[name] for cell in cells if all(cell[key] == value for key, value in of.items()))

    return Backlog(
        total=total("count"),
        escalated=total("escalated"),
        unassigned=total("unassigned"),
        by_status={code: total("count", status=code) for code in ("new", "open", "pending", "on_hold")},
        by_severity={code: total("count", severity=code) for code in "SAB"},
        by_age={code: total(f"age_{code}") for code, _label, _oldest in AGES},
    )


def open_by(dimension: str, tickets: TicketQuerySet) -> dict[Any, dict[str, int]]:
    """What is open now by the key of a dimension (None: the tickets that have none)."""
    key = DIMENSIONS[dimension]
    counted = (
        tickets.unresolved()
        .order_by()
        .values(key)
        .annotate(
            open=Count("pk"),
            escalated=Count("pk", filter=Q(breached_at__isnull=False)),
            unassigned=Count("pk", filter=Q(assignee=None)),
        )
    )
    return {row.pop(key): row for row in counted}


def capacity_by(dimension: str, *, now: datetime) -> dict[int, int]:
    """How many tickets the people who are present can hold, by ``team`` or ``person``; nothing else can hold any."""
    if dimension not in ("team", "person"):
        return {}
    working = Membership.objects.filter(
        user__in=present(users=User.objects.all(), now=now), role__permissions__contains=["ticket.work"]
    )
    found: dict[int, int] = {}
    if dimension == "person":
        return dict(working.values_list("user", "user__capacity"))
    for row in working.filter(team__isnull=False).values("team", "user", "user__capacity").distinct():
        found[row["team"]] = found.get(row["team"], 0) + row["user__capacity"]
    return found


def load(tickets: TicketQuerySet, *, user: User, now: datetime) -> list[Load]:
    """The teams that ``user`` oversees, the fullest first: open tickets against the capacity of who is present."""
    counts, capacity = open_by("team", tickets), capacity_by("team", now=now)
    nothing = {"open": 0, "escalated": 0, "unassigned": 0}
    found = [
        Load(team, capacity=capacity.get(team.pk, 0), **counts.get(team.pk, nothing))
        for team in teams_overseen(user=user)
    ]
    return sorted(found, key=lambda row: (-row.open / max(row.capacity, 1), row.team.label))
