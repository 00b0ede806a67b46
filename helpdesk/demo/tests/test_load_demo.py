"""The demo as a newcomer meets it: its size, the first two minutes, and the morning after."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization, Team, User
from helpdesk.demo.accounts import PASSWORD, demo_accounts
from knowledge.models import Article
from outbox import clock, delivery
from outbox.models import MailboxMessage
from sla.models import Clock
from tickets.choices import Status
from tickets.models import Escalation, Ticket
from tickets.selectors.escalations import desk
from tickets.services import escalation

pytestmark = [pytest.mark.proof, pytest.mark.django_db]


@pytest.fixture
def demo(settings):
    settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"
    call_command("load_demo", verbosity=0)


def test_the_demo_has_what_it_promises_and_runs_live(demo):
    assert Team.objects.filter(next_level__isnull=False).count() == 4
    assert User.objects.filter(memberships__role__code__in=["agent", "lead"]).distinct().count() == 20
    assert User.objects.filter(memberships__role__code="customer").count() == 30
    assert (Organization.objects.count(), Ticket.objects.count(), Article.objects.count()) == (10, 304, 40)
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Status.values)
    assert Ticket.objects.values("subject").distinct().count() == 304
    for row in demo_accounts():
        assert User.objects.get(email=row["email"]).check_password(PASSWORD)
    _within_two_minutes_a_warning_and_an_escalation()
    _the_morning_after_buries_nobody()
    with pytest.raises(CommandError):
        call_command("load_demo", verbosity=0)


def _within_two_minutes_a_warning_and_an_escalation():
    soon = clock.now()
    due = Clock.objects.filter(state="running", breached_at=None, due_at__range=(soon, soon + timedelta(minutes=2)))
    warned = Clock.objects.filter(state="running", warned_at=None, warn_at__range=(soon, soon + timedelta(minutes=2)))
    assert due.count() >= 2
    assert warned.count() >= 1
    assert not Escalation.objects.filter(acknowledged_at=None).exists()


def _the_morning_after_buries_nobody():
    """Sixteen hours of silence, then rung by rung: everybody hears in a few mails; the demo lead's page is short."""
    delivery.run()
    lead = User.objects.get(email=next(row["email"] for row in demo_accounts() if row["role"] == "lead"))
    heard: Counter[str] = Counter()
    for minutes in (0, 15, 30):
        clock.shift(timedelta(hours=16, minutes=minutes))
        mails = _mails_of_one_tick()
        assert max(mails.values()) <= 5, mails
        heard += mails
        waiting = desk(user=lead, now=clock.now())
        assert 1 <= waiting.open.total <= 15
        assert waiting.soon.total <= 15
    assert Escalation.objects.filter(acknowledged_at=None, level=3).exists()
    leads, deputies, above = (
        set(Team.objects.filter(next_level__isnull=False).values_list(f"{whom}__email", flat=True))
        for whom in ("lead", "deputy", "next_level__lead")
    )
    assert 1 <= heard[lead.email] <= 6
    assert max(heard[email] for email in leads) <= 6
    assert 1 <= max(heard[email] for email in deputies) <= 6
    assert [1 <= heard[email] <= 3 for email in above] == [True], "one manager, who hears of many in one mail"


def _mails_of_one_tick() -> Counter[str]:
    """How many mails each address gets when sweep, ladder and delivery run once."""
    before = MailboxMessage.objects.count()
    escalation.sweep()
    escalation.climb()
    delivery.run()
    return Counter(MailboxMessage.objects.order_by("pk")[before:].values_list("to", flat=True))
