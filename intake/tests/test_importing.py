"""Tickets of other systems: their dates stay, nothing begins, a second run doubles nothing, problems have lines."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_administrator, make_agent
from catalog.models import Tag
from feedback.services.surveys import send_due_surveys
from intake.importing import running
from intake.importing.records import BadRecord, instant, text_of_html
from intake.models import ImportedRecord
from outbox import clock, web
from outbox.models import Delivery, Intent, WebhookCall
from outbox.webhooks import services as webhooks
from sla.models import Clock
from tickets.models import Attachment, Message, Ticket, TicketEvent
from tickets.services.conversation import reply
from tickets.services.moves import close_silent
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
_ROW = {
    "id": "17",
    "number": "22017",
    "subject": "打印机 offline",
    "requester_email": "Li@Example.com",
    "requester_name": "李雷",
    "description": "It prints nothing.",
    "status": "closed",
    "severity": "A",
    "created_at": "2024-02-29T08:00:00+08:00",
    "ended_at": "2024-03-02T10:00:00Z",
    "tags": "printer, floor 3",
}


def _csv(path: Path, rows: list[dict]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _run(path: Path, form: str = "csv", **given) -> running.Report:
    return running.run(path=path, form=form, source="old", now=NOW, **given)


def test_a_row_becomes_a_ticket_with_its_dates(tmp_path):
    report = _run(_csv(tmp_path / "a.csv", [_ROW]))
    assert (report.counts["tickets"], report.problems) == (1, [])
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.status, ticket.severity) == ("打印机 offline", "closed", "A")
    assert ticket.created_at == datetime(2024, 2, 29, 0, 0, tzinfo=UTC)
    assert ticket.closed_at == ticket.resolved_at == datetime(2024, 3, 2, 10, 0, tzinfo=UTC)
    assert (ticket.requester.email, ticket.requester.name) == ("li@example.com", "李雷")
    assert {tag.name for tag in ticket.tags.all()} == {"printer", "floor 3"}
    message = Message.objects.get()
    assert (message.kind, message.author, message.created_at) == ("customer", ticket.requester, ticket.created_at)
    codes = dict(TicketEvent.objects.values_list("code", "created_at"))
    assert codes == {"ticket.created": ticket.created_at, "ticket.imported": NOW}


def test_nothing_begins_by_an_import(tmp_path, monkeypatch, settings):
    monkeypatch.setattr(web, "check_address", lambda url: None)
    said = {"name": "All", "url": "https://hook.example/", "hears": ["ticket.created", "message.public"]}
    webhooks.save_endpoint(actor=make_administrator(), now=NOW, **said)
    rows = [_ROW | {"id": str(number), "status": status} for number, status in enumerate(["open", "pending", "closed"])]
    rows[2]["ended_at"] = (NOW - timedelta(days=3)).isoformat()  # of an age at which a survey would be due
    _run(_csv(tmp_path / "a.csv", rows))
    assert Ticket.objects.count() == 3
    assert not Clock.objects.exists() and not Intent.objects.exists() and not Delivery.objects.exists()
    assert not WebhookCall.objects.exists()
    assert send_due_surveys() == 0
    close_silent()
    assert sorted(Ticket.objects.values_list("status", flat=True)) == ["closed", "open", "pending"]
    assert not Ticket.objects.exclude(next_due_at=None).exists()


def test_from_its_next_change_on_it_is_a_ticket_like_others(tmp_path):
    team = TeamFactory(code="desk")
    agent = make_agent(team)
    _run(_csv(tmp_path / "a.csv", [_ROW | {"status": "open", "ended_at": "", "team": "DESK"}]))
    ticket = Ticket.objects.get()
    assert ticket.team == team and ticket.waiting_since == ticket.created_at
    reply(ticket=ticket, actor=agent, body="We look at it.", marks=[], now=NOW + timedelta(hours=1))
    ticket.refresh_from_db()
    assert ticket.waiting_since is None and ticket.first_response_at == NOW + timedelta(hours=1)
    assert Intent.objects.filter(kind="ticket.reply").exists()


def test_a_second_run_goes_on_and_doubles_nothing(tmp_path):
    rows = [_ROW | {"id": str(number)} for number in range(5)]
    path = _csv(tmp_path / "a.csv", rows[:3])
    assert _run(path).counts["tickets"] == 3
    before = set(Ticket.objects.values_list("pk", flat=True))
    rows[1]["subject"] = "changed there"
    report = _run(_csv(path, rows))
    assert (report.counts["tickets"], report.counts["already"], report.counts["changed_there"]) == (2, 3, 1)
    assert Ticket.objects.count() == 5 and before < set(Ticket.objects.values_list("pk", flat=True))
    assert not Ticket.objects.filter(subject="changed there").exists()
    assert Tag.objects.filter(name="printer").count() == 1
    assert running.run(path=path, form="csv", source="another", now=NOW).counts["tickets"] == 5


def test_an_import_that_dies_in_the_middle_goes_on(tmp_path, monkeypatch):
    path = _csv(tmp_path / "a.csv", [_ROW | {"id": str(number)} for number in range(4)])
    write, made = running.write_history, []

    def dying(**given):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(write(**given))
        return made[-1]

    monkeypatch.setattr(running, "write_history", dying)
    with pytest.raises(KeyboardInterrupt):
        _run(path)
    monkeypatch.setattr(running, "write_history", write)
    assert _run(path).counts["tickets"] == 2
    assert Ticket.objects.count() == ImportedRecord.objects.count() == 4


def test_two_imports_at_once_share_the_work_and_both_end(tmp_path, monkeypatch):
    path = _csv(
        tmp_path / "t.csv", [_ROW, _ROW | {"id": "18", "number": "22018"}, _ROW | {"id": "19", "number": "22019"}]
    )
    write, other = running._write, []

    def slow(row, *args, **kwargs):
        if not other:
            other.append(None)
            other[0] = _run(path)  # the other one does all of it between our look and our row
        write(row, *args, **kwargs)

    monkeypatch.setattr(running, "_write", slow)
    report = _run(path)
    assert (other[0].counts["tickets"], other[0].problems) == (3, [])
    assert (report.counts["already"], report.counts["tickets"], report.problems) == (3, 0, [])
    assert Ticket.objects.count() == ImportedRecord.objects.count() == 3


def test_a_dry_run_writes_nothing_and_says_what_would_be(tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM tickets_ticket_number")
        number = cursor.fetchone()
    people = User.objects.count()
    rows = [_ROW, _ROW | {"id": "18", "team": "nobody’s", "status": "nonsense"}, _ROW | {"id": "19", "team": "Moon"}]
    report = _run(_csv(tmp_path / "a.csv", rows), dry_run=True)
    assert report.counts["tickets"] == 2 and report.counts["new_people"] == 1
    assert report.unknown == {"team: Moon": 1}
    ((line, problem),) = report.problems
    assert line == 3 and "nonsense" in problem
    assert (Ticket.objects.count(), ImportedRecord.objects.count(), User.objects.count()) == (0, 0, people)
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM tickets_ticket_number")
        assert cursor.fetchone() == number
    assert _run(tmp_path / "a.csv").counts["tickets"] == 2  # what it foretold


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"requester_email": "nobody"}, "nobody"),
        ({"requester_email": ""}, "requester_email is missing"),
        ({"subject": " "}, "subject is missing"),
        ({"id": ""}, "id is missing"),
        ({"id": "x" * 121}, "longer than 120"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2099-01-01"}, "future"),
        ({"status": "on_hold"}, "hold_reason"),
        ({"severity": "critical"}, "severity"),
        ({"description": ""}, "no message"),
        ({"is_staff": "1"}, "unknown column: is_staff"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, change, words):
    report = _run(_csv(tmp_path / "a.csv", [_ROW | change]))
    ((line, problem),) = report.problems
    assert line == 2 and words in problem
    assert not Ticket.objects.exists() and not User.objects.filter(email="li@example.com").exists()


def test_lines_are_those_of_the_file_although_cells_have_several(tmp_path):
    long = _ROW | {"description": "one\ntwo\nthree"}
    report = _run(_csv(tmp_path / "a.csv", [long, _ROW | {"id": "18", "status": "?"}, _ROW | {"id": "17"}]))
    assert [line for line, _problem in report.problems] == [5, 6]
    assert "twice" in report.problems[1][1]


def test_the_house_s_json_holds_conversation_and_files(tmp_path):
    agent = make_agent(TeamFactory(code="desk"), email="agent@example.com")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "log.txt").write_text("words\n")
    messages = [
        {"body": "It stands.", "created_at": "2024-03-01T08:00:00Z", "files": ["files/log.txt"]},
        {"kind": "public", "body": "We look.", "created_at": "2024-03-01T09:00:00Z", "email": "Agent@example.com"},
        {"kind": "note", "body": "Odd.", "created_at": "2024-03-01T09:30:00Z", "name": "Old Colleague"},
    ]
    row = {name: value for name, value in _ROW.items() if name != "description"} | {
        "messages": messages,
        "status": "open",
    }
    assert _run(_lines(tmp_path / "a.jsonl", [row]), "json").problems == []
    told = list(Message.objects.order_by("pk").values_list("kind", "author__email", "body"))
    assert told[1] == ("public", agent.email, "We look.")
    assert told[2] == ("note", None, "Old Colleague:\nOdd.")
    assert Attachment.objects.get().name == "log.txt"
    assert Ticket.objects.get().first_response_at == datetime(2024, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "nothing.txt", "."])
def test_a_file_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.txt").write_text("x")
    message = {"body": "b", "created_at": "2024-03-01T08:00:00Z", "files": [name]}
    report = _run(_lines(tmp_path / "in" / "a.jsonl", [_ROW | {"messages": [message]}]), "json")
    assert "not beside the export" in report.problems[0][1] and not Attachment.objects.exists()


_ZENDESK = {
    "id": 4711,
    "subject": "VPN down",
    "status": "solved",
    "priority": "urgent",
    "created_at": "2025-01-02T03:04:05Z",
    "updated_at": "2025-01-03T00:00:00Z",
    "requester": {"id": 1, "name": "Ann", "email": "ann@customer.example"},
    "assignee": {"id": 2, "email": "gone@old.example"},
    "group": {"name": "Network"},
    "via": {"channel": "email"},
    "tags": ["vpn"],
    "metric_set": {"solved_at": "2025-01-02T10:00:00Z"},
    "comments": [
        {"author_id": 1, "public": True, "html_body": "<p>No <b>VPN</b>.</p><script>x()</script>",
         "created_at": "2025-01-02T03:04:05Z", "attachments": [{"content_url": "https://x"}]},
        {"author_id": 2, "public": True, "plain_body": "Try again.", "created_at": "2025-01-02T04:00:00Z"},
        {"author_id": 2, "public": False, "body": "It was the cable.", "created_at": "2025-01-02T05:00:00Z"},
    ],
}  # fmt: skip


def test_zendesk(tmp_path):
    report = _run(_lines(tmp_path / "z.json", [_ZENDESK, _ZENDESK | {"id": 2, "status": "deleted"}]), "zendesk")
    assert (report.counts["tickets"], report.counts["files_left_behind"]) == (1, 1)
    assert "deleted" in report.problems[0][1]
    assert report.unknown == {"team: Network": 1, "assignee: gone@old.example": 1}
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.severity, ticket.channel) == ("closed", "S", "mail")
    assert ticket.closed_at == datetime(2025, 1, 2, 10, 0, tzinfo=UTC)
    kinds = list(Message.objects.order_by("pk").values_list("kind", "body"))
    assert kinds == [("customer", "No VPN."), ("public", "Try again."), ("note", "It was the cable.")]


def test_zammad(tmp_path):
    TeamFactory(code="second", name="二线", name_en="2nd Level")
    row = {
        "id": 9, "number": "22009", "title": "Mail is slow", "state": "pending reminder", "priority": "3 high",
        "group": "2nd level", "customer": "bo@customer.example", "owner": "-", "create_article_type": "email",
        "created_at": "2025-05-01T08:00:00.123Z", "updated_at": "2025-05-02T08:00:00.000Z", "close_at": None,
        "articles": [
            {"sender": "Customer", "from": "Bo <bo@customer.example>", "content_type": "text/html", "internal": False,
             "body": "Slow<br>mail &amp; more", "created_at": "2025-05-01T08:00:00.123Z"},
            {"sender": "Agent", "from": "Kim <desk@x.example>", "created_by": "kim@old.example", "internal": True,
             "content_type": "text/plain", "body": "Disk.", "created_at": "2025-05-01T09:00:00Z"},
            {"sender": "System", "body": "Auto", "created_at": "2025-05-01T08:00:01Z"},
        ],
    }  # fmt: skip
    path = tmp_path / "z.json"
    path.write_text(json.dumps({"tickets": [row, {"id": 1, "state_id": 2}]}))
    report = _run(path, "zammad")
    assert report.counts["tickets"] == 1 and "expand" in report.problems[0][1]
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.severity, ticket.team.code, ticket.hold_reason) == (
        "on_hold",
        "A",
        "second",
        "Zammad",
    )
    assert [m.kind for m in ticket.messages.order_by("pk")] == ["customer", "automatic", "note"]
    assert ticket.messages.earliest("pk").body == "Slow\nmail & more"
    assert ImportedRecord.objects.get().external_id == "9"


def test_osticket(tmp_path):
    row = {
        "Ticket Number": "100200", "Date": "2023-07-01 10:00:00", "Subject": "=HYPERLINK(1)", "From": "Cy",
        "From Email": "cy@customer.example", "Priority": "Emergency", "Department": "Support", "Help Topic": "Other",
        "Source": "Email", "Current Status": "Closed", "Last Updated": "2023-07-02 10:00:00", "Due Date": "",
    }  # fmt: skip
    report = _run(_csv(tmp_path / "o.csv", [row]), "osticket")
    assert report.problems == []
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.severity, ticket.status) == ("=HYPERLINK(1)", "S", "closed")
    assert ticket.closed_at == datetime(2023, 7, 2, 10, 0, tzinfo=UTC)
    assert "no words" in ticket.messages.get().body


def test_a_file_that_is_none_is_refused_as_a_whole(tmp_path):
    for name, text in (("a.json", "{nothing"), ("b.json", '"words"'), ("c.json", "")):
        (tmp_path / name).write_text(text)
        with pytest.raises(BadRecord):
            _run(tmp_path / name, "json")
    (tmp_path / "d.jsonl").write_text('{"id": 1}\nnonsense\n[1]\n')
    assert [line for line, _problem in _run(tmp_path / "d.jsonl", "json").problems] == [1, 2, 3]


def test_the_command_reports_and_fails_when_rows_were_refused(tmp_path, capsys):
    path = _csv(tmp_path / "a.csv", [_ROW, _ROW | {"id": "2", "status": "?"}])
    target = tmp_path / "report.json"
    with pytest.raises(CommandError, match="1 rows were refused"):
        call_command("import_tickets", str(path), "--format=csv", "--source=old", "--report", str(target))
    said = capsys.readouterr()
    assert "1 tickets, 1 messages were made" in said.out and "line 3: status" in said.err
    report = json.loads(target.read_text())
    assert report["counts"]["tickets"] == 1 and report["problems"][0]["line"] == 3


def test_its_timeline_says_where_it_came_from(tmp_path):
    _run(_csv(tmp_path / "a.csv", [_ROW]))
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(make_administrator(), backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    page = client.get(f"/desk/tickets/{Ticket.objects.get().number}/timeline/").content.decode()
    assert "was brought in from old, where it was 22017" in page


def test_instants_in_every_writing():
    assert instant("2024-02-29 08:00", what="x") == datetime(2024, 2, 29, 8, tzinfo=UTC)
    assert instant("2024-02-29", what="x") == datetime(2024, 2, 29, tzinfo=UTC)
    assert instant(1_700_000_000, what="x").year == 2023
    for wrong in ("", None, "2023-02-29", "soon", True, 10**30):
        with pytest.raises(BadRecord):
            instant(wrong, what="x")


def test_html_becomes_words_only():
    assert text_of_html("<style>p{}</style><p>a&lt;b&gt;</p><div>c</div><img src=x onerror=y>") == "a<b>\nc"


def test_what_is_imported_does_not_change_what_is_there(tmp_path):
    ticket = make_ticket()
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    _run(_csv(tmp_path / "a.csv", [_ROW]))
    assert Ticket.objects.filter(pk=ticket.pk).values().get() == before
    assert clock.now() > NOW
