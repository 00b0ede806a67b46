"""Walks through the house: a few with the tests, thousands of steps in the proof, more by `make properties`."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from helpdesk.tests.properties.house import House
from helpdesk.tests.properties.machine import Machine
from helpdesk.tests.properties.walk import Tally
from outbox import clock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(monkeypatch):
    monkeypatch.setattr(clock, "now", clock.now)  # the walk sets it, this puts it back
    Tally.steps, Tally.rungs = 0, set()
    return House()


def walk(house: House, *, walks: int, steps: int) -> None:
    """The profile `house` of all other tests means the fixed walk of `ci` here."""
    chosen = settings.get_current_profile_name()
    profile = settings.get_profile("ci" if chosen == "house" else chosen)
    run_state_machine_as_test(
        lambda: Machine(house), settings=settings(profile, max_examples=walks, stateful_step_count=steps)
    )
    # A walk that met nothing would prove nothing.
    assert Tally.steps > walks * steps / 2
    assert len(Tally.rungs) > walks / 2


def test_a_few_walks(house):
    walk(house, walks=4, steps=30)


@pytest.mark.proof
def test_thousands_of_steps(house):
    is_long = settings.get_current_profile_name() == "long"
    walk(house, walks=600 if is_long else 80, steps=50)
