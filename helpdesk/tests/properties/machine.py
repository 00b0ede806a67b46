"""Steps around the tickets: people come and go, promises change, mails leave, the customer looks."""

from __future__ import annotations

from django.core import mail
from django.urls import reverse
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from helpdesk.tests.properties import model
from helpdesk.tests.properties.book import POLICIES
from helpdesk.tests.properties.holding import Holding
from helpdesk.tests.properties.house import CUSTOMERS, LEADS, STAFF, free_days
from helpdesk.tests.properties.rows import fingerprint
from helpdesk.tests.properties.walk import TICKETS
from outbox import delivery
from outbox.models import Delivery, Intent

#: Of these somebody has to hear.
MUST_REACH = ("ticket.unassigned", "ticket.customer_message", "ticket.warning", "ticket.escalated", "ticket.reopened")


class Machine(Holding):
    @rule(
        who=st.sampled_from([*STAFF, "max"]),
        what=st.sampled_from(["goes away", "goes away", "comes back", "is no lead now"]),
        hours=st.integers(1, 30),
    )
    def somebody(self, who: str, what: str, hours: int) -> None:
        if who not in self.house.active():
            return
        if what == "goes away":
            self.house.goes_away(who, hours, self.now)
        elif what == "comes back":
            self.house.comes_back(who, self.now)
        elif what == "is no lead now":
            self.house.loses_place(who)

    @precondition(lambda self: len(self.house.left) < 3)
    @rule(ticket=TICKETS, otherwise=st.sampled_from([*STAFF, "max"]), job_runs=st.booleans())
    def somebody_leaves(self, ticket: model.Ticket, otherwise: str, job_runs: bool) -> None:
        """Most often whoever has a ticket. Lena never: nobody could do what only leads may."""
        who = ticket.assignee or otherwise
        if who in self.house.active() - {"lena"}:
            self.house.leaves(who, self.now)
        if job_runs:
            self.hand_on_orphans()

    @rule(place=st.integers(0, len(POLICIES) - 1), metric=st.integers(0, 2), amount=st.sampled_from([1, 2, 45, 400]))
    def administrator_changes_a_target(self, place: int, metric: int, amount: int) -> None:
        """What runs keeps its promise; what starts from now on, or follows another grade, has the new one."""
        targets = POLICIES[place].targets
        target = targets[metric % len(targets)]
        amount = min(amount, 3) if target.unit == "working_days" else amount
        assert self.house.change_amount(place, target.metric, amount)
        self.book.change_amount(place, target.metric, amount)

    @rule(place=st.integers(0, 9))
    def administrator_declares_a_holiday(self, place: int) -> None:
        days = free_days(self.now)
        self.book.office = self.book.office.without(days[place % len(days)])
        self.house.write_calendar(self.book.office, self.now)

    @rule(job=st.sampled_from(["outbox_delivers", "sweep_twice", "climb_twice", "hand_on_orphans", "silence_closes"]))
    def a_job_runs(self, job: str) -> None:
        getattr(self, job)()

    def outbox_delivers(self) -> None:
        """9: somebody hears of what must be heard. 8: customers get no note. 11: nothing leaves twice."""
        mail.outbox.clear()
        waiting = list(Intent.objects.filter(state="pending").values_list("pk", flat=True))
        present = self.house.present(self.now)
        delivery.run(read_clock=lambda: self.now)
        assert not Intent.objects.exclude(state="resolved").exists()
        for intent in Intent.objects.filter(pk__in=waiting, kind__in=MUST_REACH).prefetch_related("deliveries"):
            told = {self.house.names[row.user_id] for row in intent.deliveries.all()}
            assert told, f"nobody heard of {intent}"
            assert told <= self.house.active()
            if intent.kind == "ticket.escalated" and present & {*self._ladder_of(intent), "max"}:
                assert told & present, f"{told} are away; {present} are here"
        self._no_note_left_for_customers()
        before, sent = fingerprint(), len(mail.outbox)
        delivery.run(read_clock=lambda: self.now)
        assert (fingerprint(), len(mail.outbox)) == (before, sent)
        assert not Delivery.objects.filter(state__in=("queued", "dead", "bounced")).exists()

    def _ladder_of(self, intent: Intent) -> set[str]:
        """Who may stand on the last rung for this ticket whatever was told below it: the lead of the next level."""
        if self.model[intent.stream.removeprefix("ticket:")].team == "first":
            self.house.teams["second"].refresh_from_db()
            above = self.house.teams["second"].lead_id
            return {self.house.names[above]} & set(LEADS) if above else set()
        return set()

    def _no_note_left_for_customers(self) -> None:
        addresses = {self.house.people[name].email for name in CUSTOMERS}
        for message in mail.outbox:
            if addresses & set(message.recipients()):
                assert "noteword" not in str(message.message()), message.subject
                assert "noteword" not in message.body + "".join(part.content for part in message.alternatives)

    @rule(ticket=TICKETS)
    def customer_looks(self, ticket: model.Ticket) -> None:
        """8: every word that was said to them, and of a note none."""
        before = fingerprint()
        client = self.house.client_of(ticket.requester)
        shown = client.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
        assert "noteword" not in shown
        for kind, body in ticket.said:
            assert (body in shown) == (kind != "note")
        assert fingerprint() == before
