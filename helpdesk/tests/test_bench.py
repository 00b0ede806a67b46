"""`bench/triage.py` on a slice of the shared texts: its exit code says whether each became one ticket that runs."""

import pytest
from django.db.models import F

from bench import triage
from sla.models import Clock
from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
SLICE = 60


@pytest.mark.proof
def test_every_text_becomes_one_graded_routed_running_ticket(test_data, capsys):
    options = triage.parser().parse_args(["--data", str(test_data / "triage"), "-n", str(SLICE), "--in-process"])
    post = triage.patient(triage.through_client(triage.furnish()))
    code = triage.run(post, options, check=triage.check_rows)
    printed = capsys.readouterr()
    assert code == 0, printed
    by_hand = 60 + 30
    assert Ticket.objects.count() == 2 * SLICE + by_hand
    assert f"rows: {2 * SLICE + by_hand} tickets of {2 * SLICE + by_hand} texts, 0 without" in printed.out


def lose_team(ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(team=None)


def stop_clocks(ticket: Ticket) -> None:
    Clock.objects.filter(ticket=ticket).update(state="cancelled", ended_at=F("started_at"))


def make_another(ticket: Ticket) -> None:
    make_ticket(requester=ticket.requester)


@pytest.mark.parametrize(
    ("fault", "told"),
    [(lose_team, "no grade, team"), (stop_clocks, "running clock"), (make_another, "2 texts, 3 rows")],
)
def test_a_row_at_fault_is_told_by_the_exit_code(fault, told, monkeypatch, capsys):
    monkeypatch.setattr(triage, "SETS", {})
    monkeypatch.setattr(triage, "run_severity", lambda *_: 1)  # of each of the two sets graded by hand
    options = triage.parser().parse_args(["--data", ".", "--in-process"])
    tickets = [make_ticket(), make_ticket()]
    assert triage.run(None, options, check=triage.check_rows) == 0
    fault(tickets[0])
    assert triage.run(None, options, check=triage.check_rows) == 1
    assert told in capsys.readouterr().err
