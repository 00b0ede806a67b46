"""A year that a calendar lacks: when it is told, to whom, and that it is mended by the page that the notice names."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.core import mail

from accounts.tests.factories import TeamFactory, make_administrator, make_lead
from outbox import delivery, selectors
from outbox.models import Delivery, Intent
from sla.models import Calendar, CalendarDay
from sla.selectors import missing_years
from sla.services.calendars import tell_missing_years

pytestmark = pytest.mark.django_db
PAGE = "/desk/holidays/"
HOURS = [["09:00", "12:00"], ["13:00", "18:00"]]
DECEMBER = datetime(2025, 11, 30, 16, tzinfo=UTC)  # 1 December, 00:00 in Shanghai
TICK = timedelta(microseconds=1)


@pytest.fixture
def office():
    Calendar.objects.exclude(code="office").update(weekly_hours={})
    CalendarDay.objects.all().delete()
    office = Calendar.objects.create(
        code="office", name="办公室", name_en="Office", zone="Asia/Shanghai", weekly_hours={"mon": HOURS}
    )
    CalendarDay.objects.create(calendar=office, date=date(2025, 10, 1), name="National Day")
    return office


@pytest.fixture
def boss():
    return make_administrator(language="en")


def missing(now: datetime) -> list[tuple[str, int, bool]]:
    return [(each.calendar.code, each.year, each.has_begun) for each in missing_years(now=now)]


def send(now: datetime) -> list[str]:
    """The subjects of what leaves at ``now``."""
    mail.outbox.clear()
    delivery.run(read_clock=lambda: now)
    return [each.subject for each in mail.outbox]


class TestWhen:
    def test_from_the_first_of_december_in_the_calendars_own_zone(self, office):
        assert missing(DECEMBER - TICK) == []
        assert missing(DECEMBER) == [("office", 2026, False)]
        Calendar.objects.filter(pk=office.pk).update(zone="Europe/London")
        assert missing(DECEMBER) == []

    def test_and_inside_the_year(self, office):
        assert missing(datetime(2026, 1, 2, tzinfo=UTC)) == [("office", 2026, True)]
        assert missing(datetime(2026, 12, 2, tzinfo=UTC)) == [("office", 2026, True), ("office", 2027, False)]

    def test_one_day_of_it_is_knowledge(self, office):
        CalendarDay.objects.create(calendar=office, date=date(2026, 1, 1))
        assert missing(DECEMBER) == []

    def test_a_calendar_that_keeps_no_days_is_left_alone(self, office):
        office.days.all().delete()
        assert missing(DECEMBER) == []


class TestTold:
    def test_once_a_month_before_and_once_when_it_has_begun(self, office, boss):
        make_lead(TeamFactory())
        assert tell_missing_years(now=DECEMBER - TICK) == 0
        for day in (0, 1, 20):
            tell_missing_years(now=DECEMBER + timedelta(days=day))
        assert send(DECEMBER + timedelta(days=20)) == ["Working calendar “Office”: no holidays of 2026"]
        assert mail.outbox[0].to == [boss.email]
        address = f"{settings.SITE_URL}{PAGE}?calendar={office.pk}&year=2026"
        assert address in mail.outbox[0].body
        assert "From New Year on" in mail.outbox[0].body
        begun = datetime(2026, 1, 2, tzinfo=UTC)
        for _twice in range(2):
            tell_missing_years(now=begun)
        assert len(send(begun)) == 1
        assert "count holidays as working days" in mail.outbox[0].body
        (first, *_others) = selectors.notices(boss, now=begun)
        assert "2026" in first.text
        assert first.url == address

    def test_silent_when_somebody_mended_it_before_it_was_sent(self, office, boss):
        tell_missing_years(now=DECEMBER)
        CalendarDay.objects.create(calendar=office, date=date(2026, 1, 1))
        assert send(DECEMBER) == []
        assert not Delivery.objects.exists()
        assert Intent.objects.get().state == Intent.State.RESOLVED


class TestPage:
    def choice(self, office, **others):
        return {"calendar": office.pk, "country": "CN", "year": 2026, **others}

    @pytest.fixture
    def signed_in(self, client, boss):
        client.force_login(boss)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        return client

    def test_a_preview_writes_nothing(self, signed_in, office):
        page = signed_in.get(PAGE, self.choice(office))
        assert page.status_code == 200
        assert "Write these days" in page.text
        assert "National Day, make-up working day" in page.text
        assert "09:00–12:00, 13:00–18:00" in page.text
        assert office.days.count() == 1
        assert office.snapshots.count() == 0

    def test_the_same_choice_is_written_once(self, signed_in, office):
        new = signed_in.get(PAGE, self.choice(office)).context["added"]
        assert signed_in.post(PAGE, self.choice(office), follow=True).text.count(f"Office: {new} days added") == 1
        assert office.days.filter(date__year=2026).count() == new > 30
        assert office.days.get(date="2026-10-10").intervals == HOURS
        assert office.snapshots.count() == 1
        page = signed_in.get(PAGE, self.choice(office))
        assert "There is nothing to write." in page.text
        assert "Write these days" not in page.text
        signed_in.post(PAGE, self.choice(office))
        assert office.snapshots.count() == 1

    def test_what_somebody_set_stays_unless_it_is_ticked(self, signed_in, office):
        own = CalendarDay.objects.create(calendar=office, date=date(2026, 10, 2), intervals=HOURS, name="stock-taking")
        page = signed_in.get(PAGE, self.choice(office))
        assert "1 day was set otherwise and stays so." in page.text
        signed_in.post(PAGE, self.choice(office))
        own.refresh_from_db()
        assert own.name == "stock-taking"
        page = signed_in.get(PAGE, self.choice(office, replace="on"))
        assert "1 day was set otherwise and is overwritten." in page.text
        signed_in.post(PAGE, self.choice(office, replace="on"))
        own.refresh_from_db()
        assert own.intervals == []

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"year": 2099}, "year"),
            ({"year": "next"}, "year"),
            ({"country": "XX"}, "country"),
            ({"calendar": 0}, "calendar"),
        ],
    )
    def test_refusals_stand_beside_the_field(self, signed_in, office, changed, field):
        for send in (signed_in.get, signed_in.post):
            page = send(PAGE, self.choice(office) | changed)
            assert page.status_code == 422
            assert list(page.context["form"].errors) == [field]
        assert office.days.count() == 1

    def test_a_make_up_day_needs_hours(self, signed_in, office):
        Calendar.objects.filter(pk=office.pk).update(weekly_hours={})
        page = signed_in.post(PAGE, self.choice(office))
        assert list(page.context["form"].errors) == ["calendar"]

    def test_another_country(self, signed_in, office):
        assert "Christmas" in signed_in.get(PAGE, self.choice(office, country="GB")).text

    @pytest.mark.parametrize(
        ("language", "words"), [("en", "knows no holidays of 2026"), ("zh-hans", "办公室")], ids=["en", "zh"]
    )
    def test_set_up_and_page_warn(self, signed_in, office, monkeypatch, language, words):
        signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        for module in ("sla.views", "helpdesk.setup_views"):
            monkeypatch.setattr(f"{module}.clock.now", lambda: DECEMBER + TICK)
        assert f"{PAGE}?calendar={office.pk}&amp;year=2026" in signed_in.get("/desk/setup/").text
        page = signed_in.get(PAGE)
        assert words in page.text
        assert page.context["form"].initial == {"calendar": office.pk, "year": 2026, "country": "CN"}
        named = signed_in.get(PAGE, {"calendar": office.pk, "year": 2031})
        assert named.context["form"].initial["year"] == "2031"
