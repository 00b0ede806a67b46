"""Who in the team takes a ticket (mission.md 3.2): skill, load relative to capacity, duty.

Each candidate gets ``w · level/5 + (1 - w) · (1 - load/capacity)``, the highest wins. The graver the ticket, the more
skill counts (`SKILL_WEIGHT`): an S ticket goes to the one who can solve it, a B ticket to the one who has time.
A category that asks for no skill leaves the load alone to decide. Ties: fewer open tickets, then the older account.
The team's lead is asked only when no agent is free, because escalations need a free lead.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from django.db import connection
from django.db.models import Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Membership, SkillLevel, Team, User
from accounts.selectors import members, present
from catalog.models import Category
from sla.choices import Severity
from tickets.selectors.load import open_tickets
from tickets.triage import both_names

SKILL_WEIGHT = {Severity.S: Fraction(7, 10), Severity.A: Fraction(6, 10), Severity.B: Fraction(4, 10)}
BEST_LEVEL = 5
# The first key of the advisory lock, so that no other use of such locks can meet this one.
_LOCK_SPACE = 0x7E41


@dataclass(frozen=True)
class Choice:
    """The person, or None with the reason; ``reasons`` are added to `Ticket.routing`."""

    user: User | None
    reasons: list[dict] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """One free person with what the choice depends on."""

    user: User
    level: int
    open: int
    capacity: int
    is_agent: bool = True


def choose_assignee(
    *, team: Team | None, category: Category | None, severity: str, requester: User, now: datetime
) -> Choice:
    """Choose among the members of ``team`` who are on duty, not away and below their capacity.

    Nobody gets their own problem: ``requester`` may be a colleague.

    Call it in the transaction that assigns. Until that commits, other choices for the same team wait (an advisory
    lock), because they would all see the same loads and bury the same person. The price: tickets of one team are
    assigned one after the other, a few milliseconds each, so take no slow step between this call and the commit,
    and lock the ticket's row first everywhere.
    """
    if team is None:
        return Choice(None, [{"code": "assignment.nobody"}])
    lock_team(team.pk)
    skill = category.skill if category else None
    free = _candidates(team=team, skill_id=skill.pk if skill else None, now=now)
    best = pick((one for one in free if one.user.pk != requester.pk), severity=severity)
    if best is None:
        return Choice(None, [{"code": "assignment.nobody"}])
    reasons: list[dict] = []
    if skill and best.level:
        reasons.append({"code": "assignment.skill", "skill": both_names(skill), "level": best.level})
    reasons.append({"code": "assignment.load", "open": best.open, "capacity": best.capacity})
    return Choice(best.user, reasons)


def pick(candidates: Iterable[Candidate], *, severity: str) -> Candidate | None:
    """The best of ``candidates``; pure, and the same whatever their order."""
    free = [one for one in candidates if one.open < one.capacity]
    anybody_skilled = any(one.level for one in free)
    weight = SKILL_WEIGHT[Severity(severity)] if anybody_skilled else Fraction(0)

    def rank(one: Candidate) -> tuple:
        spare = 1 - Fraction(one.open, one.capacity)
        score = weight * Fraction(one.level, BEST_LEVEL) + (1 - weight) * spare
        return (one.is_agent, score, -one.open, -one.user.pk)

    return max(free, key=rank, default=None)


def lock_team(team_id: int) -> None:
    """Wait for other choices for this team, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, team_id])


def is_anybody_free(*, team: Team | None, now: datetime) -> bool:
    """Whether somebody of ``team`` (None: of any) is there and below their capacity: one query, nothing is locked."""
    works = Membership.objects.filter(user=OuterRef("pk"), role__code__in=("agent", "lead"), team__isnull=False)
    people = members(team=team) if team is not None else User.objects.filter(Exists(works))
    return _free(people, now=now).exists()


def _free(people: QuerySet, *, now: datetime) -> QuerySet:
    return present(users=people, now=now).annotate(open_tickets=open_tickets()).filter(open_tickets__lt=F("capacity"))


def _candidates(*, team: Team, skill_id: int | None, now: datetime) -> list[Candidate]:
    """Everybody of the team who is there, with load and level: one query."""
    level = SkillLevel.objects.filter(user=OuterRef("pk"), skill=skill_id).values("level")
    free = _free(members(team=team), now=now).annotate(
        skill_level=Coalesce(Subquery(level, output_field=IntegerField()), Value(0)),
        is_agent=Exists(Membership.objects.filter(user=OuterRef("pk"), team=team, role__code="agent")),
    )
    return [
        Candidate(user, user.skill_level, user.open_tickets, user.capacity, user.is_agent)
        for user in free.order_by("pk")
    ]
