"""Steps that move a ticket or change what it is: status, resolution, grade, category."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from helpdesk.tests.properties import model
from helpdesk.tests.properties.house import CATEGORIES, LEADS, STAFF
from helpdesk.tests.properties.talking import Talking
from helpdesk.tests.properties.walk import TICKETS
from tickets.models import SeverityContest
from tickets.services import grades, moves, properties
from tickets.services.cause_reports import report_cause


class Moving(Talking):
    @rule(
        ticket=TICKETS,
        by=st.sampled_from(STAFF),
        status=st.sampled_from(["open", "pending", "on_hold", "on_hold", "resolved", "new"]),
        reason=st.sampled_from(["", "the vendor", "the vendor"]),
    )
    def move(self, ticket: model.Ticket, by: str, status: str, reason: str) -> None:
        now = self.at(ticket)
        self.attempt(
            lambda: ticket.set_status(status, now, reason),
            lambda: moves.set_status(
                ticket=self.row(ticket), actor=self.house.person(by), status=status, reason=reason, now=now
            ),
        )

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF))
    def resolve(self, ticket: model.Ticket, by: str) -> None:
        if by not in self.house.active():
            return
        body, now = self.word("solution"), self.at(ticket)
        self.attempt(
            lambda: ticket.resolve(body, now),
            lambda: moves.resolve_ticket(
                ticket=self.row(ticket), actor=self.house.person(by), cause="c", solution=body,
                verification="customer", now=now,
            ),
            then=lambda: self._takes_if_free(ticket, by),
        )  # fmt: skip

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF))
    def report_cause(self, ticket: model.Ticket, by: str) -> None:
        now, parts = self.at(ticket), {"course": "c", "cause": "c", "prevention": "p"}
        self.attempt(
            lambda: ticket.report_cause(now),
            lambda: report_cause(ticket=self.row(ticket), actor=self.house.person(by), **parts, now=now),
        )

    @rule(ticket=TICKETS)
    def confirm(self, ticket: model.Ticket) -> None:
        now = self.at(ticket)
        self.attempt(
            lambda: ticket.close(now),
            lambda: moves.confirm_solution(ticket=self.row(ticket), actor=self.house.person(ticket.requester), now=now),
        )

    @rule(ticket=TICKETS, silent=st.booleans())
    def refute(self, ticket: model.Ticket, silent: bool) -> None:
        now, body = self.at(ticket), "" if silent else self.word("no")
        customer = self.house.person(ticket.requester)
        self.attempt(
            lambda: ticket.refute(now, body),
            lambda: moves.refute_solution(ticket=self.row(ticket), actor=customer, comment=body, now=now),
        )

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF))
    def reopen(self, ticket: model.Ticket, by: str) -> None:
        now, body = self.at(ticket), self.word("note")
        self.attempt(
            lambda: ticket.reopen(now, body),
            lambda: moves.reopen_ticket(ticket=self.row(ticket), actor=self.house.person(by), reason=body, now=now),
        )

    def silence_closes(self) -> None:
        moves.close_silent()
        for ticket in self.model.values():
            if ticket.status == "resolved" and self.book.office.same_time(ticket.resolved, 3) <= self.now:
                ticket.close(self.now)
                self.touched[ticket.number] = self.now

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF), severity=st.sampled_from("SAB"))
    def regrade(self, ticket: model.Ticket, by: str, severity: str) -> None:
        body, now = self.word("because"), self.at(ticket)
        self.attempt(
            lambda: ticket.regrade(severity, now, body),
            lambda: grades.regrade(
                ticket=self.row(ticket), actor=self.house.person(by), severity=severity, reason=body, now=now
            ),
        )

    @rule(ticket=TICKETS, wanted=st.sampled_from("SAB"))
    def contest(self, ticket: model.Ticket, wanted: str) -> None:
        now, customer = self.at(ticket), self.house.person(ticket.requester)

        def expect() -> None:
            if wanted == ticket.severity or ticket.contest or not ticket.is_unresolved:
                raise model.Refused
            ticket.overdue(now)
            ticket.contest = wanted

        self.attempt(
            expect, lambda: grades.contest(ticket=self.row(ticket), actor=customer, wanted=wanted, reason="r", now=now)
        )

    @rule(ticket=TICKETS, by=st.sampled_from([*LEADS, "ann"]), accept=st.booleans())
    def decide(self, ticket: model.Ticket, by: str, accept: bool) -> None:
        row = SeverityContest.objects.filter(ticket__number=ticket.number).order_by("-pk").first()
        if row is None:
            return
        body, now = self.word("because"), self.at(ticket)

        def expect() -> None:
            if ticket.contest is None or by not in LEADS or by not in self.house.active():
                raise model.Refused
            wanted, ticket.contest = ticket.contest, None
            if accept and wanted != ticket.severity:
                ticket.regrade(wanted, now, body)
            ticket.overdue(now)

        self.attempt(
            expect,
            lambda: grades.decide_contest(row=row, actor=self.house.person(by), accept=accept, answer=body, now=now),
        )

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF), category=st.sampled_from(CATEGORIES))
    def choose_category(self, ticket: model.Ticket, by: str, category: str) -> None:
        now = self.at(ticket)

        def expect() -> None:
            if by not in self.house.active():
                raise model.Refused
            if category == ticket.category:
                ticket.overdue(now)
            else:
                ticket.change(now, category=category)

        chosen = self.house.categories[category]
        self.attempt(
            expect,
            lambda: properties.set_properties(
                ticket=self.row(ticket), actor=self.house.person(by), category=chosen, now=now
            ),
        )
