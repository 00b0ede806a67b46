"""Steps that decide who has a ticket, and what leads do about escalations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from helpdesk.tests.properties import model
from helpdesk.tests.properties.house import LEADS, REACH, STAFF
from helpdesk.tests.properties.moving import Moving
from helpdesk.tests.properties.rows import fingerprint
from helpdesk.tests.properties.walk import TICKETS
from tickets.models import Escalation
from tickets.services import assigning, handover, lead

_NOTE = {"symptom": "It stands still.", "tried": "Restarted it.", "asked": "Read the dump."}


class Holding(Moving):
    @rule(ticket=TICKETS, by=st.sampled_from(STAFF))
    def take(self, ticket: model.Ticket, by: str) -> None:
        now = self.at(ticket)

        def expect() -> None:
            if by not in self.house.active():
                raise model.Refused
            if ticket.assignee != by:
                self._demand_takeable(ticket, by)
                if ticket.assignee:
                    raise model.Refused
            ticket.overdue(now)
            ticket.assignee = by

        self.attempt(expect, lambda: assigning.take(ticket=self.row(ticket), actor=self.house.person(by), now=now))

    @rule(ticket=TICKETS, by=st.sampled_from([*LEADS, "bob"]))
    def take_over(self, ticket: model.Ticket, by: str) -> None:
        now = self.at(ticket)

        def expect() -> None:
            if by not in LEADS or by not in self.house.active():
                raise model.Refused
            if ticket.assignee != by:
                self._demand_takeable(ticket, by)
            ticket.overdue(now)
            ticket.assignee = by
            ticket.acknowledge(now)

        self.attempt(expect, lambda: assigning.take_over(ticket=self.row(ticket), actor=self.house.person(by), now=now))

    @staticmethod
    def _demand_takeable(ticket: model.Ticket, by: str) -> None:
        if not ticket.is_unresolved or ticket.team not in REACH[by]:
            raise model.Refused

    @rule(
        ticket=TICKETS,
        by=st.sampled_from(["ann", "lena", "sven"]),
        to=st.sampled_from([None, *STAFF, "pia", "max"]),
        team=st.sampled_from([None, None, "first", "second"]),
    )
    def assign(self, ticket: model.Ticket, by: str, to: str | None, team: str | None) -> None:
        now, row = self.at(ticket), self.row(ticket)
        active = self.house.active()
        goes = team not in (None, ticket.team)

        def expect() -> None:
            fits = to is None or ((team or ticket.team) in REACH.get(to, ()) and to in active)
            if by not in active or not fits or (goes and not ticket.is_unresolved):
                raise model.Refused
            ticket.overdue(now)

        def then() -> None:
            if by in LEADS and (to or team):
                ticket.acknowledge(now)
            if goes:
                ticket.said.append(("note", handover.note_words(**_NOTE)))
                row.refresh_from_db()
                ticket.change(now, team=team)
                ticket.assignee = to or self._chosen(row)
            elif to or team is None:
                ticket.assignee = to

        given: dict[str, Any] = {"ticket": row, "actor": self.house.person(by), "now": now}
        given |= {"assignee": self.house.person(to) if to in self.house.people else None}
        if team:
            given["team"] = self.house.teams[team]
        self.attempt(
            expect,
            lambda: handover.hand_over(**given, **_NOTE) if goes else assigning.assign(**given),
            then=then,
        )

    @rule(ticket=TICKETS, by=st.sampled_from([*LEADS, "max", "ann"]))
    def acknowledge(self, ticket: model.Ticket, by: str) -> None:
        now = self.at(ticket)

        def expect() -> None:
            if by == "ann" or by not in self.house.active():
                raise model.Refused
            ticket.overdue(now)
            ticket.acknowledge(now)

        self.attempt(expect, lambda: lead.acknowledge(ticket=self.row(ticket), actor=self.house.person(by), now=now))

    @rule(ticket=TICKETS, who=st.sampled_from(["pia", "cleo"]))
    def call_in(self, ticket: model.Ticket, who: str) -> None:
        now = self.at(ticket)
        actor = self.house.person("lena")

        def expect() -> None:
            if who not in self.house.active():
                raise model.Refused
            ticket.overdue(now)

        person = self.house.person(who)
        self.attempt(expect, lambda: lead.call_in(ticket=self.row(ticket), people=[person], actor=actor, now=now))

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF))
    def say_why_it_was_missed(self, ticket: model.Ticket, by: str) -> None:
        """11: asked once, answered once."""
        row = Escalation.objects.filter(ticket__number=ticket.number, level=1).order_by("pk").first()
        if row is None:
            return
        now, actor = self.at(ticket), self.house.person(by)

        def expect() -> None:
            if row.reason:
                raise model.Refused
            ticket.overdue(now)

        self.attempt(expect, lambda: lead.give_breach_reason(escalation=row, reason="busy", actor=actor, now=now))

    def hand_on_orphans(self) -> None:
        """3: afterwards nobody who left has anything that is not resolved."""
        here = self.house.active()
        orphaned = [t for t in self.model.values() if t.is_unresolved and t.assignee and t.assignee not in here]
        for ticket in orphaned:
            self.at(ticket)
        assert assigning.hand_on_orphans() == len(orphaned)
        for ticket in orphaned:
            ticket.overdue(self.now)
            ticket.assignee = self._chosen(self.row(ticket))
        before = fingerprint()
        assert assigning.hand_on_orphans() == 0
        assert fingerprint() == before
