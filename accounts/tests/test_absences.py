"""Planned absences: their edges, their deputy, who may enter them, and that the database holds the rule too."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from accounts import migrations
from accounts.models import Absence, User
from accounts.selectors import present
from accounts.services import add_absence, remove_absence
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead
from outbox import clock
from outbox.models import Intent

HOUR = timedelta(hours=1)


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei")


def plan(user, start, end, *, now, actor=None, **given):
    """An absence from ``start`` to ``end`` hours after ``now``."""
    return add_absence(
        actor=actor or user, user=user, starts_at=now + start * HOUR, ends_at=now + end * HOUR, now=now, **given
    )


def is_there(user, at) -> bool:
    return present(users=User.objects.filter(pk=user.pk), now=at).exists()


def told() -> list[dict]:
    return [intent.payload for intent in Intent.objects.filter(kind="account.deputy").order_by("pk")]


def test_it_acts_from_its_first_instant_and_ends_by_itself(agent):
    now = clock.now()
    plan(agent, 1, 3, now=now)
    assert is_there(agent, now)
    assert is_there(agent, now + HOUR - timedelta(microseconds=1))
    assert not is_there(agent, now + HOUR)
    assert not is_there(agent, now + 3 * HOUR - timedelta(microseconds=1))
    assert is_there(agent, now + 3 * HOUR)


@pytest.mark.parametrize(("start", "end"), [(0, 2), (2, 4), (3, 9), (4, 5), (2, 6), (0, 9), (5, 9)])
def test_two_absences_of_one_person_never_meet(agent, start, end):
    now = clock.now()
    plan(agent, 2, 6, now=now)
    if start == 0 and end == 2:  # ends where the other begins
        assert plan(agent, start, end, now=now).pk
    else:
        with pytest.raises(ValidationError) as refusal:
            plan(agent, start, end, now=now)
        assert "starts_at" in refusal.value.message_dict
        with pytest.raises(IntegrityError, match="absence_one_at_a_time"), transaction.atomic():
            Absence.objects.create(user=agent, starts_at=now + start * HOUR, ends_at=now + end * HOUR)


def test_others_may_be_away_at_the_same_time(team, agent):
    now = clock.now()
    plan(agent, 2, 6, now=now)
    assert plan(make_agent(team), 2, 6, now=now).pk
    assert plan(agent, 6, 7, now=now).pk


def test_the_form_of_the_administration_says_it_in_words(agent):
    now = clock.now()
    plan(agent, 2, 6, now=now)
    with override("en"), pytest.raises(ValidationError, match="away then already"):
        Absence(user=agent, starts_at=now + 3 * HOUR, ends_at=now + 4 * HOUR).full_clean()


def test_oneself_the_lead_and_an_administrator_enter_it(team, agent):
    now = clock.now()
    for at, actor in enumerate((agent, make_lead(team), make_administrator())):
        assert plan(agent, 2 * at + 1, 2 * at + 2, now=now, actor=actor).created_by == actor
    for actor in (make_lead(TeamFactory()), make_agent(team), make_customer()):
        with pytest.raises(PermissionDenied):
            plan(agent, 20, 21, now=now, actor=actor)


def test_the_deputy_is_a_present_colleague_and_is_told_of_it_and_of_its_end(team, agent):
    now, colleague = clock.now(), make_agent(team)
    for stranger in (agent, make_agent(TeamFactory()), make_customer(), make_agent(team, is_active=False)):
        with pytest.raises(ValidationError) as refusal:
            plan(agent, 1, 3, now=now, deputy=stranger)
        assert "deputy" in refusal.value.message_dict
    plan(colleague, 2, 4, now=now)
    with override("en"), pytest.raises(ValidationError, match="away in this time too"):
        plan(agent, 1, 3, now=now, deputy=colleague)
    assert told() == []
    absence = plan(agent, 4, 6, now=now, deputy=colleague)
    remove_absence(actor=agent, absence=absence, now=now + 5 * HOUR)
    absence.refresh_from_db()
    assert absence.ends_at == now + 5 * HOUR
    assert [(row["deputy"], row["person"], row["off"]) for row in told()] == [
        (colleague.pk, agent.pk, False),
        (colleague.pk, agent.pk, True),
    ]


def test_what_is_over_cannot_be_called_off_again(team, agent):
    now = clock.now()
    absence = plan(agent, 1, 3, now=now, deputy=make_agent(team))
    remove_absence(actor=agent, absence=absence, now=now + 2 * HOUR)
    remove_absence(actor=agent, absence=absence, now=now + 2.5 * HOUR)
    assert Absence.objects.get().ends_at == now + 2 * HOUR
    assert len(told()) == 2


def test_the_profile_reads_the_time_in_the_persons_zone_and_offers_colleagues_only(client, team):
    agent = make_agent(team, time_zone="Europe/Berlin")
    colleague, stranger = make_agent(team, name="Chen Yu"), make_agent(TeamFactory(), name="Far Away")
    client.force_login(agent)
    page = client.get("/profile/").text
    assert "Chen Yu" in page
    assert "Far Away" not in page
    said = {"starts_at": "2090-07-01T09:00", "ends_at": "2090-07-02T09:00", "reason": "training"}
    assert client.post("/profile/absences/", said | {"deputy": stranger.pk}).status_code == 422
    assert client.post("/profile/absences/", said | {"deputy": colleague.pk}).status_code == 302
    absence = agent.absences.get()
    assert absence.starts_at.isoformat() == "2090-07-01T07:00:00+00:00"
    assert (absence.reason, absence.deputy, absence.created_by) == ("training", colleague, agent)
    assert client.post("/profile/absences/", said).status_code == 422


def test_absences_that_meet_are_parted_by_the_migration(agent):
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_absence DROP CONSTRAINT absence_one_at_a_time")
    for start, end in ((0, 4), (2, 6), (3, 5), (8, 9)):
        Absence.objects.create(user=agent, starts_at=now + start * HOUR, ends_at=now + end * HOUR)
    name = next(iter(Path(migrations.__file__).parent.glob("*_planned_absences.py"))).stem
    import_module(f"accounts.migrations.{name}").one_at_a_time(apps, None)
    hours = [((row.starts_at - now) / HOUR, (row.ends_at - now) / HOUR) for row in Absence.objects.all()]
    assert hours == [(0, 4), (4, 6), (8, 9)]
