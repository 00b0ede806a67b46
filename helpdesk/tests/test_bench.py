"""The measuring programs on a small size: their exit codes judge what was done, never how long it took.

`bench/triage.py` on a slice of the shared texts: whether each became one ticket that runs.
`bench/deadlines.py --quick`: whether a sweep asks little when nothing is due, and leaves the same rows as the floor.
`bench/pages.py --quick`: whether every page answers, asks little and moves little.
"""

import subprocess
import sys

import pytest
from django.db.models import F

from bench import deadlines, pages, triage
from helpdesk.embedded.home import PROJECT
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


@pytest.mark.proof
def test_a_sweep_leaves_what_the_floor_leaves():
    command = [sys.executable, "bench/deadlines.py", "--quick"]
    done = subprocess.run(command, check=False, cwd=PROJECT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10000 running clocks, 10000 of them due" in done.stdout
    assert done.stdout.count(" ×  ") == len(deadlines.cases(10_000)), done.stdout


def test_a_sweep_at_fault_is_told():
    nothing, _some, many, _side_by_side = deadlines.cases(10_000)
    fine = {"queries": 2, "rows": {"events": "7 1"}}
    assert deadlines.faults(nothing, [fine], [fine]) == deadlines.faults(many, [fine], [fine]) == []
    assert deadlines.faults(nothing, [fine | {"queries": 3}], [fine]) == ["3 queries to find nothing"]
    assert deadlines.faults(many, [fine | {"queries": 300}], [fine]) == []
    assert deadlines.faults(many, [fine | {"rows": {"events": "6 1"}}], [fine]) == ["events differ: 6 1, the floor 7 1"]


@pytest.mark.proof
@pytest.mark.browser
def test_the_pages_ask_and_move_little():
    command = [sys.executable, "bench/pages.py", "--quick"]
    done = subprocess.run(command, check=False, cwd=PROJECT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in ("empty", "queue", "queue, manager", "ticket", "search, Chinese", "search, English"):
        assert f"\n  {page}  " in done.stdout
    assert done.stdout.count("/static/css/site.") == 2, "one stylesheet before the first paint of each page"


def test_a_page_at_fault_is_told():
    fine = {"queue": 12, "ticket": 20}
    assert pages.faults(fine) == []
    assert pages.faults(fine | {"queue": 13}) == ["queue: 13 queries, at most 12"]
