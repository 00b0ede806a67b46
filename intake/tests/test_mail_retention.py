"""The bytes of mails are forgotten in time: of what became a message, and of nothing else."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from accounts.tests.factories import make_lead
from intake.mail import retention
from intake.models import InboundMail, Mailbox, MailSource
from intake.tests.mails import US, a_mail, arrives
from outbox import clock
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def mailbox(team):
    return Mailbox.objects.create(address=US, language="en", team=team)


@pytest.fixture
def raw():
    return a_mail(message_id="<first@mail.example.org>", files=(("log.txt", b"12:00 stop\n"),))


@pytest.fixture
def mail(mailbox, raw):
    return arrives(raw, mailbox)


def _kept():
    return set(MailSource.objects.values_list("mail", flat=True))


def test_what_became_a_message_is_forgotten_and_what_waits_is_not(mail, raw, mailbox, monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    held = arrives(a_mail(sender="Eve <eve@x.example>", answers="<first@mail.example.org>"), mailbox)
    parked = arrives(b"From: \nSubject: x\n\n", mailbox)
    ignored = arrives(a_mail(List_Id="<l.example.org>", sender="l@example.org"), mailbox)
    more = [arrives(a_mail(sender=f"p{n}@example.org"), mailbox) for n in range(4)]
    states = {row.state for row in InboundMail.objects.all()}
    assert states == {"processed", "held", "parked", "ignored"}
    now = clock.now()
    assert retention.prune(now=now + 399 * DAY) == {"originals": 0}
    assert retention.prune(now=now + 401 * DAY) == {"originals": 5}
    assert _kept() == {held.pk, parked.pk, ignored.pk}
    assert retention.prune(now=now + 9999 * DAY) == {"originals": 0}
    assert InboundMail.objects.count() == 4 + len(more) and mail.became.body and mail.became.attachments.count() == 1
    assert arrives(raw, mailbox) == mail and InboundMail.objects.count() == 8  # it is known by its row all the same


def test_each_mailbox_has_its_own_time_and_may_keep_all(mail, mailbox):
    mailbox.keep_days = 30
    mailbox.full_clean()
    mailbox.save()
    for_ever = Mailbox.objects.create(address="law@yunfan.example", keep_days=None)
    kept, nobodys = arrives(a_mail(sender="a@b.example"), for_ever), arrives(a_mail(sender="c@d.example"))
    now = clock.now()
    retention.prune(now=now + 31 * DAY)
    assert _kept() == {kept.pk, nobodys.pk}
    retention.prune(now=now + 2000 * DAY)
    assert _kept() == {kept.pk}
    mailbox.keep_days = 29
    with pytest.raises(ValidationError):
        mailbox.full_clean()


def test_the_pages_say_that_it_is_no_longer_kept(mail, client, team, capsys, django_assert_num_queries):
    client.force_login(make_lead(team, language="en"))
    page = f"/desk/tickets/{mail.ticket.number}/"
    said = "The original is no longer kept."
    before = client.get(page).content.decode()
    assert "Download the mail" in before and said not in before
    InboundMail.objects.update(processed_at=clock.now() - 401 * DAY)
    call_command("prune")
    assert "mails: 1 originals removed." in capsys.readouterr().out
    after = client.get(page).content.decode()
    assert "Download the mail" not in after and said in after and "Since this morning" in after
    own = client.get(f"/desk/mail/{mail.pk}/").content.decode()
    assert said in own and "Download the original" not in own
    assert said in client.get(f"/desk/mail/{mail.pk}/original/", follow=True).content.decode()


def test_a_message_that_no_mail_brought_says_nothing_of_one(client, team):
    ticket = make_ticket(team=team, channel="mail")
    client.force_login(make_lead(team, language="en"))
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "no longer kept" not in page and "Download the mail" not in page
