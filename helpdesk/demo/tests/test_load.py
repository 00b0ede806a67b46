"""The desk that measurements are taken of: as large as asked for, whole, and never beside real tickets."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Min, Q

from outbox import clock
from search.vectors import best, query
from sla.models import Clock, ClockPause
from tickets.models import Ticket, TicketEvent
from tickets.services import escalation

pytestmark = pytest.mark.django_db


def generate(*arguments: str, capsys=None) -> str:
    call_command("generate_load", *arguments)
    return capsys.readouterr().out if capsys else ""


def overdue():
    return Clock.objects.filter(state="running", breached_at=None, due_at__lt=clock.now())


def test_it_is_as_large_as_asked_for_and_whole(capsys):
    said = generate("--tickets", "100", "--due", "30", capsys=capsys)
    assert said == "100 tickets, 200 running clocks, 30 of them due.\n"
    assert Ticket.objects.count() == TicketEvent.objects.count() == 100
    assert (Clock.objects.filter(state="running").count(), overdue().count()) == (200, 30)
    assert overdue().values("due_at").distinct().count() > 20
    assert set(Ticket.objects.values_list("status", flat=True)) == {"new", "open", "pending", "on_hold"}
    assert set(Ticket.objects.values_list("severity", flat=True)) == {"S", "A", "B"}
    assert Ticket.objects.filter(team__lead=None).count() == 0
    assert Ticket.objects.values("team").distinct().count() > 10
    assert ClockPause.objects.count() == Clock.objects.filter(state="paused").count() > 0
    due = Min("clocks__due_at", filter=Q(clocks__state="running"))
    assert (
        not Ticket.objects.annotate(due=due).exclude(Q(due=F("next_due_at")) | Q(due=None, next_due_at=None)).exists()
    )
    connection.check_constraints()


def test_the_sweep_finds_what_is_due_and_nothing_else():
    generate("--tickets", "60", "--due", "25", "--at-once")
    assert overdue().aggregate(instants=Count("due_at", distinct=True)) == {"instants": 1}
    assert escalation.sweep() == 25
    assert escalation.sweep() == 0


def test_the_number_of_questions_does_not_depend_on_how_many_clocks_run(django_assert_num_queries):
    for tickets in ("20", "400"):
        generate("--force", "--tickets", tickets)
        with django_assert_num_queries(2):
            assert escalation.sweep() == 0


@pytest.mark.proof
def test_another_seed_draws_others():
    drawn = []
    for seed in ("1", "1", "2"):
        generate("--force", "--tickets", "40", "--due", "10", "--seed", seed)
        newest = Ticket.objects.order_by("-pk")[:40].values_list("subject", "team__code", "severity", "status")
        drawn.append(sorted(newest))
    assert drawn[0] == drawn[1] != drawn[2]


def test_more_cannot_be_due_than_run():
    with pytest.raises(CommandError, match="22 running clocks, fewer than the 23"):
        generate("--tickets", "10", "--due", "23")
    assert not Ticket.objects.exists()


def test_it_stays_away_from_real_tickets(settings):
    generate("--tickets", "10")
    with pytest.raises(CommandError, match="tickets in this database already"):
        generate("--tickets", "10")
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        generate("--force", "--tickets", "10")


@pytest.mark.proof
def test_most_may_be_closed_and_the_answered_have_conversations():
    generate("--tickets", "200", "--closed", "80", "--messages", "4")
    closed = Ticket.objects.filter(status="closed")
    assert 130 < closed.count() < 190
    assert not closed.exclude(next_due_at=None).exists()
    assert not Clock.objects.filter(ticket__in=closed).exclude(state="met").exists()
    lengths = Ticket.objects.annotate(n=Count("messages")).values_list("status", "n")
    assert {n for status, n in lengths if status == "new"} == {1}
    assert {n for status, n in lengths if status != "new"} == {4}
    assert set(Ticket.objects.values_list("language", flat=True)) == {"en", "zh-hans"}
    connection.check_constraints()


@pytest.mark.proof
def test_its_words_are_found():
    generate("--tickets", "300")
    for words in ("printer", "打印机"):
        subjects = best(Ticket.objects.all(), query(words), limit=3).values_list("subject", flat=True)
        assert len(subjects) == 3 and all(words in subject for subject in subjects)
