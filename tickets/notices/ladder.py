"""Who stands on which rung at this moment: away people are skipped, and there is always somebody (mission.md 4.1)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from accounts.models import Team, User
from accounts.selectors import present, with_role
from outbox.models import Delivery
from sla.models import EscalationStep
from tickets.models import Escalation

_HEIGHT = 10  # teams above teams; a circle in the rows must not hang the delivery


def responsible_lead(team: Team | None, *, now: datetime) -> User | None:
    """The first present person upwards from the team's lead; the lead even if away when nobody is present."""
    return _first_present(_upwards(team), now=now) or (team.lead if team else None)


def people_for_rung(row: Escalation, *, now: datetime) -> list[User]:
    """Whom one rung of an escalation tells, found when it is sent."""
    team = row.ticket.team
    step = EscalationStep.objects.filter(severity=row.severity, level=row.level).first()
    whom = step.whom if step else EscalationStep.Whom.LEAD
    if whom == EscalationStep.Whom.MANAGER:
        return _managers(now=now)
    chain = {
        EscalationStep.Whom.LEAD: lambda: _upwards(team),
        EscalationStep.Whom.DEPUTY: lambda: _upwards(team, skip_lead=True),
        EscalationStep.Whom.NEXT_LEVEL: lambda: _upwards(team.next_level if team else None),
    }[EscalationStep.Whom(whom)]
    told = _told_below(row)
    person = _first_present((one for one in chain() if one.pk not in told), now=now)
    if person is None:
        return _managers(now=now) or [user for user in (team.lead if team else None,) if user]
    return [person]


def _told_below(row: Escalation) -> set[int]:
    """Who heard on a lower rung already: a deputy who stood in for the lead is not the next one to ask."""
    keys = [row.key_of(level) for level in range(1, row.level)]
    return set(Delivery.objects.filter(intent__dedupe_key__in=keys, user__isnull=False).values_list("user", flat=True))


def nobody_else() -> list[User]:
    """When no one else is found: every administrator, then every superuser."""
    return list(with_role("administrator")) or list(User.objects.filter(is_superuser=True, is_active=True))


def _upwards(team: Team | None, *, skip_lead: bool = False) -> Iterator[User]:
    for _level in range(_HEIGHT):
        if team is None:
            return
        for person in (None if skip_lead else team.lead, team.deputy):
            if person is not None:
                yield person
        skip_lead = False
        team = team.next_level


def _first_present(chain: Iterable[User], *, now: datetime) -> User | None:
    """The first who is there and can act: a name that stayed on the team's row after the role went is passed over."""
    for person in chain:
        if person.may("escalation.handle") and present(users=User.objects.filter(pk=person.pk), now=now).exists():
            return person
    return None


def _managers(*, now: datetime) -> list[User]:
    return list(present(users=with_role("manager"), now=now)) or list(with_role("manager"))
