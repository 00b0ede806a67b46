"""Quiet hours: when they end, what waits for it, what breaks in, and that what waited leaves as one message."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import transaction

from outbox import delivery, services, upkeep
from outbox.models import Delivery
from outbox.quiet import QuietHours
from outbox.resolving import GROUP_ABOVE, resolve_due
from outbox.tests.conftest import NOW, SETTLED

SHANGHAI, BERLIN, KOLKATA = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
TICK = timedelta(microseconds=1)
QUIET = ["08:00", "10:00"]  # NOW is 09:00
END = NOW + timedelta(hours=1)


def hours(start: str, end: str, zone: ZoneInfo = SHANGHAI) -> QuietHours:
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end), zone)


def at(text: str, zone: ZoneInfo = SHANGHAI, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


class TestHours:
    @pytest.mark.parametrize(
        ("now", "ends"),
        [
            ("2026-03-02T21:59", None),
            ("2026-03-02T22:00", "2026-03-03T07:30"),
            ("2026-03-02T23:59", "2026-03-03T07:30"),
            ("2026-03-03T00:00", "2026-03-03T07:30"),
            ("2026-03-03T07:29", "2026-03-03T07:30"),
            ("2026-03-03T07:30", None),
        ],
    )
    def test_over_midnight(self, now, ends):
        assert hours("22:00", "07:30").ends_at(at(now)) == (ends and at(ends))

    def test_exactly_at_the_ends(self):
        quiet = hours("13:00", "14:00")
        assert quiet.ends_at(at("2026-03-02T13:00") - TICK) is None
        assert quiet.ends_at(at("2026-03-02T13:00")) == at("2026-03-02T14:00")
        assert quiet.ends_at(at("2026-03-02T14:00") - TICK) == at("2026-03-02T14:00")
        assert quiet.ends_at(at("2026-03-02T14:00")) is None

    def test_by_the_persons_own_clock(self):
        now = datetime(2026, 3, 2, 18, tzinfo=UTC)  # 02:00 in Shanghai, 19:00 in Berlin, 23:30 in Kolkata
        assert hours("22:00", "07:00").ends_at(now) == datetime(2026, 3, 2, 23, tzinfo=UTC)
        assert hours("22:00", "07:00", BERLIN).ends_at(now) is None
        assert hours("22:00", "07:00", KOLKATA).ends_at(now) == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)

    def test_a_night_in_which_clocks_go_forward(self):
        quiet = hours("22:00", "02:30", BERLIN)  # on 29 March 2026 there is no 02:30: it moves to 03:30
        end = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        assert quiet.ends_at(at("2026-03-28T22:00", BERLIN)) == end
        assert quiet.ends_at(end - TICK) == end
        assert quiet.ends_at(end) is None
        assert hours("22:00", "07:00", BERLIN).ends_at(end) == datetime(2026, 3, 29, 5, tzinfo=UTC)

    def test_a_night_in_which_clocks_go_back(self):
        quiet = hours("22:00", "02:30", BERLIN)  # on 25 October 2026 02:30 comes twice: the first ends it
        end = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert quiet.ends_at(at("2026-10-25T02:29", BERLIN)) == end
        assert quiet.ends_at(at("2026-10-25T02:29", BERLIN, fold=1)) is None
        long = hours("22:00", "07:00", BERLIN)
        assert long.ends_at(at("2026-10-24T22:00", BERLIN)) == datetime(2026, 10, 25, 6, tzinfo=UTC)


@pytest.mark.django_db
class TestDelivery:
    def run(self, time):
        return delivery.run(read_clock=time)

    def test_it_waits_for_the_end_to_the_microsecond(self, tell, time, backend):
        tell(quiet=QUIET)
        self.run(time)
        assert mail.outbox == []
        assert Delivery.objects.get().quiet_until == END
        time.now = END - TICK
        self.run(time)
        assert mail.outbox == []
        time.now = END
        self.run(time)
        assert len(mail.outbox) == 1

    def test_what_wakes_leaves_at_once_even_behind_what_waits_in_its_stream(self, tell, time, backend):
        tell(quiet=QUIET, subject="waits")
        self.run(time)
        tell(quiet=QUIET, subject="wakes", wakes=True)
        self.run(time)
        assert [each.subject for each in mail.outbox] == ["wakes"]
        time.now = END
        self.run(time)
        assert [each.subject for each in mail.outbox] == ["wakes", "waits"]

    def test_two_that_waited_leave_as_one(self, tell, time, backend):
        for n in range(2):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n, quiet=QUIET)
            self.run(time)  # hours apart: each was resolved by itself
            time.pass_(minutes=20)
        time.now = END
        self.run(time)
        assert len(mail.outbox) == 1
        assert "numbers: [0, 1]" in mail.outbox[0].body

    def test_those_that_wait_take_none_along_that_wakes(self, tell, time, backend):
        for n in range(GROUP_ABOVE + 2):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n, quiet=QUIET)
        for n in range(10, 10 + GROUP_ABOVE + 2):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n, quiet=QUIET, wakes=True)
        self.run(time)
        assert len(mail.outbox) == 1
        assert "numbers: [10, 11, 12, 13, 14]" in mail.outbox[0].body
        time.now = END
        self.run(time)
        assert "numbers: [0, 1, 2, 3, 4]" in mail.outbox[1].body

    def test_what_was_settled_meanwhile_is_not_sent(self, tell, time, backend):
        for n in range(3):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n, quiet=QUIET)
        tell(stream="s:9", n=2, quiet=QUIET)
        self.run(time)
        SETTLED.update({0, 2})
        time.now = END
        self.run(time)
        assert len(mail.outbox) == 1
        assert "numbers: [1]" in mail.outbox[0].body
        states = list(Delivery.objects.order_by("intent_id").values_list("state", flat=True))
        assert states == ["settled", "accepted", "settled", "settled"]

    def test_what_did_not_wait_is_sent_whatever_became_of_it(self, tell, time, backend):
        SETTLED.add(1)
        tell(n=1)
        self.run(time)
        assert len(mail.outbox) == 1

    def test_it_may_be_woken_and_leaves_without_its_companions(self, tell, time, backend):
        for n in range(2):
            tell(kind="sample.grouped", stream=f"s:{n}", n=n, quiet=QUIET)
        self.run(time)
        with transaction.atomic():
            assert services.wake(stream="s:1", now=time()) == 1
        self.run(time)
        assert ["numbers: [1]" in each.body for each in mail.outbox] == [True]
        with transaction.atomic():
            assert services.wake(stream="s:1", now=time()) == 0
        time.now = END
        self.run(time)
        assert "numbers: [0]" in mail.outbox[1].body

    def test_sent_again_by_hand_it_waits_for_nothing(self, tell, time, backend):
        tell(quiet=QUIET)
        resolve_due(now=time())
        row = Delivery.objects.get()
        Delivery.objects.update(state="dead")
        assert upkeep.resend(delivery_id=row.pk, now=time())
        self.run(time)
        assert len(mail.outbox) == 1
