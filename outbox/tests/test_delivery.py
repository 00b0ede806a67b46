"""Resolving and sending: who, in which order, how often, and what a death at each step leaves behind."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.db import connection

from outbox import delivery, rendering
from outbox.backoff import MAX_ATTEMPTS
from outbox.models import Delivery, Intent, MailboxMessage
from outbox.resolving import GROUP_ABOVE, resolve_due
from outbox.tests.conftest import NOW, AfterSending, Fault

pytestmark = pytest.mark.django_db


def run(time):
    return delivery.run(read_clock=time)


def states(**filters):
    return list(Delivery.objects.filter(**filters).order_by("id").values_list("state", flat=True))


class TestResolving:
    def test_one_delivery_for_each_recipient_and_channel_never_two(self, tell, time):
        tell(to=["a@example.com", "b@example.com", "a@example.com"])
        assert resolve_due(now=time()) == 1
        assert sorted(Delivery.objects.values_list("recipient", flat=True)) == [
            "mail:a@example.com",
            "mail:b@example.com",
        ]
        assert resolve_due(now=time()) == 0

    def test_an_intent_waits_for_its_hour(self, tell, time):
        tell(now=NOW + timedelta(hours=1))
        assert resolve_due(now=time()) == 0
        time.pass_(hours=1)
        assert resolve_due(now=time()) == 1

    def test_an_unknown_kind_is_given_up_visibly_and_at_once(self, tell, time):
        intent = tell(kind="nobody.knows")
        resolve_due(now=time())
        intent.refresh_from_db()
        assert (intent.state, "nobody.knows" in intent.last_error) == ("dead", True)

    def test_a_failing_notice_is_tried_again_then_given_up_and_holds_nobody_up(self, tell, time, backend):
        bad = tell(explode="no", stream="s:bad")
        tell(stream="s:good")
        tries = 0
        while Intent.objects.get(pk=bad.pk).state == "pending":
            run(time)
            tries += 1
            time.pass_(hours=1)
        assert tries == MAX_ATTEMPTS
        assert "no" in Intent.objects.get(pk=bad.pk).last_error
        assert len(mail.outbox) == 1

    def test_a_recipient_that_no_row_can_hold_spoils_only_its_own_intent(self, tell, time, backend):
        tell(to=["x" * 300 + "@example.com"], stream="s:1")
        tell(stream="s:2")
        run(time)
        assert len(mail.outbox) == 1

    def test_what_must_reach_somebody_goes_to_the_fallback(self, tell, time, backend):
        tell(kind="sample.urgent", to=[], fallback=["boss@example.com"])
        run(time)
        assert mail.outbox[0].to == ["boss@example.com"]

    def test_what_must_reach_somebody_and_finds_nobody_is_given_up_visibly(self, tell, time):
        intent = tell(kind="sample.urgent", to=[])
        for _ in range(MAX_ATTEMPTS):
            resolve_due(now=time())
            time.pass_(hours=2)
        intent.refresh_from_db()
        assert (intent.state, "nobody" in intent.last_error) == ("dead", True)

    def test_what_concerns_nobody_is_simply_done(self, tell, time):
        intent = tell(to=[])
        resolve_due(now=time())
        intent.refresh_from_db()
        assert intent.state == "resolved"


class TestGrouping:
    def test_more_than_three_leave_as_one_message_that_tells_of_all(self, tell, time, backend):
        for n in range(GROUP_ABOVE + 2):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n)
        run(time)
        assert len(mail.outbox) == 1
        assert "numbers: [0, 1, 2, 3, 4]" in mail.outbox[0].body
        assert set(states()) == {"accepted"}
        assert Delivery.objects.values("message_id").distinct().count() == 1

    def test_up_to_three_leave_alone(self, tell, time, backend):
        for n in range(GROUP_ABOVE):
            tell(kind="sample.grouped", stream=f"s:{n}")
        run(time)
        assert len(mail.outbox) == GROUP_ABOVE

    def test_only_the_same_recipient_and_kind_are_grouped(self, tell, time, backend):
        for n in range(4):
            tell(kind="sample.grouped", stream=f"s:{n}", to=[f"{n}@example.com"])
            tell(kind="sample.plain", stream=f"p:{n}")
        run(time)
        assert len(mail.outbox) == 8

    def test_a_flood_of_several_resolving_rounds_is_still_one_message(self, tell, time, backend):
        for n in range(25):
            tell(kind="sample.grouped", stream=f"s:{n}")
        while resolve_due(now=time(), limit=10):
            pass
        delivery.send_due(read_clock=time)
        assert len(mail.outbox) == 1
        assert states().count("accepted") == 25

    def test_a_group_that_fails_is_tried_again_as_the_same_message(self, tell, time, backend):
        for n in range(5):
            tell(kind="sample.grouped", stream=f"s:{n}")
        backend.script["hello"] = AfterSending(SMTPServerDisconnected("gone"))
        run(time)
        backend.script.clear()
        time.pass_(minutes=1)
        tell(kind="sample.grouped", stream="s:new")
        run(time)
        ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
        assert len(ids) == 3 and ids[0] == ids[1] != ids[2]


class TestOrder:
    def test_one_stream_leaves_in_order_to_each_recipient(self, tell, time, backend):
        for n in range(5):
            tell(subject=f"m{n}")
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["m0", "m1", "m2", "m3", "m4"]

    def test_the_later_waits_for_the_earlier_which_is_tried_again(self, tell, time, backend):
        tell(subject="first")
        tell(subject="second")
        tell(subject="other", stream="s:2")
        backend.script["first"] = Fault("busy")
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["other"]
        backend.script.clear()
        run(time)
        assert len(mail.outbox) == 1  # its pause of 30 s has not passed
        time.pass_(seconds=30)
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["other", "first", "second"]

    def test_the_later_waits_for_an_earlier_intent_that_is_not_resolved_yet(self, tell, time, backend):
        bad = tell(explode="later", subject="first")
        tell(subject="second")
        run(time)
        assert mail.outbox == []
        Intent.objects.filter(pk=bad.pk).update(payload={"to": ["a@example.com"], "subject": "first"})
        time.pass_(seconds=30)
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["first", "second"]

    def test_a_poison_message_does_not_block_its_stream_for_long(self, tell, time, backend):
        tell(poison=1, subject="first")
        tell(subject="second")
        waited = time()
        while not mail.outbox:
            run(time)
            time.pass_(seconds=10)
        assert time() - waited < timedelta(minutes=10)

    def test_another_recipient_of_the_stream_does_not_wait(self, tell, time, backend):
        tell(to=["broken"], subject="first")
        tell(to=["a@example.com"], subject="second")
        backend.script["first"] = Fault("busy")
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["second"]


class TestRetries:
    def test_the_pauses_grow_from_half_a_minute_to_an_hour_and_end(self, tell, time, backend):
        tell()
        backend.script["hello"] = Fault("always")
        pauses = []
        while states() in ([], ["queued"]):
            run(time)
            row = Delivery.objects.get()
            pauses.append((row.next_attempt_at - time()).total_seconds())
            time.now = max(row.next_attempt_at, time())
        assert pauses[:-1] == [30, 120, 480, 1920, 3600]
        assert states() == ["dead"]
        assert "always" in Delivery.objects.get().last_error

    def test_a_final_refusal_of_the_recipient_is_a_bounce(self, tell, time, backend):
        tell()
        backend.script["hello"] = SMTPRecipientsRefused({"a@example.com": (550, b"no such user")})
        run(time)
        assert states() == ["bounced"]

    def test_a_passing_refusal_is_tried_again(self, tell, time, backend):
        tell()
        backend.script["hello"] = SMTPRecipientsRefused({"a@example.com": (450, b"greylisted")})
        run(time)
        assert states() == ["queued"]

    def test_a_final_refusal_of_the_content_is_given_up(self, tell, time, backend):
        tell()
        backend.script["hello"] = SMTPDataError(554, b"rejected")
        run(time)
        assert states() == ["dead"]

    def test_a_server_down_for_four_hours_costs_no_message_and_no_order(self, tell, time, backend):
        for n in range(3):
            tell(kind="sample.limited", subject=f"m{n}")
        backend.script["open"] = ConnectionRefusedError("down")
        for _ in range(4 * 12):
            run(time)
            time.pass_(minutes=5)
        assert states() == ["queued"] * 3
        backend.script.clear()
        run(time)
        assert [sent.subject for sent in mail.outbox] == ["m0", "m1", "m2"]

    def test_after_days_without_a_server_it_is_given_up_visibly(self, tell, time, backend):
        tell()
        backend.script["open"] = ConnectionRefusedError("down")
        run(time)
        time.pass_(days=4)
        run(time)
        assert states() == ["dead"]


class TestDeaths:
    """A process that dies is a BaseException that nothing catches: the lease stays, as after `kill -9`."""

    class Killed(BaseException):
        pass

    def die_at(self, monkeypatch, name):
        def point(reached, *_about):
            if reached == name:
                raise self.Killed

        monkeypatch.setattr(delivery, "crash_point", point)

    @pytest.mark.parametrize(
        ("point", "copies"), [("after-claim", 1), ("before-send", 1), ("after-send-before-commit", 2)]
    )
    def test_after_the_lease_it_leaves_again_with_the_same_id(self, point, copies, tell, time, backend, monkeypatch):
        tell()
        self.die_at(monkeypatch, point)
        with pytest.raises(self.Killed):
            run(time)
        monkeypatch.undo()
        assert not run(time)["accepted"]  # still leased to the dead
        time.pass_(seconds=delivery.LEASE.total_seconds())
        assert run(time)["accepted"] == 1
        assert len(mail.outbox) == copies
        assert len({sent.extra_headers["Message-ID"] for sent in mail.outbox}) == 1
        assert Delivery.objects.get().message_id == mail.outbox[0].extra_headers["Message-ID"]

    def test_a_message_that_kills_every_process_is_given_up(self, tell, time, backend, monkeypatch):
        tell()
        self.die_at(monkeypatch, "before-send")
        for _ in range(MAX_ATTEMPTS):
            with pytest.raises(self.Killed):
                run(time)
            time.pass_(hours=1)
        run(time)
        assert (states(), mail.outbox) == (["dead"], [])


class TestSending:
    def test_the_mail_says_that_a_machine_wrote_it_and_threads_by_stream(self, tell, time, backend):
        tell(subject="one")
        tell(subject="two")
        tell(subject="three", stream="s:2", in_reply_to="<customer@example.com>")
        run(time)
        sent = {message.subject: message.message() for message in mail.outbox}
        one, two, three = sent["one"], sent["two"], sent["three"]
        assert one["Auto-Submitted"] == "auto-generated"
        assert one["References"] == one["In-Reply-To"] == rendering.thread_id("s:1")
        assert two["References"] == f"{rendering.thread_id('s:1')} {one['Message-ID']}"
        assert two["In-Reply-To"] == one["Message-ID"]
        assert three["References"] == f"{rendering.thread_id('s:2')} <customer@example.com>"
        assert len({each["Message-ID"] for each in sent.values()}) == 3

    def test_text_is_not_escaped_and_html_is(self, tell, time, backend):
        tell(note="<b>A&B</b>")
        run(time)
        assert "R&D <b>A&B</b>" in mail.outbox[0].body
        assert "&lt;b&gt;A&amp;B" in mail.outbox[0].alternatives[0][0]

    @pytest.mark.parametrize("payload", ["a\r\nBcc: evil@example.com", "a\nX: y", "a\u2028Bcc: b", "a\x00b\x0b\x85c"])
    def test_no_line_break_reaches_a_header(self, payload, tell, time, settings):
        settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"
        tell(subject=payload.replace("\x00", "\ufffd"), from_name=payload.replace("\x00", ""), in_reply_to=payload[:1])
        run(time)
        headers = MailboxMessage.objects.get().headers
        assert not {"Bcc", "X"} & set(headers)
        assert not re.search(r"[\r\n\u2028\x85]", headers["Subject"] + headers["From"])

    def test_an_address_with_a_line_break_is_given_up_not_sent(self, tell, time, backend):
        tell(to=["a@example.com\nBcc: evil@example.com"])
        run(time)
        assert (states(), mail.outbox) == (["dead"], [])

    def test_one_connection_serves_a_round_and_a_failure_opens_a_new_one(self, tell, time, backend):
        for n in range(6):
            tell(stream=f"s:{n}", subject=f"m{n}")
        backend.script["m2"] = Fault("busy")
        run(time)
        assert (backend.opened, len(mail.outbox)) == (2, 5)

    def test_beyond_the_limit_of_an_address_it_is_held_back_visibly(self, tell, time, backend):
        for n in range(5):
            tell(kind="sample.limited", stream=f"s:{n}")
            tell(kind="sample.limited", stream=f"t:{n}", to=["A@example.com".lower(), "b@example.com"])
        run(time)
        addresses = [sent.to[0] for sent in mail.outbox]
        assert (addresses.count("a@example.com"), addresses.count("b@example.com")) == (3, 3)
        assert states().count("suppressed") == 9
        time.pass_(hours=1)  # the clock's next hour, but perhaps not an hour after the last mail
        tell(kind="sample.limited")
        run(time)
        assert len(mail.outbox) == 6
        time.pass_(hours=1)
        tell(kind="sample.limited")
        run(time)
        assert len(mail.outbox) == 7

    @pytest.mark.django_db(transaction=True)
    def test_no_transaction_is_open_while_sending(self, tell, time, backend):
        tell()
        run(time)
        assert backend.seen_transactions == [False]

    @pytest.mark.django_db(transaction=True)
    def test_four_workers_at_once_send_everything_once_and_in_order(self, tell, time, settings):
        settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"
        for n in range(120):
            tell(stream=f"s:{n % 6}", subject=f"{n:03}", to=[f"{n % 6}@example.com"])
        for n in range(40):
            tell(kind="sample.grouped", stream=f"g:{n}", to=["lead@example.com"])
        gate = threading.Barrier(4)

        def work(_):
            gate.wait(30)
            try:
                run(time)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        run(time)
        assert set(states()) == {"accepted"}
        plain = list(MailboxMessage.objects.exclude(to="lead@example.com").order_by("id").values_list("subject", "to"))
        assert len(plain) == 120
        for n in range(6):
            subjects = [subject for subject, to in plain if to == f"{n}@example.com"]
            assert subjects == sorted(subjects)
        batches = Delivery.objects.filter(recipient="mail:lead@example.com").values("batch").distinct().count()
        assert MailboxMessage.objects.filter(to="lead@example.com").count() == batches <= 4
