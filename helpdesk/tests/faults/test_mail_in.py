"""Mail that comes in, and a kill -9 at every line of its way: nothing is lost, and nothing is there twice."""

from datetime import timedelta

import pytest

from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import died, nothing_waits
from helpdesk.tests.processes import wait_until
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox, MailSource
from intake.tests.mail_server import PASSWORD, mail_server
from intake.tests.mails import US, a_mail
from outbox import clock
from tickets.models import Ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

MANY = 12
#: Past the lease of a mail and of a mailbox that a dead process held.
LEASES_OVER = timedelta(minutes=7)


def _mails() -> list[bytes]:
    return [a_mail(sender=f"person{number}@example.org", subject=f"Case {number}") for number in range(MANY)]


def _settled() -> bool:
    return InboundMail.objects.filter(state="processed").count() == MANY and nothing_waits()


def _check(sink) -> None:
    """The ledger, and on top: each mail is one row with its bytes, and each row one ticket."""
    assert InboundMail.objects.count() == MailSource.objects.count() == MANY
    assert InboundMail.objects.values("ticket").distinct().count() == MANY
    ledger.check(accepted=list(Ticket.objects.values_list("number", flat=True)), escalated=[], sink=sink)
    assert Ticket.objects.count() == MANY


@pytest.mark.parametrize("place", ["mail-after-claim", "mail-after-parse", "mail-before-commit"])
def test_a_worker_killed_while_it_processes(place, team, running, sink):
    """Between store and ticket: the mail that it held is done by the next one, when its lease ran out."""
    for raw in _mails():
        receive(raw=raw)
    first = running.worker(crash_at=f"{place}:5")
    running.beat(quick=True)
    died(running, first, f"{place}:5")
    assert 0 < InboundMail.objects.filter(state="received").count() < MANY
    assert Ticket.objects.count() == InboundMail.objects.filter(state="processed").count()
    running.worker()
    clock.shift(LEASES_OVER)
    wait_until(_settled, "every mail is a ticket, and told")
    _check(sink)


@pytest.mark.mailserver
@pytest.mark.parametrize("place", ["mail-before-store", "mail-after-store", "mail-before-removal"])
def test_a_worker_killed_while_it_fetches(place, team, running, sink):
    """Between server and store, and between store and removal there: what was stored comes again and is known."""
    with mail_server(US) as server:
        running.environment["SSL_CERT_FILE"] = str(server.certificate)
        box = Mailbox(address=US, host="localhost", port=server.imaps)
        box.keep_secrets(password=PASSWORD)
        box.save()
        for raw in _mails():
            server.deliver(raw, US)
        first = running.worker(crash_at=f"{place}:5")
        running.beat(quick=True)
        died(running, first, f"{place}:5")
        assert len(server.mails_of(US)) == MANY - 4
        assert InboundMail.objects.count() == (4 if place == "mail-before-store" else 5)
        running.worker()
        clock.shift(LEASES_OVER)
        wait_until(lambda: _settled() and not server.mails_of(US), "every mail is a ticket, and gone from the server")
        _check(sink)
