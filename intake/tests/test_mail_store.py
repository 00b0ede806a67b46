"""Storing and processing: once however often it comes, nothing lost, poison set aside."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from intake.mail import processing, receiving
from intake.mail.receiving import message_id_of, receive
from intake.models import InboundMail, Mailbox, MailSource
from intake.tests.mails import US, a_mail, arrives, sent_to
from outbox import clock
from outbox.models import Intent
from tickets.models import Message, Ticket

LATER = timedelta(hours=1)


@pytest.fixture
def mailbox(team):
    return Mailbox.objects.create(address=US, language="en")


def _in_threads(count, work):
    """``work`` that many times, all at the same moment."""
    start = threading.Barrier(count)

    def run(number):
        try:
            start.wait(30)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_one_mail_fifty_times_in_parallel_is_one_ticket(mailbox):
    raw = a_mail()
    rows = _in_threads(50, lambda _number: receive(raw=raw, mailbox=mailbox).pk)
    assert len(set(rows)) == 1
    _in_threads(4, lambda _number: processing.process_due())
    assert InboundMail.objects.count() == MailSource.objects.count() == 1
    assert Ticket.objects.count() == Message.objects.count() == 1
    assert Intent.objects.filter(kind="ticket.acknowledged").count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_different_mails_with_one_id_are_one_ticket_and_fifty_rows(mailbox):
    mails = [a_mail(message_id="<same@x.example>", text=f"Words {number}") for number in range(50)]
    _in_threads(50, lambda number: receive(raw=mails[number], mailbox=mailbox))
    processing.process_due()
    states = list(InboundMail.objects.values_list("state", flat=True))
    assert states.count("processed") == 1 and states.count("duplicate") == 49
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_the_same_id_with_other_bytes_is_kept_and_flagged(mailbox):
    first = arrives(a_mail(message_id="<same@x.example>"), mailbox)
    raw = a_mail(message_id="<same@x.example>", text="Quite other words")
    second = arrives(raw, mailbox)
    assert (second.state, second.reason, second.same_as, second.ticket) == ("duplicate", "same_id", first, first.ticket)
    assert bytes(second.source.content) == raw
    assert receive(raw=raw, mailbox=mailbox) == second


@pytest.mark.django_db
def test_every_mailbox_and_the_pipe_have_ids_of_their_own(mailbox):
    other = Mailbox.objects.create(address="other@yunfan.example")
    raw = a_mail()
    assert len({receive(raw=raw, mailbox=box).pk for box in (mailbox, other, None, None)}) == 3


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Message-ID: <a@b>\r\n", "a@b"),
        (b"MESSAGE-ID:\r\n < a@b >\r\n", "a@b"),
        (b"Message-ID: no brackets\r\n", "nobrackets"),
        (b"Subject: x\r\n", ""),
        (b"", ""),
        (b"Message-ID: <a\xff\xfe@b>\r\n", None),
    ],
)
def test_the_id_of_a_mail(head, expected):
    found = message_id_of(head + b"\r\nbody")
    assert found == expected if expected is not None else found.isprintable()


def test_a_very_long_id_is_kept_by_its_hash():
    found = message_id_of(b"Message-ID: <" + b"a" * 900 + b"@b>\r\n\r\n")
    assert found.startswith("sha256:") and len(found) < 100


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw", [b"", b"\x00\x01\x02", b"From: \r\n\r\n", b"no head at all", b"From: x\r\nSubject: y\r\n\r\nz"]
)
def test_what_cannot_be_understood_is_parked_with_its_bytes(mailbox, raw):
    row = arrives(raw, mailbox)
    assert (row.state, row.reason) == ("parked", "unreadable")
    assert bytes(row.source.content) == raw


@pytest.fixture
def poison(monkeypatch):
    """Mails whose subject is «poison» make the services fail; the list of their attempts."""
    attempts, act = [], processing.act

    def fails(arrival):
        if arrival.mail.subject == "poison":
            Ticket.objects.filter(pk=0).delete()
            attempts.append(arrival.mail.pk)
            raise RuntimeError("it explodes")
        return act(arrival)

    monkeypatch.setattr(processing, "act", fails)
    return attempts


@pytest.mark.django_db
def test_a_poison_mail_is_tried_three_times_and_holds_up_nobody(mailbox, poison):
    bad = receive(raw=a_mail(subject="poison"), mailbox=mailbox)
    good = receive(raw=a_mail(subject="good"), mailbox=mailbox)
    now = clock.now()
    for round_ in range(6):
        processing.process_due(read_clock=lambda: now + round_ * LATER)  # noqa: B023 - called at once
    bad.refresh_from_db()
    good.refresh_from_db()
    assert poison == [bad.pk] * 3
    assert (bad.state, bad.reason) == ("parked", "failed") and "it explodes" in bad.detail
    assert good.state == "processed" and Ticket.objects.count() == 1


@pytest.mark.django_db
def test_a_mail_that_kills_its_process_is_parked_after_three_deaths(mailbox):
    row = receive(raw=a_mail(), mailbox=mailbox)
    now = clock.now()
    for death in range(3):
        assert processing._claim(now + death * LATER) == row
        assert processing._claim(now + death * LATER) is None  # held by the one who died
    processing.process_due(read_clock=lambda: now + 4 * LATER)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("parked", "failed")
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_a_failure_after_the_ticket_was_written_leaves_nothing(mailbox, monkeypatch):
    settle = processing.settle

    def dies(*arguments, **words):
        settle(*arguments, **words)
        raise RuntimeError("at the last line")

    monkeypatch.setattr(processing, "settle", dies)
    row = receive(raw=a_mail(), mailbox=mailbox)
    processing.process_due()
    row.refresh_from_db()
    assert row.state == "received" and not Ticket.objects.exists() and not Intent.objects.exists()
    monkeypatch.undo()
    processing.process_due(read_clock=lambda: clock.now() + LATER)
    assert Ticket.objects.count() == 1


@pytest.mark.django_db
def test_ten_megabytes_are_read(mailbox):
    row = arrives(a_mail(files=(("big.log", b"a line of a log\n" * 650_000),)), mailbox)
    assert row.state == "processed" and row.size > 10_000_000
    assert row.became.attachments.get().size == 16 * 650_000


@pytest.mark.django_db
def test_too_large_is_parked_and_its_sender_told_once(mailbox, monkeypatch):
    monkeypatch.setattr("intake.mail.sorting.MOST_BYTES", 5_000)
    raw = a_mail(files=(("big.log", b"x" * 6_000),))
    row = arrives(raw, mailbox)
    arrives(raw, mailbox)
    assert (row.state, row.reason, row.subject) == ("parked", "too_large", "The export stops")
    told = sent_to("ann@example.org")
    assert told.intent.kind == "mail.too_large" and told.state == "accepted"
    assert Intent.objects.filter(kind="mail.too_large").count() == 1
    assert bytes(row.source.content) == raw


@pytest.mark.django_db
def test_nobody_is_told_of_a_machines_large_mail(mailbox, monkeypatch):
    monkeypatch.setattr("intake.mail.sorting.MOST_BYTES", 50)
    for raw in (a_mail(sender="noreply@x.example"), a_mail(Auto_Submitted="auto-generated"), a_mail(List_Id="<l.x>")):
        assert arrives(raw, mailbox).reason == "too_large"
    assert not Intent.objects.exists()


@pytest.mark.django_db
@pytest.mark.proof
def test_five_hundred_malformed_mails_and_one_poison(mailbox, poison):
    """Fault 22: each is a row with its bytes and an end; the good ones among them are tickets."""
    chance = random.Random(22)
    sound = a_mail(files=(("log.txt", b"words\n"),))
    mails = [_broken(sound, chance, number) for number in range(500)]
    rows = [receive(raw=raw, mailbox=mailbox) for raw in mails]
    bad = receive(raw=a_mail(subject="poison"), mailbox=mailbox)
    good = receive(raw=a_mail(sender="other@example.org"), mailbox=mailbox)
    now = clock.now()
    for round_ in range(5):
        processing.process_due(read_clock=lambda: now + round_ * LATER)  # noqa: B023 - called at once
    assert poison == [bad.pk] * 3
    assert not InboundMail.objects.filter(state="received").exists()
    assert InboundMail.objects.get(pk=good.pk).state == "processed"
    by_row = {row.pk: raw for row, raw in zip(rows, mails, strict=True)}
    for source in MailSource.objects.filter(pk__in=by_row):
        assert bytes(source.content) == by_row[source.pk]
    tickets = InboundMail.objects.filter(state="processed").values_list("ticket", flat=True)
    assert Ticket.objects.count() == len(set(tickets)) and Message.objects.filter(kind="customer").count() == len(
        tickets
    )


def _broken(sound: bytes, chance: random.Random, number: int) -> bytes:
    """A mail with something cut, doubled, turned or thrown away."""
    raw = bytearray(sound.replace(b"Message-ID: <", b"Message-ID: <%d." % number))
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(raw))
        deed = chance.randrange(4)
        if deed == 0:
            raw[place] = chance.randrange(256)
        elif deed == 1:
            del raw[place : place + chance.randint(1, 60)]
        elif deed == 2:
            raw[place:place] = raw[place : place + chance.randint(1, 60)]
        else:
            raw[place:place] = chance.randbytes(chance.randint(1, 30))
    return bytes(raw)


def test_the_limit_leaves_room_for_what_a_message_takes(settings):
    assert receiving.MOST_BYTES >= settings.ATTACHMENT_MAX_BYTES * 4 / 3
