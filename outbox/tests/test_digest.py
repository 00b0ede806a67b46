"""The morning's digest: at the reader's hour, once a day, over clock changes and deaths, without what is settled."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import transaction

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import delivery, digest, services
from outbox.mail_models import Digest, DigestLine, MailHabit
from outbox.models import Intent
from outbox.preferences import Choice, save_choices
from tickets.services import conversation
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=BERLIN).astimezone(UTC)
MORNING = datetime(2026, 11, 21, 8, 30, tzinfo=BERLIN).astimezone(UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def ticket(team, backend):
    """Of the lead: the agent is not there yet, so that nothing of it is theirs."""
    make_lead(team)
    return make_ticket(team=team, subject="The gateway", now=EVENING - timedelta(hours=1))


@pytest.fixture
def agent(team, ticket):
    person = make_agent(team, time_zone="Europe/Berlin")
    save_choices(actor=person, now=EVENING, digest="all")
    return person


@pytest.fixture
def mention(team, ticket, agent):
    """The lead mentions the agent, who reads of it in the digest."""

    def write(now, whom=agent):
        conversation.add_note(ticket=ticket, actor=team.lead, body=f"look, @{whom.name}", now=now)
        delivery.run(read_clock=lambda: now)
        mail.outbox.clear()

    return write


def run(now):
    digest.send_due(now=now)
    delivery.run(read_clock=lambda: now)
    return [sent for sent in mail.outbox if "digest" in sent.subject]


def test_it_comes_at_the_readers_hour_with_what_came_before(mention, agent):
    mention(EVENING)
    assert run(MORNING - TICK) == []
    (sent,) = run(MORNING)
    assert sent.to == [agent.email]
    assert sent.subject == "Your digest: 1 notice"
    assert "The gateway" in sent.body and "/desk/tickets/T" in sent.body
    assert "The gateway" in sent.alternatives[0][0]
    headers = sent.message()
    assert headers["Precedence"] == "bulk" and headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http") and headers["X-Loop"].startswith("helpdesk@")


def test_once_a_day_however_often_it_is_asked(mention):
    mention(EVENING)
    assert len(run(MORNING)) == 1
    for minutes in (0, 1, 60, 900):
        run(MORNING + timedelta(minutes=minutes))
    assert len(mail.outbox) == 1 and Digest.objects.count() == 1


def test_what_comes_after_the_hour_waits_for_the_next_morning(mention):
    mention(MORNING + timedelta(minutes=30))
    assert run(MORNING + timedelta(hours=5)) == []
    assert len(run(MORNING + timedelta(days=1))) == 1


def test_a_worker_that_comes_back_at_noon_still_sends_this_mornings(mention):
    mention(EVENING)
    mention(MORNING + timedelta(minutes=1))
    noon = MORNING + timedelta(hours=4)
    assert run(noon)[0].subject == "Your digest: 1 notice"
    assert DigestLine.objects.filter(digest=None).count() == 1


def test_days_without_a_worker_give_one_digest(mention):
    for day in range(4):
        mention(EVENING + timedelta(days=day))
    (sent,) = run(MORNING + timedelta(days=5))
    assert "The gateway" in sent.body and Digest.objects.count() == 1


def test_a_death_before_the_commit_leaves_nothing_and_after_it_everything(mention, monkeypatch):
    mention(EVENING)

    class Killed(BaseException):
        pass

    def die(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(digest, "enqueue_many", die)
        with pytest.raises(Killed):
            digest.send_due(now=MORNING)
    assert not Digest.objects.exists() and DigestLine.objects.filter(digest=None).count() == 1
    digest.send_due(now=MORNING)  # and here the process dies before the mail leaves
    assert len(run(MORNING + timedelta(minutes=1))) == 1


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        ("2026-03-28", "02:30", "2026-03-28T01:30"),
        ("2026-03-29", "02:30", "2026-03-29T01:30"),  # 02:30 does not exist: 03:30
        ("2026-10-25", "02:30", "2026-10-25T00:30"),  # it comes twice: the first
        ("2026-10-26", "02:30", "2026-10-26T01:30"),
    ],
)
def test_where_the_clocks_change(day, at, instant):
    now = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN)
    user = User(time_zone="Europe/Berlin")
    found = digest.hour_of_today(time.fromisoformat(at), user, now)
    assert found == (now.date(), datetime.fromisoformat(instant).replace(tzinfo=UTC))


def test_the_hour_that_comes_twice_sends_once(mention, agent):
    save_choices(actor=agent, now=EVENING, digest_at=time(2, 30))
    night = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 of summer in Berlin
    mention(night - timedelta(hours=4))
    for minutes in range(0, 180, 10):
        run(night + timedelta(minutes=minutes))
    assert len(mail.outbox) == 1


def test_quiet_hours_hold_the_digest_back_too(mention, agent):
    User.objects.filter(pk=agent.pk).update(quiet_from=time(22), quiet_until=time(9, 15))
    mention(EVENING)
    assert run(MORNING) == []
    assert len(run(MORNING + timedelta(minutes=45))) == 1


def test_what_its_reader_may_see_no_more_or_need_not_know_is_not_in_it(mention, agent):
    mention(EVENING)
    agent.memberships.all().delete()
    Intent.objects.filter(kind="ticket.mentioned").update(payload={"ticket": make_ticket(team=TeamFactory()).pk})
    assert run(MORNING) == []
    assert Intent.objects.get(kind="outbox.digest").state == "resolved"


def test_who_leaves_or_is_gone_gets_none(mention, agent):
    mention(EVENING)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert run(MORNING) == [] and not Digest.objects.exists()
    User.objects.filter(pk=agent.pk).update(is_active=True)
    MailHabit.objects.update(digest="never")
    assert run(MORNING) == [] and not Digest.objects.exists()


def test_a_single_kind_goes_into_the_digest_by_choice(mention, agent):
    save_choices(actor=agent, now=EVENING, digest="chosen", kinds={"ticket.mentioned": Choice("digest")})
    mention(EVENING)
    assert len(run(MORNING)) == 1


def test_a_thousand_people_cost_few_queries(team, django_assert_max_num_queries):
    people = User.objects.bulk_create([User(email=f"p{n}@d.example", name=f"P {n}") for n in range(1000)])
    with transaction.atomic():
        intent = services.enqueue(kind="outbox.test", payload={"user": people[0].pk}, stream="t", now=EVENING)
    DigestLine.objects.bulk_create([DigestLine(user=one, intent=intent, created_at=EVENING) for one in people])
    with django_assert_max_num_queries(40):
        assert digest.send_due(now=MORNING + timedelta(days=1)) == 1000
    assert Intent.objects.filter(kind="outbox.digest").count() == 1000
    assert not DigestLine.objects.filter(digest=None).exists()
