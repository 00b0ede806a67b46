"""Reading people and teams."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Absence, Team, User


def teams_in_reach(*, user: User) -> list[int]:
    """Ids of the teams whose tickets ``user`` may see: one's own, and for leads and deputies every team below."""
    own = set(user.team_ids())
    led = set(user.team_ids("lead"))
    children: dict[int, list[int]] = {}
    if led:
        for team_id, above in Team.objects.filter(next_level__isnull=False).values_list("id", "next_level_id"):
            children.setdefault(above, []).append(team_id)
    queue = list(led)
    while queue:
        for below in children.get(queue.pop(), []):
            if below not in own:
                own.add(below)
                queue.append(below)
    return sorted(own)


def away(*, now: datetime) -> QuerySet[Absence]:
    """A correlated subquery: absences of the outer user that cover ``now``."""
    return Absence.objects.filter(user=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)


def present(*, users: QuerySet[User], now: datetime) -> QuerySet[User]:
    """Those of ``users`` who are active, on duty and not out of office at ``now``."""
    return users.filter(is_active=True, on_duty=True).exclude(Exists(away(now=now)))


def members(*, team: Team, roles: tuple[str, ...] = ("agent", "lead")) -> QuerySet[User]:
    """People of ``team`` in one of ``roles``."""
    return User.objects.filter(memberships__team=team, memberships__role__code__in=roles).distinct()
