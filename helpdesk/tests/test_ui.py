"""Template tags and charts: what a face shows, without a page around it."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from helpdesk import charts
from helpdesk.badges import clock_face, initials, span_text
from sla import selectors
from sla.deadlines import WorkingCalendar
from sla.models import Clock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_clock(**changed) -> Clock:
    fields = {"state": "running", "due_at": NOW + timedelta(minutes=30), "warn_at": NOW + timedelta(minutes=20)}
    clock = Clock(metric="first_response", **{**fields, **changed})
    clock.stands_since, clock.stands_because = NOW, "pending"
    return clock


@pytest.fixture
def office(monkeypatch):
    """The clocks count in office hours of a zone one hour ahead: 9 to 18 o'clock is 8 to 17 of `NOW`."""
    week = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    hours = WorkingCalendar.from_dict({"zone": "Europe/Berlin", "weekly": week, "days": {}})
    monkeypatch.setattr(selectors, "calendar_of", lambda version: hours)
    return 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (-61, "1:01"), (3600, "1 h 00 min"), (86399, "23 h 59 min"), (90000, "1 d 1 h")],
)
def test_a_span_is_short(seconds, text):
    with translation.override("en"):
        assert span_text(seconds) == text


@pytest.mark.parametrize(
    ("changed", "face"),
    [
        ({}, "running"),
        ({"warn_at": NOW}, "soon"),
        ({"warned_at": NOW - timedelta(minutes=1)}, "soon"),
        ({"due_at": NOW}, "breached"),
        ({"breached_at": NOW - timedelta(minutes=1)}, "breached"),
        ({"state": "paused"}, "paused"),
        ({"state": "paused", "due_at": NOW - timedelta(days=1)}, "paused"),
        ({"state": "paused", "breached_at": NOW}, "breached"),
        ({"state": "met", "due_at": NOW - timedelta(days=1)}, "met"),
        ({"state": "missed", "ended_at": NOW}, "breached"),
        ({"state": "superseded", "due_at": NOW - timedelta(days=1)}, "ended"),
        ({"state": "cancelled"}, "ended"),
    ],
)
def test_the_face_of_a_clock(changed, face):
    assert clock_face(a_clock(**changed), NOW)[0] == face


def test_a_late_answer_shows_how_late_it_was_not_how_long_ago():
    missed = a_clock(state="missed", due_at=NOW - timedelta(hours=5), ended_at=NOW - timedelta(hours=4, minutes=55))
    with translation.override("en"):
        assert clock_face(missed, NOW)[2] == "5:00 over"


def faces(clock: Clock, now: datetime) -> tuple[str, str]:
    with translation.override("en"):
        state, _word, text = clock_face(clock, now)
    return state, text


def test_time_is_counted_in_the_hours_of_the_promise(office):
    """Due on Tuesday at half past nine (8:30 UTC): an hour and a half is left on Monday at five, an hour over night."""
    clock = a_clock(calendar_version_id=office, due_at=NOW + timedelta(hours=23, minutes=30), warn_at=None)
    assert faces(clock, NOW + timedelta(hours=7)) == ("running", "1 h 30 min")
    assert faces(clock, NOW + timedelta(hours=9)) == faces(clock, NOW + timedelta(hours=20)) == ("running", "30:00")
    assert faces(clock, NOW + timedelta(hours=31)) == ("breached", "7 h 30 min over")
    assert faces(clock, NOW + timedelta(hours=40)) == ("breached", "8 h 30 min over")


def test_a_paused_clock_says_what_is_left_of_it_and_why_it_stands(office):
    clock = a_clock(calendar_version_id=office, state="paused", due_at=NOW + timedelta(hours=23, minutes=30))
    clock.stands_since, clock.stands_because = NOW + timedelta(hours=7), "on_hold"
    assert faces(clock, NOW + timedelta(days=3)) == ("paused", "1 h 30 min left")
    with translation.override("en"):
        html = Template("{% load ui %}{% clock value now=now %}").render(Context({"value": clock, "now": NOW}))
    assert 'title="on hold"' in html


def test_the_page_counts_on_by_itself_in_the_stretches_of_work(office):
    clock = a_clock(calendar_version_id=office, due_at=NOW + timedelta(hours=23, minutes=30))
    html = Template("{% load ui %}{% clock value now=now %}").render(Context({"value": clock, "now": NOW}))
    today = int(NOW.timestamp())
    stretches = [(today, today + 8 * 3600), (today + 23 * 3600, today + 32 * 3600)]
    assert 'data-left="30600"' in html
    assert 'data-hours="{}"'.format(",".join(f"{a}/{b}" for a, b in stretches)) in html
    day_and_night = a_clock()
    html = Template("{% load ui %}{% clock value now=now %}").render(Context({"value": day_and_night, "now": NOW}))
    assert 'data-left="1800"' in html
    assert "data-hours" not in html


