"""Whole conversations of real people in random order: mails of one thread end in one ticket."""

import json
import random
from collections import defaultdict

import pytest

from intake.mail import processing
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(team, monkeypatch):
    """A mailbox that takes part in mailing lists, where everybody answers everybody."""
    monkeypatch.setattr("intake.limits.MAILS_FROM_ONE", 1000)
    monkeypatch.setattr("tickets.limits.ACTIONS_AN_HOUR", 1000)
    return Mailbox.objects.create(address="list@yunfan.example", language="en", accepts_lists=True, open_threads=True)


def _feed(folder, name, seed, mailbox) -> tuple[dict[str, set], dict[str, int]]:
    """Thread → its tickets, and how many of its mails became what, after feeding the set ``name`` in random order."""
    entries = [one for one in json.loads((folder / "index.json").read_text()) if one["set"] == name]
    random.Random(seed).shuffle(entries)
    rows = {one["file"]: receive(raw=(folder / one["file"]).read_bytes(), mailbox=mailbox).pk for one in entries}
    processing.process_due()
    tickets: dict[str, set] = defaultdict(set)
    for one in entries:
        row = InboundMail.objects.select_related("ticket").get(pk=rows[one["file"]])
        assert row.state in ("processed", "duplicate"), (one["file"], row.state, row.reason, row.detail)
        ticket = row.ticket
        tickets[one["thread_by_references"]].add(ticket.merged_into_id or ticket.pk)
    return tickets, {thread: len(found) for thread, found in tickets.items()}


@pytest.mark.parametrize(
    ("name", "seed"),
    [("threading", 1), ("threading", 2), pytest.param("default", 1, marks=pytest.mark.proof),
     pytest.param("default", 2, marks=pytest.mark.proof), pytest.param("lkml", 1, marks=pytest.mark.proof)],
)  # fmt: skip
def test_mails_of_a_thread_end_in_one_ticket_in_whatever_order(test_data, mailbox, name, seed):
    tickets, counts = _feed(test_data / "mail-threads", name, seed, mailbox)
    assert set(counts.values()) == {1}, counts
    together = [next(iter(found)) for found in tickets.values()]
    assert len(set(together)) == len(together)  # and none with another
