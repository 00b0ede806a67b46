"""Reading people and teams."""

import re
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Absence, Membership, Organization, Role, Team, User


def teams_in_reach(*, user: User) -> list[int]:
    """Ids of the teams whose tickets ``user`` may see: one's own, and for leads and deputies every team below."""
    return user.reach


def away(*, now: datetime, user: str = "pk") -> QuerySet[Absence]:
    """A correlated subquery: absences of the outer ``user`` that cover ``now``."""
    return Absence.objects.filter(user=OuterRef(user), starts_at__lte=now, ends_at__gt=now)


def present(*, users: QuerySet[User], now: datetime) -> QuerySet[User]:
    """Those of ``users`` who are active, on duty and not out of office at ``now``."""
    return users.filter(is_active=True, on_duty=True).exclude(Exists(away(now=now)))


def deputies_of(*, user: User) -> QuerySet[User]:
    """Who can stand in for ``user``: the active colleagues of their teams who work there."""
    teams = user.team_ids()
    works = Membership.objects.filter(
        user=OuterRef("pk"), team__in=teams, role__permissions__contains=["workspace.enter"]
    )
    return User.objects.filter(Exists(works), is_active=True).exclude(pk=user.pk)


def members(*, team: Team, roles: tuple[str, ...] = ("agent", "lead")) -> QuerySet[User]:
    """People of ``team`` in one of ``roles``; service accounts work there, but are nobody."""
    rows = User.objects.filter(memberships__team=team, memberships__role__code__in=roles, is_service=False)
    return rows.distinct()


def with_role(code: str) -> QuerySet[User]:
    """Active people who have the role ``code``, in whatever team."""
    return User.objects.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), role__code=code)), is_active=True)


def staff(*, users: QuerySet[User]) -> QuerySet[User]:
    """Those of ``users`` who work here: some role of theirs opens the workspace."""
    inside = Membership.objects.filter(
        user=OuterRef("pk"), role__in=Role.objects.filter(permissions__contains=["workspace.enter"])
    )
    return users.filter(Q(Exists(inside)) | Q(is_superuser=True))


def users_visible_to(*, user: User) -> QuerySet[User]:
    """Whom ``user`` may know of: outsiders only themselves; colleagues each other; who sees tickets, customers too."""
    if user.is_customer:
        return User.objects.filter(pk=user.pk)
    everybody = User.objects.filter(is_active=True)
    if any(user.may(code) for code in ("ticket.view_team", "ticket.view_all", "admin.configure")):
        return everybody
    return staff(users=everybody)


def teams_visible_to(*, user: User) -> QuerySet[Team]:
    """Teams are known inside the house only."""
    return Team.objects.none() if user.is_customer else Team.objects.all()


def teams_overseen(*, user: User) -> QuerySet[Team]:
    """The teams whose tickets ``user`` sees from the inside: all with `ticket.view_all`, else those in reach."""
    return Team.objects.all() if user.may("ticket.view_all") else Team.objects.filter(pk__in=teams_in_reach(user=user))


def organizations_visible_to(*, user: User) -> QuerySet[Organization]:
    """Inside the house all organizations (for those who see tickets); outside, one's own."""
    if any(user.may(code) for code in ("ticket.view_team", "ticket.view_all", "admin.configure")):
        return Organization.objects.all()
    return Organization.objects.filter(people=user)


def colleagues() -> QuerySet[User]:
    """Active people with a role that works on tickets or advises (everybody but customers)."""
    inside = Membership.objects.filter(user=OuterRef("pk"), role__permissions__contains=["workspace.enter"])
    return User.objects.filter(Exists(inside), is_active=True)


def staff_with_names(*, text: str) -> list[User]:
    """The colleagues whose name stands in ``text`` behind an @, longest names first so that none shadows another."""
    if "@" not in text:
        return []
    found = []
    for person in sorted(colleagues(), key=lambda user: -len(user.name)):
        # «@Ann» is not meant by «@Annabel»; Chinese names are followed by words without a space.
        end = r"(?![0-9A-Za-z])" if person.name.isascii() else ""
        text, times = re.subn(re.escape(f"@{person.name}") + end, "", text)
        if times:
            found.append(person)
    return found


def administrators(*, besides_role: Role | None = None) -> QuerySet[User]:
    """Active people who may set the system up (not counting what ``besides_role`` gives them)."""
    roles = Role.objects.filter(permissions__contains=["admin.configure"])
    if besides_role is not None:
        roles = roles.exclude(pk=besides_role.pk)
    holds = Exists(Membership.objects.filter(user=OuterRef("pk"), role__in=roles))
    return User.objects.filter(Q(holds) | Q(is_superuser=True), is_active=True)
