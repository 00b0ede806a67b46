"""Faults 1 to 4: kill -9 of a worker at named places, in the middle of two hundred due deadlines.

The file that a dying process leaves proves where it fell, the rows at its death prove that it fell in the middle.
"""

import pytest

from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    FIRST_WAVE,
    HALF,
    LEASES_OVER,
    MAIL,
    MANY,
    all_is_told,
    died,
    escalated,
    ids,
    numbers,
    told,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import SWEEP_BATCH, wait_until
from outbox import clock
from outbox.models import Delivery

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("point", "batches"),
    [
        ("sweep-after-claim:4", 3),
        ("escalation-inserted:4", 3),
        ("sweep-before-commit:4", 3),
        ("sweep-after-commit:4", 4),
    ],
)
def test_a_worker_killed_while_it_escalates(point, batches, team, running, sink):
    """All two hundred are due; the death falls into the fourth batch, which is done whole or not at all."""
    running.beat(quick=True)
    first = running.worker(crash_at=point)
    tickets = two_waves(team)
    clock.shift(BOTH_WAVES)
    died(running, first, point)
    assert 0 < escalated() == batches * SWEEP_BATCH < MANY
    running.worker()
    wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


@pytest.mark.parametrize(
    ("place", "claimed", "arrived"),
    [
        ("before-claim-commits", False, False),
        ("after-claim", True, False),
        ("before-send", True, False),
        ("after-send-before-commit", True, True),
    ],
)
def test_a_worker_killed_while_it_tells(place, claimed, arrived, team, running, sink):
    """The mails of the first wave went out; the death falls on those of the second.

    Only the last place is ambiguous: the server said 250, and nobody wrote it down.
    """
    point = f"{place}@{MAIL}:2"
    running.beat(quick=True)
    first = running.worker(crash_at=point)
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    wait_until(lambda: all_is_told(HALF), "the first wave is told")
    assert told() == {"accepted": HALF}
    before = len(sink.mails)
    clock.shift(BOTH_WAVES)
    died(running, first, point)
    at_death = told()
    assert at_death["accepted"] == HALF
    assert 0 < at_death["queued"] <= MANY - HALF
    assert Delivery.objects.filter(state="queued", locked_until__isnull=False).exists() == claimed
    assert (len(sink.mails) > before) == arrived
    clock.shift(LEASES_OVER)
    running.worker()
    wait_until_told()
    assert max(sink.message_ids().values()) == 1 + arrived
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink, ambiguous=int(arrived))