def test_only_a_running_clock_ticks():
    template = Template("{% load ui %}{% clock value now=now %}")
    running, met = (template.render(Context({"value": a_clock(state=s), "now": NOW})) for s in ("running", "met"))
    assert "data-due=" in running and "data-now=" in running
    assert "data-due=" not in met and 'data-state="met"' in met


@pytest.mark.parametrize(
    ("name", "letters"), [("王晓明", "晓明"), ("陈静", "陈静"), ("Li Na", "LN"), ("sofia", "S"), ("", "?"), ("  ", "?")]
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_names_are_escaped():
    html = Template("{% load ui %}{% person who %}{% status 'new' who %}").render(Context({"who": "<b>x</b>"}))
    assert "<b>" not in html


@pytest.mark.parametrize(("value", "ceiling"), [(0, 1), (0.4, 1), (3, 4), (9, 10), (11, 20), (101, 200), (2400, 2500)])
def test_the_axis_ends_on_a_readable_figure(value, ceiling):
    assert charts.nice_ceiling(value) == ceiling


def test_a_missing_value_is_a_gap_not_a_zero():
    path = charts.lines(["a", "b", "c"], [("x", [1, None, 2])])["lines"][0]["path"]
    assert path.count("M") == 2
    assert "L" not in path


def test_bars_are_proportional_and_start_at_zero():
    long, short = charts.bars([("a", 40), ("b", 20)])["bars"]
    assert long["length"] == pytest.approx(2 * short["length"], abs=0.2)


def test_high_lines_leave_the_zero_and_stay_inside():
    chart = charts.lines(["a", "b"], [("x", [86, 99])], target=95)
    assert [line["text"] for line in chart["axis"]] == ["80", "90", "100"]
    assert all(10 <= y <= 190 for _, y, _ in chart["lines"][0]["points"])


def test_a_donut_of_nothing_and_of_everything():
    assert charts.donut([])["total"] == "0"
    whole = charts.donut([("a", 3), ("b", 1)])
    assert [item["share"] for item in whole["slices"]] == [75, 25]
    assert charts.donut([("a", 0)])["slices"][0]["share"] == 0


@pytest.mark.parametrize(
    "tag", ["bar_chart none 'x'", "column_chart none 'x'", "line_chart none none 'x'", "donut_chart none 'x'"]
)
def test_empty_charts_draw(tag):
    assert "<svg" in Template("{% load ui %}{% " + tag + " %}").render(Context({"none": []}))


@pytest.mark.parametrize("values", [[100, 100], [100], [1, 1], [0, 0], [None], [2.0, 2.0]])
def test_a_line_that_never_moves_is_drawn(values):
    drawn = charts.lines(["1"] * len(values), [("kept", values)])
    assert len(drawn["lines"][0]["points"]) == sum(value is not None for value in values)


def test_columns_side_by_side_reach_no_higher_than_the_highest():
    drawn = charts.columns([("Mon", [4, 3])], [("new", "1"), ("resolved", "2")], stacked=False)
    first, second = drawn["bars"]
    assert (first["y"] + first["height"], second["y"] + second["height"]) == (190, 190)
    assert first["x"] + first["width"] == second["x"]
    assert (first["height"], second["height"]) == (180, 135)


def test_a_chip_carries_the_icons_of_what_it_may_become():
    template = Template("{% load ui %}{% clock value now=now %}")
    running = template.render(Context({"value": a_clock(), "now": NOW}))
    paused = template.render(Context({"value": a_clock(state="paused"), "now": NOW}))
    assert [running.count(f"clock-i-{state}") for state in ("running", "soon", "breached", "paused")] == [1, 1, 1, 0]
    assert [paused.count(f"clock-i-{state}") for state in ("running", "paused")] == [0, 1]


def test_options_of_a_select_are_escaped_and_grouped():
    field = forms.ChoiceField(
        choices=[("a&b", "<b>x</b>"), ('G"', [("1", "one"), ("2", "two")])], initial="1", widget=forms.Select
    )
    html = str(type("Form", (forms.Form,), {"choice": field})()["choice"])
    assert '<option value="a&amp;b">&lt;b&gt;x&lt;/b&gt;</option>' in html
    assert '<optgroup label="G&quot;"><option value="1" selected>one</option><option value="2">two</option>' in html


def test_a_count_has_three_digits_at_most():
    template = Template("{% load ui %}{% for one in counts %}{{ one|bounded }},{% endfor %}")
    assert template.render(Context({"counts": [0, 999, 1000, None]})) == "0,999,999+,,"
