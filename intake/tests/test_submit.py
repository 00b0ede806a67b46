"""The form for a problem: what it needs, what survives, what is made of it, who is held back."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization, Team, User
from accounts.tests.factories import OrganizationFactory, make_customer
from catalog.models import Category, Module, Product, Version
from intake import limits
from knowledge.models import Article
from knowledge.tests.factories import published
from outbox import clock
from outbox.limits import network_mark
from sla.models import Policy, Target
from tickets.api.inputs import SubmissionIn
from tickets.models import Attachment, SeverityRaise, Ticket
from tickets.promises import promises_of_ticket

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
def catalogue():
    product, other = (Product.objects.create(code=code, name=code) for code in ("cloud", "edge"))
    return {
        "module": Module.objects.create(product=product, code="sync", name="同步", name_en="Sync"),
        "version": Version.objects.create(product=product, name="3.2"),
        "foreign": Version.objects.create(product=other, name="9.9"),
        "category": Category.objects.order_by("pk").first() or Category.objects.create(code="data", name="数据"),
    }


def test_a_stranger_sends_three_things_and_gets_a_number_and_a_promise(client, sheet):
    response = sheet.send()
    assert response.status_code == 302 and response.url == reverse("intake:thanks")
    ticket = Ticket.objects.get()
    assert (ticket.requester.email, ticket.requester.name, ticket.channel) == ("ann@example.org", "Ann", "web")
    thanks = client.get(response.url)
    assert thanks.status_code == 200
    text = thanks.content.decode()
    assert ticket.number in text and "within 4 hours" in text and "comes by mail" in text
    assert client.get(response.url).content.decode().count(ticket.number) == 1  # a reload loses nothing


def test_everything_that_can_be_said_arrives(sheet, catalogue):
    sheet.send(
        impact="many",
        urgency="blocked",
        data_loss="on",
        since="yesterday",
        affected="Warehouse 3",
        trigger="Update to 3.2",
        module="sync",
        version=str(catalogue["version"].pk),
        category=catalogue["category"].code,
        files=[SimpleUploadedFile("screen.png", PNG), SimpleUploadedFile("app.log", b"line")],
    )
    ticket = Ticket.objects.get()
    assert (ticket.impact, ticket.urgency, ticket.data_loss, ticket.severity) == ("many", "blocked", True, "S")
    assert (ticket.affected, ticket.trigger) == ("Warehouse 3", "Update to 3.2")
    assert (ticket.module, ticket.version, ticket.category) == tuple(
        catalogue[name] for name in ("module", "version", "category")
    )
    assert timedelta(hours=24) <= ticket.created_at - ticket.began_at < timedelta(hours=48)
    assert set(Attachment.objects.values_list("name", flat=True)) == {"screen.png", "app.log"}


def test_signed_in_nobody_is_asked_who_they_are_and_the_account_counts(client, sheet):
    person = make_customer()
    client.force_login(person)
    assert "email" not in sheet.open().context["form"].fields
    response = sheet.send(email="somebody@else.example", name="Else")
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.channel) == (person, "portal")
    thanks = client.get(response.url)
    assert thanks.context["is_own"] and "comes by mail" not in thanks.content.decode()
    assert reverse("portal:ticket", args=[ticket.number]) in thanks.content.decode()


@pytest.mark.parametrize("missing", ["subject", "description", "name", "email"])
def test_an_error_stands_beside_its_field_and_every_word_survives(sheet, missing):
    typed = {"affected": "Warehouse <3>", "trigger": "a storm", "impact": "few", "urgency": "normal", "since": "today"}
    fields = {**sheet.fields(**typed), missing: ""}
    fields["files"] = SimpleUploadedFile("shot.png", PNG)
    response = sheet.again(fields)
    assert response.status_code == 422 and not Ticket.objects.exists()
    form = response.context["form"]
    assert list(form.errors) == [missing]
    text = response.content.decode()
    assert f'id="id_{missing}_error"' in text and 'aria-invalid="true"' in text
    for name, value in fields.items():
        if name not in (missing, "files"):
            assert form[name].value() == value
    assert "Warehouse &lt;3&gt;" in text and "shot.png" in text  # named, as browsers cannot keep it


def test_a_version_of_another_product_and_a_time_to_come_are_refused(sheet, catalogue):
    future = timezone.localtime(clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    response = sheet.send(module="sync", version=str(catalogue["foreign"].pk), since="exact", began_at=future)
    assert set(response.context["form"].errors) == {"version", "began_at"}
    assert response.context["form"].more_is_open


def test_a_file_that_is_not_what_it_says_is_refused_by_name(sheet):
    response = sheet.send(files=[SimpleUploadedFile("a.png", PNG), SimpleUploadedFile("b.png", b"<html>")])
    assert response.status_code == 422 and not Ticket.objects.exists()
    assert "b.png" in str(response.context["form"].errors["files"])


def test_sent_twice_makes_one_ticket_and_the_same_answer(client, sheet):
    fields = sheet.fields()
    first, second = sheet.again(fields), sheet.again(fields)
    assert first.url == second.url
    assert Ticket.objects.count() == 1
    assert client.get(second.url).context["ticket"] == Ticket.objects.get()


def test_going_back_and_writing_anew_makes_a_second_ticket(sheet):
    fields = sheet.fields()
    sheet.again(fields)
    sheet.again({**fields, "description": "Another thing altogether."})
    assert Ticket.objects.count() == 2


def test_another_person_with_the_same_key_gets_a_ticket_of_their_own(sheet):
    fields = sheet.fields()
    sheet.again(fields)
    sheet.again({**fields, "email": "bob@example.org"})
    assert set(Ticket.objects.values_list("requester__email", flat=True)) == {"ann@example.org", "bob@example.org"}


def test_what_fills_the_trap_is_told_and_keeps_its_words(sheet):
    response = sheet.send(website="https://spam.example")
    assert response.status_code == 422 and not Ticket.objects.exists()
    assert response.context["form"].robot_problem
    assert response.context["form"]["description"].value().startswith("Since")


@pytest.mark.parametrize("opened", ["", "forged:stamp"])
def test_a_stamp_that_is_not_ours_is_refused_and_replaced(sheet, opened):
    fields = sheet.fields(opened=opened)
    response = sheet.again(fields)
    assert response.status_code == 422 and not Ticket.objects.exists()
    fresh = response.context["form"]["opened"].value()
    assert limits.seconds_open(fresh, now=clock.now()) is not None


def test_too_quick_is_asked_to_press_again_and_then_it_works(sheet, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    fields = sheet.fields(opened=limits.stamp(now))
    assert sheet.again(fields).status_code == 422
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=limits.LEAST_SECONDS))
    assert sheet.again(fields).status_code == 302


def test_one_mailbox_is_limited_and_the_words_stay(sheet, monkeypatch):
    monkeypatch.setattr(limits, "FOR_ONE_MAILBOX", 2)
    assert [sheet.send(subject=f"No. {number}").status_code for number in range(2)] == [302, 302]
    response = sheet.send(subject="No. 3", email="ANN@example.org")
    assert response.status_code == 429 and Ticket.objects.count() == 2
    assert response.context["form"]["subject"].value() == "No. 3"
    assert sheet.send(email="bob@example.org").status_code == 302


def test_one_network_address_is_limited_whatever_names_it_uses(client, sheet, monkeypatch):
    monkeypatch.setattr(limits, "FROM_ONE_ADDRESS", 2)
    codes = [sheet.send(email=f"p{number}@example.org").status_code for number in range(3)]
    assert codes == [302, 302, 429]
    elsewhere = client.post(sheet.url, sheet.fields(email="p9@example.org"), REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 302


def test_a_signed_in_person_is_limited_apart(client, sheet, monkeypatch):
    monkeypatch.setattr("tickets.limits.SUBMISSIONS_AN_HOUR", 1)
    client.force_login(make_customer())
    assert [sheet.send().status_code, sheet.send().status_code] == [302, 429]


def test_neighbours_of_one_ipv6_network_count_as_one(rf):
    request = rf.get("/")
    marks = []
    for address in ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"):
        request.META["REMOTE_ADDR"] = address
        marks.append(network_mark(request))
    assert marks[0] == marks[1] != marks[2]
    assert "2001" not in marks[0]


@pytest.mark.parametrize(
    ("said", "grade", "promise"),
    [
        ({"impact": "business", "urgency": "blocked"}, "S", "within 30 minutes"),
        ({"impact": "few", "urgency": "blocked"}, "A", "within 2 hours"),
        ({"impact": "one", "urgency": "none"}, "B", "within 1 working day"),
        ({"data_loss": "on"}, "S", "within 30 minutes"),
    ],
)
def test_the_grade_is_computed_live_from_the_rows(client, db, said, grade, promise):
    response = client.post(reverse("intake:grade"), said)
    assert f"sev-promise-{grade}" in response.content.decode() and promise in response.content.decode()


def test_the_promise_follows_the_administrators_rows(client, db):
    Target.objects.filter(policy__severity="S", metric="first_response").update(amount="0.25")
    response = client.post(reverse("intake:grade"), {"data_loss": "on"})
    assert "within 15 seconds" in response.content.decode()


def test_the_preview_knows_the_key_account_of_who_is_signed_in(client, db):
    SeverityRaise.objects.update(is_active=False)
    SeverityRaise.objects.update_or_create(
        service_level="key_account", from_severity="B", defaults={"to_severity": "A", "is_active": True}
    )
    client.force_login(make_customer(OrganizationFactory(service_level=Organization.ServiceLevel.KEY_ACCOUNT)))
    response = client.post(reverse("intake:grade"), {"impact": "one", "urgency": "normal"})
    assert "sev-promise-A" in response.content.decode()


def test_the_promise_shown_is_the_promise_of_the_ticket(client, sheet, catalogue):
    """Whatever a policy goes by: organization, service level, category (said or read from the words), team."""
    organization = OrganizationFactory(service_level=Organization.ServiceLevel.KEY_ACCOUNT)
    client.force_login(make_customer(organization))
    said = {"subject": "Export stops", "description": "It stops.", "impact": "one", "urgency": "normal"}
    conditions = [
        {},
        {"service_level": "key_account"},
        {"organization": organization},
        {"category": catalogue["category"]},
        {"team": Team.objects.get(is_fallback=True)},
    ]
    for number, condition in enumerate(conditions):
        policy = Policy.objects.create(name=f"No. {number}", position=0, is_active=bool(condition), **condition)
        Target.objects.create(policy=policy, metric="first_response", amount=7 + number)
        asked = {**said, "category": catalogue["category"].code if "category" in condition else ""}
        shown = client.post(reverse("intake:grade"), asked).context
        assert sheet.send(**asked).status_code == 302
        ticket = Ticket.objects.latest("pk")
        assert (shown["severity"], shown["promised"]) == (ticket.severity, promises_of_ticket(ticket))
        assert (f"{7 + number} minutes" in shown["promised"][0]) == bool(condition)
        policy.delete()


def test_the_words_decide_where_nothing_else_was_said_and_it_says_so(client, db):
    url = reverse("intake:grade")
    words = {"subject": "All our data is gone", "description": "数据丢失，全部订单不见了"}
    shown = client.post(url, words)
    assert shown.context["severity"] == "S" and "from your words" in shown.content.decode()
    assert "within 30 minutes" in shown.content.decode()
    assert client.post(url, {**words, "shown": shown.context["shown"]}).status_code == 204  # nothing new to be said
    answered = client.post(url, {**words, "impact": "one", "shown": shown.context["shown"]})
    assert "from your words" not in answered.content.decode()


def test_nothing_said_shows_no_grade_and_previews_are_limited(client, db, monkeypatch):
    url = reverse("intake:grade")
    assert client.post(url, {"subject": " ", "category": ""}).content == b""
    assert client.post(url, {"subject": "x"}).context["severity"] == "B"
    assert client.get(url).status_code == 405
    monkeypatch.setattr(limits, "PREVIEWS_A_MINUTE", 0)
    assert client.post(url, {"data_loss": "on"}).status_code == 204


@pytest.mark.parametrize(("language", "word"), [("en", "What is the problem?"), ("zh-hans", 'lang="zh-hans"')])
def test_the_form_speaks_both_languages_and_the_ticket_remembers(client, sheet, language, word):
    client.cookies["django_language"] = language
    assert word in sheet.open().content.decode()
    sheet.send()
    assert Ticket.objects.get().language == language == User.objects.get(email="ann@example.org").language


def test_get_makes_nothing(client, sheet):
    client.get(sheet.url, {**sheet.fields()})
    assert not Ticket.objects.exists()


def test_home_shows_two_ways_to_strangers_and_open_tickets_to_their_owner(client, sheet):
    home = client.get(reverse("home"))
    assert reverse("intake:submit") in home.content.decode() and "tickets" not in home.context
    person = make_customer()
    client.force_login(person)
    sheet.send()
    assert [item["ticket"] for item in client.get(reverse("home")).context["tickets"]] == [Ticket.objects.get()]


def test_home_asks_the_database_as_often_for_five_tickets_as_for_one(client, sheet, django_assert_num_queries):
    client.force_login(make_customer())
    sheet.send()
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("home"))
    expected = len(one)
    for number in range(4):
        sheet.send(subject=f"No. {number}")
    with django_assert_num_queries(expected):
        client.get(reverse("home"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "1989-12-31T10:00", "9999-12-31T23:59"])
def test_a_beginning_that_no_page_could_tell_is_refused(sheet, moment):
    response = sheet.send(since="exact", began_at=moment)
    assert response.status_code == 422 and "began_at" in response.context["form"].errors
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1989-12-31T10:00:00+08:00"])
def test_a_program_cannot_send_such_a_beginning_either(moment):
    sent = SubmissionIn(
        data={
            "subject": "Export stops",
            "description": "Since this morning.",
            "requester": {"email": "ann@example.org"},
            "started_at": moment,
        }
    )
    assert not sent.is_valid() and set(sent.errors) == {"started_at"}


def test_what_helped_others_is_told_in_the_reader_s_language_first(client):
    published(title="导出停止", language="zh-hans")
    loved = published(title="更新之后", language="zh-hans")
    Article.objects.filter(pk=loved.pk).update(helpful_count=9)
    published(title="Export stops", language="en")

    def titles():
        return [article.title for article in client.get(reverse("home")).context["popular"]]

    assert titles() == ["Export stops", "更新之后", "导出停止"]
    client.cookies["django_language"] = "zh-hans"
    assert titles() == ["更新之后", "导出停止", "Export stops"]


@pytest.mark.parametrize(("language", "word"), [("en", "too old to send"), ("zh-hans", 'lang="zh-hans"')])
def test_a_form_without_its_mark_is_refused_on_a_page_of_ours(team, language, word):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["django_language"] = language
    response = strict.post(reverse("intake:submit"), {"subject": "Export stops"})
    assert response.status_code == 403 and word in response.content.decode()
    assert "<style" not in response.content.decode()
