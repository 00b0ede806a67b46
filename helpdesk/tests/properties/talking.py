"""Steps in which something is said: submissions, answers, notes, words of the customer; also twice and at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, precondition, rule

from helpdesk.tests.properties import model
from helpdesk.tests.properties.book import ANSWERED_BY
from helpdesk.tests.properties.house import CATEGORIES, CUSTOMERS, REACH, STAFF
from helpdesk.tests.properties.rows import fingerprint
from helpdesk.tests.properties.walk import HOURS, MINUTES, RINGS, STARTS, TICKETS, Tally, Walk
from helpdesk.tests.properties.workers import in_two_threads
from outbox.once import KeyReused, once
from tickets.models import Ticket
from tickets.services import conversation, urging
from tickets.services.intake import Submission, create_ticket
from tickets.services.locking import StaleTicket

SAID = {"S": ("business", "blocked"), "A": ("many", "blocked"), "B": ("one", "normal")}
MARKS = st.sets(st.sampled_from(sorted(set().union(*filter(None, ANSWERED_BY.values())))), max_size=2)


class Talking(Walk):
    @initialize(target=TICKETS, start=st.sampled_from(STARTS), severity=st.sampled_from("SAB"))
    def open_the_house(self, start: datetime, severity: str) -> model.Ticket:
        self.set_time(start)
        self.house.restore(start)
        return self.submit(severity, CUSTOMERS[0], None)

    def submit(self, severity: str, requester: str, category: str | None) -> model.Ticket:
        key, body = f"key-{next(Tally.words)}", self.word("asked")
        ticket, answer, replayed = self._once(key, body, severity, requester, category)
        assert not replayed
        self.keys.append((key, body, requester, answer))
        return self._welcome(ticket, body, severity, requester, category)

    @precondition(lambda self: len(self.model) < 4)
    @rule(
        target=TICKETS,
        severity=st.sampled_from("SAB"),
        requester=st.sampled_from(CUSTOMERS),
        category=st.sampled_from([None, None, *CATEGORIES]),
    )
    def another_comes(self, severity: str, requester: str, category: str | None) -> model.Ticket:
        return self.submit(severity, requester, category)

    def _once(self, key: str, body: str, *rest: Any, fingerprint: str = "") -> tuple[Ticket, dict, bool]:
        def make() -> tuple[int, dict]:
            severity, requester, category = rest
            submission = Submission(
                subject="qwx zvb",
                description=body,
                requester=self.house.person(requester),
                impact=SAID[severity][0],
                urgency=SAID[severity][1],
                category=self.house.categories.get(category or ""),
            )
            made = create_ticket(submission=submission, actor=None, now=self.now)
            return 201, {"number": made.number}

        user = self.house.person(rest[1])
        _status, answer, replayed = once(
            user_id=user.pk, key=key, fingerprint=fingerprint or body, now=self.now, make=make
        )
        return Ticket.objects.get(number=answer["number"]), answer, replayed

    def _welcome(self, row: Ticket, body: str, severity: str, requester: str, category: str | None) -> model.Ticket:
        assert row.number not in Tally.numbers, "a number was given twice"
        Tally.numbers.add(row.number)
        team = self.house.team_names[row.team_id]
        ticket = model.Ticket(row.number, self.book, severity, team, category, requester, self.now)
        ticket.said.append(("customer", body))
        ticket.assignee = self._chosen(row)
        self.model[row.number] = ticket
        return ticket

    def _chosen(self, row: Ticket) -> str | None:
        """Whom the product chose by load: the model takes over the name, if that person is there."""
        name = self.house.names.get(row.assignee_id)
        assert name is None or (name in self.house.present(self.now) and row.team.code in REACH[name])
        return name

    @precondition(lambda self: self.keys)
    @rule(place=st.integers(0, 9), otherwise=st.booleans())
    def submit_again_with_the_same_key(self, place: int, otherwise: bool) -> None:
        """11: the same answer and nothing new; with other words it is refused."""
        key, body, requester, answer = self.keys[place % len(self.keys)]
        before = fingerprint()
        if otherwise:
            with pytest.raises(KeyReused):
                self._once(key, body, "B", requester, None, fingerprint="other words")
        else:
            ticket, again, replayed = self._once(key, body, "B", requester, None)
            assert (ticket.number, again, replayed) == (answer["number"], answer, True)
        assert fingerprint() == before

    @rule(
        ticket=TICKETS, by=st.sampled_from(STAFF), marks=MARKS, status=st.sampled_from(["", "", "", "open", "closed"])
    )
    def answer(self, ticket: model.Ticket, by: str, marks: set[str], status: str) -> None:
        self._answer(ticket, by, marks, status)

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF), marks=MARKS)
    def answer_and_ask(self, ticket: model.Ticket, by: str, marks: set[str]) -> None:
        self._answer(ticket, by, marks, "pending")

    @rule(
        target=TICKETS,
        ticket=TICKETS,
        by=st.sampled_from(STAFF),
        wait=st.sampled_from([*MINUTES, *HOURS]),
        hears=st.booleans(),
        rings=RINGS,
    )
    def ask_and_wait(self, ticket: model.Ticket, by: str, wait: timedelta, hears: bool, rings: bool) -> Any:
        """What happens all the time, and seldom by chance: a question, a while, and perhaps an answer."""
        self._answer(ticket, by, set(), "pending")
        self.time_goes_to(self.now + wait, rings)
        return self._customer_says(ticket) if hears else multiple()

    def _answer(self, ticket: model.Ticket, by: str, marks: set[str], status: str) -> None:
        if by not in self.house.active():
            return
        body = self.word("answer")
        now = self.at(ticket)
        self.attempt(
            lambda: ticket.reply(body, now, marks, status),
            lambda: conversation.reply(
                ticket=self.row(ticket), actor=self.house.person(by), body=body, marks=marks, status=status, now=now
            ),
            then=lambda: self._takes_if_free(ticket, by),
        )

    def _takes_if_free(self, ticket: model.Ticket, by: str) -> None:
        if ticket.assignee is None and ticket.team in REACH[by]:
            ticket.assignee = by

    @rule(ticket=TICKETS, by=st.sampled_from([*STAFF, "pia"]))
    def write_a_note(self, ticket: model.Ticket, by: str) -> None:
        body = self.word("note") + " @ann"
        now = self.at(ticket)
        conversation.add_note(ticket=self.row(ticket), actor=self.house.person(by), body=body, now=now)
        ticket.note(body, now)

    @rule(target=TICKETS, ticket=TICKETS)
    def customer_writes(self, ticket: model.Ticket) -> Any:
        return self._customer_says(ticket)

    def _customer_says(self, ticket: model.Ticket) -> Any:
        """Long after closing, the words become a ticket that follows the old one."""
        body, now = self.word("more"), self.at(ticket)
        author = self.house.person(ticket.requester)
        message = conversation.customer_message(ticket=self.row(ticket), author=author, body=body, now=now)
        if ticket.closed is None or now - ticket.closed <= model.REOPENS_WITHIN:
            ticket.customer_says(body, now)
            return multiple()
        row = Ticket.objects.get(pk=message.ticket_id)
        assert row.follow_up_of.number == ticket.number
        return self._welcome(row, body, row.severity, ticket.requester, ticket.category)

    @rule(ticket=TICKETS)
    def customer_urges(self, ticket: model.Ticket) -> None:
        now, customer = self.at(ticket), self.house.person(ticket.requester)
        self.attempt(lambda: ticket.urge(now), lambda: urging.urge(ticket=self.row(ticket), actor=customer, now=now))

    @precondition(lambda self: self.threads_left)
    @rule(ticket=TICKETS, by=st.sampled_from([("ann", "bob"), ("lena", "sven")]), marks=MARKS)
    def two_answer_at_once(self, ticket: model.Ticket, by: tuple[str, str], marks: set[str]) -> None:
        """4: both survive, whoever is first."""
        if not ticket.is_unresolved or not set(by) <= self.house.active():
            return
        self.threads_left -= 1
        now, row = self.at(ticket), self.row(ticket)
        bodies = [self.word("answer"), self.word("answer")]
        people = [self.house.person(name) for name in by]

        def say(place: int) -> None:
            actor = people[place]
            conversation.reply(ticket=row, actor=actor, body=bodies[place], marks=marks, now=now)

        in_two_threads(say)
        order = list(row.messages.order_by("-pk").values_list("body", flat=True)[:2])[::-1]
        assert sorted(order) == sorted(bodies)
        for body in order:
            ticket.reply(body, now, marks)
            self._takes_if_free(ticket, by[bodies.index(body)])

    @precondition(lambda self: self.threads_left)
    @rule(target=TICKETS, requester=st.sampled_from(CUSTOMERS))
    def two_submit_with_one_key(self, requester: str) -> model.Ticket:
        """1, 11: one ticket, one answer."""
        self.threads_left -= 1
        key, body, got = f"key-{next(Tally.words)}", self.word("asked"), []
        in_two_threads(lambda _place: got.append(self._once(key, body, "A", requester, None)))
        assert got[0][:2] == got[1][:2]
        assert {one[2] for one in got} == {True, False}
        self.keys.append((key, body, requester, got[0][1]))
        return self._welcome(Ticket.objects.get(pk=got[0][0].pk), body, "A", requester, None)

    @rule(ticket=TICKETS, by=st.sampled_from(STAFF), behind=st.integers(1, 3))
    def write_on_a_stale_page(self, ticket: model.Ticket, by: str, behind: int) -> None:
        """4: never; on the present page it goes through."""
        row = self.row(ticket)
        before = fingerprint()
        with pytest.raises(ValidationError) as refused:
            conversation.reply(
                ticket=row, actor=self.house.person(by), body="late", revision=row.revision - behind, now=self.now
            )
        assert isinstance(refused.value, StaleTicket) or not ticket.is_unresolved
        assert fingerprint() == before
