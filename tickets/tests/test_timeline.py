"""The history says everything that is recorded, in both languages, and from what to what it changed."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from accounts.permissions import ALL_CODES
from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock, registry
from sla.choices import ClockState
from tickets.choices import Channel, Status
from tickets.models import SeverityContest
from tickets.services import assigning, conversation, grades, merging, moves
from tickets.services.events import record
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in
from tickets.timeline import SENTENCES, entries, of_kind
from tickets.views import ticket as ticket_views

pytestmark = pytest.mark.django_db
ROOMS = ("tickets", "feedback", "intake", "knowledge", "sla", "reports")
#: What the parts of a code that are filled in when it is recorded may be.
FILLED = {
    "closed.state": [ClockState.MET, ClockState.MISSED],
    "state": [SeverityContest.State.ACCEPTED, SeverityContest.State.DECLINED],
    "via": ["link", "call"],
}
_CODE = re.compile(r"(ticket|clock|survey|incident)(\.[a-z_]+)+")


def recorded() -> set[str]:
    """Every code that the source writes: arguments `code`, the rows of `record_many`, and in services whatever is
    spelled like one and is neither a kind of message nor a permission."""
    found: set[str] = set()
    for path in (path for room in ROOMS for path in (Path(settings.BASE_DIR) / room).rglob("*.py")):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "code":
                found |= spelled(node.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_many":
                rows = [part for part in ast.walk(node.args[0]) if isinstance(part, ast.Tuple)]
                found |= {code for row in rows for item in row.elts for code in spelled(item)}
            elif isinstance(node, ast.Constant) and "services" in path.parts:
                found |= {str(node.value)} - set(registry.kinds()) - ALL_CODES
    return {code for code in found if _CODE.fullmatch(code)}


def spelled(value: ast.expr) -> set[str]:
    """The texts that an expression may be: a constant, or one with a part that `FILLED` knows."""
    if isinstance(value, ast.Constant):
        return {str(value.value)}
    if isinstance(value, ast.JoinedStr):
        fixed, part = value.values[0], value.values[-1]
        assert isinstance(fixed, ast.Constant) and isinstance(part, ast.FormattedValue) and len(value.values) == 2
        return {f"{fixed.value}{end}" for end in FILLED[ast.unparse(part.value)]}
    return set()  # passed on: its constant stands at the caller


def test_every_code_that_is_recorded_has_its_sentence_and_no_sentence_is_left_over():
    assert recorded() == SENTENCES.keys()


def test_every_sentence_is_told_in_both_languages():
    for language in ("en", "zh-hans"):
        with override(language):
            for code, sentence in SENTENCES.items():
                names = type("Names", (), {"person": str, "team": str, "article": str})
                said = sentence.say({}, names) + sentence.detail({"source": "new", "target": "open"}, names)
                assert said and "%(" not in said, code


@pytest.fixture
def told():
    """The details of a ticket's history, as code → detail (the last one counts)."""

    def read(ticket) -> dict[str, str]:
        rows = list(ticket.events.order_by("id"))
        return {row.code: line.detail for row, line in zip(rows, entries(rows), strict=True)}

    return read


@pytest.fixture(autouse=True)
def _english():
    with override("en"):
        yield


def test_each_change_says_from_what_to_what(told):
    team, other = TeamFactory(), TeamFactory()
    anna, ben = make_agent(team, name="Anna"), make_agent(team, name="Ben")
    lead = make_lead(team, name="Lea")
    make_agent(other, name="Otto")
    ticket = make_ticket(team=team, assignee=anna, now=clock.now())
    assigning.assign(ticket=ticket, actor=lead, assignee=ben)
    assert told(ticket)["ticket.assigned"] == "Anna → Ben"
    assigning.take_over(ticket=ticket, actor=lead)
    assert told(ticket)["ticket.taken_over"] == "Ben → Lea"
    assigning.assign(ticket=ticket, actor=lead)
    assert told(ticket)["ticket.released"] == "Lea → nobody"
    assigning.take(ticket=ticket, actor=anna)
    assert told(ticket)["ticket.taken"] == "nobody → Anna"
    grades.contest(ticket=ticket, actor=ticket.requester, wanted="S", reason="All wait.")
    assert told(ticket)["ticket.severity.contested"] == "B → S"
    conversation.reply(ticket=ticket, actor=anna, body="Which version?", status="pending")
    assert told(ticket)["ticket.status"] == f"{Status.NEW.label} → {Status.PENDING.label}"
    moves.resolve_ticket(ticket=ticket, actor=anna, cause="c", solution="s", verification="customer")
    assert told(ticket)["ticket.resolved"] == f"{Status.PENDING.label} → {Status.RESOLVED.label}"
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="No.", channel=Channel.PORTAL)
    assert told(ticket)["ticket.reopened"] == f"{Status.RESOLVED.label} → {Status.OPEN.label}"
    moves.resolve_ticket(ticket=ticket, actor=anna, cause="c", solution="s", verification="customer")
    moves.confirm_solution(ticket=ticket, actor=ticket.requester)
    assert told(ticket)["ticket.confirmed"] == f"{Status.RESOLVED.label} → {Status.CLOSED.label}"


def test_a_merged_ticket_says_what_it_was(told):
    team = TeamFactory()
    anna = make_agent(team)
    target = make_ticket(team=team, assignee=anna, now=clock.now())
    source = make_ticket(team=team, assignee=anna, requester=target.requester, now=clock.now())
    merging.merge_ticket(ticket=source, into=target, actor=anna, words="Both go on as one.")
    assert told(source)["ticket.merged"] == f"{Status.NEW.label} → {Status.CLOSED.label}"


def test_the_history_is_read_to_its_beginning_by_pages_and_by_kind(monkeypatch):
    team = TeamFactory()
    anna = make_agent(team)
    ticket = make_ticket(team=team, assignee=anna, now=clock.now())
    for words in ("one", "two", "three"):
        conversation.add_note(ticket=ticket, actor=anna, body=words)
        moves.set_status(ticket=ticket, actor=anna, status="on_hold", reason=words)
        moves.set_status(ticket=ticket, actor=anna, status="open")
    monkeypatch.setattr(ticket_views, "_EVENTS", 2)
    client, address = signed_in(anna), reverse("workspace:timeline", args=[ticket.number])
    seen, page = [], client.get(address)
    while True:
        seen += [line.text for line in page.context["lines"]]
        if not page.context["older"]:
            break
        page = client.get(address + page.context["older"])
    assert len(seen) == ticket.events.count() > 9
    talk = client.get(address, {"kind": "talk"})
    assert [line.kind for line in talk.context["lines"]] == ["talk", "talk"], "what is older is not pushed out by work"
    assert client.get(address + talk.context["older"]).context["lines"]
    assert client.get(address, {"before": "9" * 40, "kind": "x"}).status_code == 200


def test_a_code_of_another_release_is_work_and_shown_as_it_is():
    ticket = make_ticket(now=clock.now())
    record(ticket=ticket, code="ticket.of_tomorrow", actor=None, now=clock.now())
    assert "ticket.of_tomorrow" in {row.code for row in of_kind(ticket.events.all(), "work")}
    assert "ticket.of_tomorrow" not in {row.code for row in of_kind(ticket.events.all(), "talk")}
    assert "ticket.of_tomorrow" in entries(ticket.events.order_by("-id"))[0].text
