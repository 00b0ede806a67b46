"""Who takes a ticket: the ranking as a pure function, the candidates from the database, two choices at a time."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Absence, Skill, SkillLevel, Team, User
from accounts.tests.factories import TeamFactory, UserFactory, make_agent, make_lead
from catalog.models import Category
from outbox import clock
from tickets.assignment import Candidate, choose_assignee, lock_team, pick
from tickets.models import Ticket
from tickets.services.assigning import AlreadyTaken, take
from tickets.tests.factories import make_ticket
from tickets.wording import reason_texts


def who(pk: int, level: int = 0, open: int = 0, capacity: int = 10, is_agent: bool = True) -> Candidate:
    return Candidate(SimpleNamespace(pk=pk), level, open, capacity, is_agent)


class TestPick:
    def test_nobody(self) -> None:
        assert pick([], severity="S") is None
        assert pick([who(1, open=10), who(2, capacity=0)], severity="S") is None

    def test_the_graver_the_ticket_the_more_skill_counts(self) -> None:
        expert, idle = who(1, level=5, open=6), who(2, level=2, open=0)
        assert pick([expert, idle], severity="S") is expert
        assert pick([expert, idle], severity="B") is idle

    def test_load_is_relative_to_capacity(self) -> None:
        assert pick([who(1, open=4, capacity=5), who(2, open=5, capacity=20)], severity="B").user.pk == 2

    def test_a_lead_only_when_no_agent_is_free(self) -> None:
        lead = who(1, level=5, is_agent=False)
        assert pick([lead, who(2, open=9)], severity="S").user.pk == 2
        assert pick([lead, who(2, open=10)], severity="S") is lead

    def test_ties_go_to_fewer_tickets_then_to_the_older_account(self) -> None:
        assert pick([who(1, open=2, capacity=20), who(2, open=1, capacity=10)], severity="B").user.pk == 2
        assert pick([who(9), who(3)], severity="B").user.pk == 3

    people = st.lists(
        st.builds(
            who,
            pk=st.integers(1, 50),
            level=st.integers(0, 5),
            open=st.integers(0, 12),
            capacity=st.integers(0, 12),
            is_agent=st.booleans(),
        ),
        max_size=8,
        unique_by=lambda one: one.user.pk,
    )

    @given(people=people, severity=st.sampled_from("SAB"), shuffle=st.randoms(use_true_random=False))
    def test_properties(self, people: list, severity: str, shuffle) -> None:
        chosen = pick(people, severity=severity)
        free = [one for one in people if one.open < one.capacity]
        assert (chosen is None) == (not free)
        if chosen is None:
            return
        assert chosen in free
        mixed = list(people)
        shuffle.shuffle(mixed)
        assert pick(mixed, severity=severity) is chosen, "the order of asking must not matter"
        for other in free:
            better = other.level >= chosen.level and other.open * chosen.capacity <= chosen.open * other.capacity
            same = other.level == chosen.level and other.open * chosen.capacity == chosen.open * other.capacity
            assert not (better and not same and other.is_agent >= chosen.is_agent), "somebody is better in every way"


def ticket_for(assignee: User, status: str = "open") -> Ticket:
    now = clock.now()
    done = now if status in ("resolved", "closed") else None
    return Ticket.objects.create(
        number=f"X{Ticket.objects.count()}",
        subject="x",
        requester=assignee,
        channel="web",
        status=status,
        severity="B",
        assignee=assignee,
        created_at=now,
        updated_at=now,
        cycle_started_at=now,
        resolved_at=done,
        closed_at=done if status == "closed" else None,
    )


def choose(team: Team | None, category: Category | None = None, severity: str = "B"):
    stranger = UserFactory()
    return choose_assignee(team=team, category=category, severity=severity, requester=stranger, now=clock.now())


@pytest.mark.django_db
class TestChoose:
    def test_skips_who_cannot(self) -> None:
        team, now = TeamFactory(), clock.now()
        make_agent(team, on_duty=False)
        make_agent(team, is_active=False)
        make_agent(TeamFactory())
        hour = timedelta(hours=1)
        Absence.objects.create(user=make_agent(team), starts_at=now - hour, ends_at=now + hour)
        full = make_agent(team, capacity=1)
        ticket_for(full)
        assert choose(team).user is None
        assert choose(team).reasons == [{"code": "assignment.nobody"}]
        back = make_agent(team)
        Absence.objects.create(user=back, starts_at=now - 2 * hour, ends_at=now - hour)
        assert choose(team).user == back

    def test_no_team_is_nobody(self) -> None:
        assert choose(None).user is None

    def test_counts_only_unresolved_tickets(self) -> None:
        team = TeamFactory()
        busy, done = make_agent(team), make_agent(team)
        ticket_for(busy)
        for status in ("resolved", "closed"):
            ticket_for(done, status)
        choice = choose(team)
        assert choice.user == done
        assert choice.reasons == [{"code": "assignment.load", "open": 0, "capacity": 10}]

    def test_the_skilled_one_and_the_reasons(self) -> None:
        team, skill = TeamFactory(), Skill.objects.create(code="s-x", name="数据库", name_en="Databases")
        make_agent(team)
        skilled = make_agent(team)
        SkillLevel.objects.create(user=skilled, skill=skill, level=4)
        SkillLevel.objects.create(user=skilled, skill=Skill.objects.create(code="s-y", name="别的"), level=5)
        ticket_for(skilled)
        category = Category.objects.create(code="c-x", name="数据", skill=skill)
        choice = choose(team, category, "S")
        assert choice.user == skilled
        assert choice.reasons == [
            {"code": "assignment.skill", "skill": {"name": "数据库", "name_en": "Databases"}, "level": 4},
            {"code": "assignment.load", "open": 1, "capacity": 10},
        ]
        with translation.override("en"):
            assert reason_texts(choice.reasons) == [
                "Skilled in Databases, level 4 of 5.",
                "Has room: 1 open ticket of at most 10.",
            ]

    def test_the_lead_steps_in_last(self) -> None:
        team = TeamFactory()
        lead, agent = make_lead(team), make_agent(team, capacity=1)
        assert choose(team).user == agent
        ticket_for(agent)
        assert choose(team).user == lead

    def test_one_query_however_many_people(self) -> None:
        team = TeamFactory()
        counts = []
        for size in (2, 12):
            for _ in range(size):
                ticket_for(make_agent(team))
            now, stranger = clock.now(), UserFactory()
            with CaptureQueriesContext(
                connection,
            ) as queries:
                choose_assignee(team=team, category=None, severity="B", requester=stranger, now=now)
            counts.append(len(queries))
        assert counts == [2, 2], "the lock and the candidates"


@pytest.mark.django_db(transaction=True)
def test_two_tickets_at_once_do_not_land_on_one_person() -> None:
    """The second choice waits for the first commit, so it sees the first ticket in the load."""
    team = TeamFactory()
    people = [make_agent(team), make_agent(team)]
    first_chosen, errors, second = threading.Event(), [], []

    def other() -> None:
        try:
            first_chosen.wait(10)
            with transaction.atomic():
                second.append(choose(team).user)
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    with transaction.atomic():
        first = choose(team).user
        ticket_for(first)
        first_chosen.set()
        _until_waiting(1)
        assert not second, "the second choice must wait"
    thread.join(10)
    assert not errors
    assert {first, *second} == set(people)


def _until_waiting(number: int) -> None:
    """Until PostgreSQL says that so many sessions of this database wait for a lock; statement_timeout bounds it."""
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the first look would stay
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] >= number:
                return
    raise AssertionError("nobody waited")


@pytest.mark.django_db(transaction=True)
def test_teams_do_not_wait_for_each_other() -> None:
    one, two = TeamFactory(), TeamFactory()
    agent = make_agent(two)
    UserFactory()
    chosen: list = []

    def other() -> None:
        with transaction.atomic():
            chosen.append(choose(two).user)
        connections.close_all()

    with transaction.atomic():
        lock_team(one.pk)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
        assert chosen == [agent]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_one_ticket_at_once_one_wins_and_the_other_is_told() -> None:
    """Both stand at the ticket's lock before either may go on; who comes first is PostgreSQL's affair."""
    team = TeamFactory()
    people = [make_agent(team), make_agent(team)]
    ticket = make_ticket(team=team)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    ticket.refresh_from_db()
    won: list[User] = []
    told: list[tuple[User, str]] = []
    errors: list[Exception] = []

    def try_it(person: User) -> None:
        try:
            take(ticket=Ticket.objects.get(pk=ticket.pk), actor=person)
            won.append(person)
        except AlreadyTaken as refusal:
            told.append((person, refusal.messages[0]))
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it, args=[person]) for person in people]
    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        for thread in threads:
            thread.start()
        _until_waiting(2)
        assert not won
    for thread in threads:
        thread.join(10)
    assert not errors
    ((winner,), ((loser, words),)) = (won, told)
    assert {winner, loser} == set(people)
    assert winner.name in words
    ticket.refresh_from_db()
    assert ticket.assignee == winner
    (event,) = ticket.events.filter(code="ticket.taken")
    assert (event.actor, event.data["assignee"]) == (winner, winner.pk)
