"""The house in which the walks happen: people, policies and a calendar as rows, put back before each walk."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pgtrigger
from django.db import connection, transaction
from django.test import Client

from accounts.models import Absence, Team, User
from accounts.services import duty, people
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    UserFactory,
    give_role,
    make_administrator,
    make_customer,
    make_manager,
)
from catalog.models import Category
from helpdesk.tests.properties.book import OFFICE, POLICIES, RUNG_WAITS
from helpdesk.tests.properties.working import Hours
from sla.models import Calendar, CalendarDay, EscalationStep, Policy, Target
from sla.services.calendars import snapshot

#: Who may hold the tickets of which team: a lead those of the teams below too.
REACH = {
    "ann": {"first"},
    "bob": {"first"},
    "lena": {"first"},
    "dora": {"first"},
    "cleo": {"second"},
    "sven": {"first", "second"},
}
LEADS = ("lena", "dora", "sven")
STAFF = tuple(REACH)
CUSTOMERS = ("cara", "carl")
CATEGORIES = ("network", "printing")
_WEEK = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
#: Emptied before each walk, with all that points at them. Numbers of tickets go on.
_EMPTIED = "tickets_ticket, tickets_ticketevent, outbox_keptanswer, outbox_intent, outbox_ratewindow, accounts_absence"


class House:
    """Two teams, the second above the first; everybody is known by a short name."""

    def __init__(self) -> None:
        Team.objects.update(is_fallback=False)
        first, second = TeamFactory(code="first", is_fallback=True), TeamFactory(code="second")
        self.teams = {"first": first, "second": second}
        self.people: dict[str, User] = {}
        roles = {"ann": "agent", "bob": "agent", "lena": "lead", "dora": "lead", "cleo": "agent", "sven": "lead"}
        for name, role in roles.items():
            team = second if name in ("cleo", "sven") else first
            self.people[name] = give_role(UserFactory(name=name), role, team)
        # The leads' own room is small, so that assignment by load reaches agents and leads alike.
        User.objects.filter(pk__in=[self.people[name].pk for name in STAFF]).update(capacity=2)
        organization = OrganizationFactory()
        self.people["cara"] = make_customer(organization, name="cara")
        self.people["carl"] = make_customer(organization, name="carl", sees_organization=True)
        self.people["pia"] = give_role(UserFactory(name="pia"), "product")
        self.people["max"] = make_manager(name="max")
        self.people["ada"] = make_administrator(name="ada")
        self.categories = {code: Category.objects.create(code=code, name=code, name_en=code) for code in CATEGORIES}
        self.calendar = Calendar.objects.get()
        self.names = {user.pk: name for name, user in self.people.items()}
        self.team_names = {team.pk: name for name, team in self.teams.items()}
        self.left: set[str] = set()
        self._clients: dict[str, Client] = {}
        self._write_promises()

    def _write_promises(self) -> None:
        Policy.objects.update(is_active=False)
        self.policies = [
            Policy.objects.create(
                name=f"walk {place}",
                position=place,
                severity=row.severity,
                team=self.teams.get(row.team or ""),
                category=self.categories.get(row.category or ""),
            )
            for place, row in enumerate(POLICIES)
        ]
        EscalationStep.objects.all().delete()
        for severity in "SAB":
            for level, whom in enumerate(("lead", "deputy", "next_level"), start=1):
                minutes = RUNG_WAITS[level].total_seconds() / 60 if level > 1 else 0
                EscalationStep.objects.create(severity=severity, level=level, whom=whom, after_minutes=minutes)

    def restore(self, now: datetime) -> None:
        """As if nobody had ever walked here."""
        with pgtrigger.ignore(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {_EMPTIED} CASCADE")
        self.left = set()
        User.objects.filter(pk__in=self.names).update(is_active=True, on_duty=True)
        first, second = self.teams["first"], self.teams["second"]
        Team.objects.filter(pk=first.pk).update(
            is_fallback=True, lead=self.people["lena"], deputy=self.people["dora"], next_level=second
        )
        Team.objects.filter(pk=second.pk).update(lead=self.people["sven"], deputy=None)
        Target.objects.filter(policy__in=self.policies).delete()
        Target.objects.bulk_create(
            Target(
                policy=policy,
                metric=target.metric,
                amount=target.amount,
                unit=target.unit,
                calendar=self.calendar if target.in_office_hours else None,
                warn_share="0.75",
            )
            for policy, row in zip(self.policies, POLICIES, strict=True)
            for target in row.targets
        )
        self.write_calendar(OFFICE, now)

    def write_calendar(self, hours: Hours, now: datetime) -> None:
        with transaction.atomic():
            Calendar.objects.filter(pk=self.calendar.pk).update(zone=hours.zone.key, weekly_hours=_WEEK)
            CalendarDay.objects.filter(calendar=self.calendar).delete()
            CalendarDay.objects.bulk_create(
                CalendarDay(calendar=self.calendar, date=day, intervals=[]) for day in hours.free
            )
            snapshot(calendar=self.calendar, now=now)

    def person(self, name: str) -> User:
        """Fresh from the database, without rights that were read earlier."""
        return User.objects.get(pk=self.people[name].pk)

    def change_amount(self, place: int, metric: str, amount: int) -> bool:
        return bool(Target.objects.filter(policy=self.policies[place], metric=metric).update(amount=amount))

    def goes_away(self, name: str, hours: int, now: datetime) -> None:
        person = self.person(name)
        if person.absences.filter(ends_at__gt=now).exists():  # one at a time: who is away already stays so
            return
        duty.add_absence(actor=person, user=person, starts_at=now, ends_at=now + timedelta(hours=hours), now=now)

    def comes_back(self, name: str, now: datetime) -> None:
        person = self.person(name)
        duty.set_duty(actor=person, user=person, on_duty=True, now=now)
        for absence in Absence.objects.filter(user=person, ends_at__gt=now):
            duty.remove_absence(actor=person, absence=absence, now=now)

    def leaves(self, name: str, now: datetime) -> None:
        self.left.add(name)
        people.deactivate_user(actor=self.person("ada"), user=self.person(name), now=now)

    def loses_place(self, name: str) -> None:
        """The administrator takes this name off the rows of teams."""
        Team.objects.filter(lead=self.people[name]).update(lead=None)
        Team.objects.filter(deputy=self.people[name]).update(deputy=None)

    def present(self, now: datetime) -> set[str]:
        """Who is there, asked of the rows by the model's own words."""
        here = User.objects.filter(pk__in=self.names, is_active=True, on_duty=True).values_list("pk", flat=True)
        away = Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).values_list("user", flat=True)
        return {self.names[pk] for pk in set(here) - set(away)}

    def active(self) -> set[str]:
        return set(self.people) - self.left

    def client_of(self, name: str) -> Client:
        """A browser in which a customer is signed in; kept, because signing in is slow."""
        if name not in self._clients:
            self._clients[name] = Client()
            self._clients[name].force_login(self.people[name])
        return self._clients[name]


def free_days(start: datetime) -> list[date]:
    """Working days shortly after ``start`` on which a holiday may be declared."""
    days = (start.date() + timedelta(days=ahead) for ahead in range(1, 6))
    return [day for day in days if OFFICE.works_on(day)]
