"""The doors below /embed/: who may frame what, what no sign-in opens, what floods meet; the pages about widgets."""

import json
import uuid
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from helpdesk.middleware import CookielessMiddleware
from intake.chat import limits
from intake.chat.models import ChatConversation, ChatWidget
from intake.limits import stamp
from knowledge.tests.factories import draft, published
from outbox import clock
from tickets.models import Attachment, Message, Ticket
from tickets.services.conversation import add_note, reply

pytestmark = pytest.mark.django_db
SECRET = "s" * 43


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def widget(team):
    return ChatWidget.objects.create(name="Site", origins=["https://www.example.com"], team=team, language="en")


class Panel:
    """A browser without any cookie that holds a secret, or none."""

    def __init__(self, widget, secret=SECRET, **extra):
        self.widget, self.secret = widget, secret
        self.client = Client(**extra)

    def ask(self, name, data=None, secret=None, **args):
        given = self.secret if secret is None else secret
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        address = reverse(f"embed:{name}", args=[self.widget.token, *args.values()])
        return self.client.post(address, data or {}, headers=headers)

    def start(self, **given):
        return self.ask("start", {"name": "Ann", "body": "It stands", "key": str(uuid.uuid4()), **given})

    def say(self, body="And now?", **given):
        return self.ask("say", {"body": body, "key": str(uuid.uuid4()), **given})


@pytest.fixture
def panel(widget, agent):
    return Panel(widget)


def _signed_in(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class TestFrames:
    def test_only_the_sites_of_the_widget_and_our_own_pages_frame_the_panel(self, client, widget):
        answer = client.get(reverse("embed:panel", args=[widget.token]))
        policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        assert policy["frame-ancestors"] == "'self' https://www.example.com"
        assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
        assert "X-Frame-Options" not in answer and "no-store" in answer["Cache-Control"]

    def test_every_other_page_is_framed_by_nobody(self, client, widget):
        for address in ("/", "/submit/", "/accounts/login/", "/embed/chat.js", "/embed/demo/", "/embed/nothing/"):
            answer = client.get(address)
            assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], address
            assert answer["X-Frame-Options"] == "DENY", address

    def test_an_unknown_token_and_one_switched_off_get_the_same_answer(self, client, widget):
        off = ChatWidget.objects.create(name="Off", origins=["https://www.example.com"], is_active=False)
        answers = [client.get(reverse("embed:panel", args=[token])) for token in (off.token, "x" * 32)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content and answers[0].headers == answers[1].headers
        assert "frame-ancestors 'none'" in answers[0]["Content-Security-Policy"]

    def test_the_script_says_the_same_to_everybody(self, client, widget):
        one, other = (client.get(reverse("embed:script"), {"key": key}) for key in (widget.token, "x"))
        assert one.content == other.content and one["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert one["Content-Type"].startswith("text/javascript") and "public" in one["Cache-Control"]

    def test_no_answer_allows_another_origin_to_read_it(self, panel):
        panel.start()
        for name in ("search", "news", "leave", "article"):
            answer = panel.ask(name)
            assert not [head for head in answer.headers if head.lower().startswith("access-control")]

    def test_the_words_are_those_of_the_widget_or_of_the_browser(self, widget):
        chinese = Client(headers={"Accept-Language": "zh-CN"})
        address = reverse("embed:panel", args=[widget.token])
        assert b'lang="en"' in chinese.get(address).content
        ChatWidget.objects.update(language="", greeting="您好", greeting_en="Hello")
        assert "您好" in chinese.get(address).content.decode()
        assert "Hello" in Client(headers={"Accept-Language": "en"}).get(address).content.decode()

    def test_the_greeting_is_no_markup(self, client, widget):
        ChatWidget.objects.update(greeting="<script>alert(1)</script>")
        assert b"<script>alert" not in client.get(reverse("embed:panel", args=[widget.token])).content

    def test_the_demo_site_is_there_in_demo_mode_only(self, client, widget, settings):
        assert widget.token in client.get(reverse("embed:demo")).content.decode()
        settings.DEMO = False
        assert client.get(reverse("embed:demo")).status_code == 404


class TestNoCookies:
    @pytest.mark.parametrize(
        ("path", "seen", "kept"), [("/embed/x/", {}, []), ("/x/embed/", {"sessionid": "1"}, ["a"])]
    )
    def test_below_embed_none_is_read_and_none_goes_out(self, rf, path, seen, kept):
        def answer(request):
            response = HttpResponse(repr(request.COOKIES))
            response.set_cookie("a", "b")
            return response

        response = CookielessMiddleware(answer)(rf.get(path, HTTP_COOKIE="sessionid=1"))
        assert (response.content.decode(), list(response.cookies)) == (repr(seen), kept)

    def test_not_even_that_of_the_language(self, widget):
        ChatWidget.objects.update(language="")
        client = Client(headers={"Accept-Language": "zh-CN"})
        client.cookies["django_language"] = "en"
        assert b'lang="zh-hans"' in client.get(reverse("embed:panel", args=[widget.token])).content

    def test_none_is_set(self, panel, widget):
        panel.client.get(reverse("embed:panel", args=[widget.token]))
        panel.start()
        panel.say()
        panel.ask("leave")
        assert panel.client.cookies == {}

    @pytest.mark.parametrize("make", [make_administrator, make_customer])
    def test_a_sign_in_reads_nothing_without_the_secret(self, panel, widget, make):
        panel.start()
        for client in (_signed_in(make()), Client()):
            for name in ("news", "say", "end"):
                answer = client.post(
                    reverse(f"embed:{name}", args=[widget.token]), {"body": "x", "key": str(uuid.uuid4())}
                )
                assert (answer.status_code, answer.json()["code"]) == (404, "gone")
                assert client.session.session_key is None or not answer.cookies
        assert Message.objects.count() == 1

    def test_the_agent_of_the_ticket_finds_no_internal_article_by_a_widget(self, widget, agent):
        published(title="Inside only", problem="xylophone", visibility="internal", language="en")
        answer = _signed_in(agent).post(reverse("embed:search", args=[widget.token]), {"q": "xylophone"})
        assert "Inside only" not in answer.content.decode()

    def test_a_ticket_left_by_somebody_signed_in_is_a_strangers(self, widget, team, monkeypatch):
        monkeypatch.setattr("intake.forms.LEAST_SECONDS", 0)
        customer = make_customer()
        answer = _signed_in(customer).post(reverse("embed:leave", args=[widget.token]), _left())
        assert answer.status_code == 200 and Ticket.objects.get().requester != customer

    def test_a_foreign_page_sends_nothing(self, widget, agent):
        for origin in ("https://www.example.com", "https://evil.example", "null"):
            answer = Panel(widget, HTTP_ORIGIN=origin).start()
            assert (answer.status_code, answer.content) == (403, b"")
        assert Panel(widget, HTTP_ORIGIN="http://testserver").start().status_code == 200
        assert Panel(widget, secret="t" * 43, HTTP_ORIGIN=django_settings.SITE_ORIGIN).start().status_code == 200


class TestTalking:
    def test_from_the_first_words_to_the_answer(self, panel, agent):
        begun = panel.start().json()
        assert begun["state"] == "live" and [line["own"] for line in begun["lines"]] == [True]
        ticket = Ticket.objects.get()
        add_note(ticket=ticket, actor=agent, body="He is angry")
        reply(ticket=ticket, actor=agent, body="**Restart** it <script>alert(1)</script>")
        news = panel.ask("news", {"after": begun["lines"][0]["id"], "mark": begun["mark"]}).json()
        [line] = news["lines"]
        assert "<strong>Restart</strong>" in line["html"] and "<script" not in line["html"] and not line["own"]
        assert line["author"] == agent.name and begun["number"] == ticket.number
        assert panel.ask("news", {"after": line["id"], "mark": news["mark"]}).status_code == 204

    def test_words_of_visitors_stay_words(self, panel):
        html = panel.start(body="<img src=x onerror=alert(1)> **bold**").json()["lines"][0]["html"]
        assert "<img" not in html and "<strong" not in html

    def test_the_same_sending_is_one_message(self, panel):
        first = panel.start().json()
        key = str(uuid.uuid4())
        for _ in range(3):
            answer = panel.say(key=key, after=first["lines"][0]["id"]).json()
            assert [line["key"] for line in answer["lines"]] == [key]
        assert Message.objects.count() == 2
        assert panel.start(key=key).json()["number"] == first["number"] and Ticket.objects.count() == 1

    def test_the_answer_tells_of_the_ticket_that_the_words_went_to(self, panel):
        before = panel.start().json()
        long_ago = clock.now() - timedelta(days=20)
        Ticket.objects.update(status="closed", closed_at=long_ago, resolved_at=long_ago)
        after = panel.say("Again").json()
        assert after["number"] == Ticket.objects.latest("pk").number != before["number"]
        assert after["state"] == "live"
        assert panel.ask("news", {"after": after["lines"][-1]["id"], "mark": after["mark"]}).status_code == 204

    def test_ends_and_takes_nothing_any_more(self, panel):
        panel.start()
        assert panel.ask("end").json()["state"] == "ended"
        assert (panel.say().status_code, panel.say().json()["code"]) == (409, "ended")
        assert panel.ask("news").json()["state"] == "ended"

    def test_every_secret_that_opens_nothing_gets_the_same_answer(self, panel, widget):
        panel.start()
        answers = [panel.ask("news", secret=secret) for secret in ("t" * 43, "short", "")]
        ChatConversation.objects.update(secret_hash="")
        answers.append(panel.ask("news"))
        other = ChatWidget.objects.create(name="Other", language="en")
        answers.append(Panel(other).ask("news"))
        assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
        assert json.loads(answers[0].content)["code"] == "gone"

    def test_while_nobody_is_there_it_does_not_begin(self, widget):
        answer = Panel(widget).start()
        assert (answer.status_code, answer.json()["code"]) == (409, "away") and Ticket.objects.count() == 0

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"name": ""}, "name"),
            ({"body": " "}, "body"),
            ({"body": "x" * 4001}, "body"),
            ({"body": "a\x00b"}, "body"),
            ({"key": "1"}, "key"),
            ({"email": "nonsense"}, "email"),
            ({"website": "https://spam.example"}, "website"),
        ],
    )
    def test_what_cannot_be_meant_is_named(self, panel, given, field):
        answer = panel.start(**given)
        assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
        assert Ticket.objects.count() == 0

    def test_without_a_secret_of_its_size_nothing_begins(self, widget, agent):
        assert Panel(widget, secret="short").start().status_code == 400

    def test_files_go_both_ways_and_to_nobody_else(self, panel, widget, agent):
        panel.start()
        answer = panel.say(body="", files=SimpleUploadedFile("log.txt", b"words")).json()
        assert [file["name"] for file in answer["lines"][-1]["files"]] == ["log.txt"]
        assert panel.say(body="", files=SimpleUploadedFile("a.exe", b"MZ")).status_code == 422
        ticket = Ticket.objects.get()
        reply(ticket=ticket, actor=agent, body="Here", files=[SimpleUploadedFile("guide.txt", b"guide")])
        add_note(ticket=ticket, actor=agent, body="Inside", files=[SimpleUploadedFile("inside.txt", b"inside")])
        files = {row.name: row.pk for row in Attachment.objects.all()}
        served = panel.ask("file", pk=files["guide.txt"])
        assert b"".join(served.streaming_content) == b"guide" and served["X-Content-Type-Options"] == "nosniff"
        assert panel.ask("file", pk=files["inside.txt"]).status_code == 404
        assert panel.ask("file", secret="t" * 43, pk=files["guide.txt"]).status_code == 404
        other = Panel(widget, secret="t" * 43)
        other.start()
        assert other.ask("file", pk=files["guide.txt"]).status_code == 404

    def test_news_cost_as_much_for_twenty_answers_as_for_one(self, panel, agent, django_assert_num_queries):
        panel.start()
        ticket = Ticket.objects.get()
        reply(ticket=ticket, actor=agent, body="One")
        panel.ask("news")
        with django_assert_num_queries(5):
            panel.ask("news")
        for number in range(20):
            reply(ticket=ticket, actor=agent, body=f"Answer {number}")
        with django_assert_num_queries(5):
            newest = panel.ask("news").json()
        assert len(newest["lines"]) == 22
        with django_assert_num_queries(4):  # what an open panel costs every two seconds
            known = {"after": newest["lines"][-1]["id"], "mark": newest["mark"]}
            assert panel.ask("news", known).status_code == 204


class TestFloods:
    def test_beginning_is_limited_by_network_and_keeps_the_words(self, widget, agent, monkeypatch):
        monkeypatch.setattr(limits, "STARTS_AN_HOUR", 2)
        codes = [Panel(widget, secret=letter * 43).start().status_code for letter in "abc"]
        assert codes == [200, 200, 429] and Ticket.objects.count() == 2
        elsewhere = Panel(widget, secret="d" * 43, REMOTE_ADDR="10.9.9.9")
        assert elsewhere.start().status_code == 200
        assert Panel(widget, secret="a" * 43).start().status_code == 200  # what was begun goes on

    def test_a_widget_is_limited_in_all(self, widget, agent, monkeypatch):
        monkeypatch.setattr(limits, "STARTS_OF_ALL", 1)
        panels = [Panel(widget, secret=str(n) * 43, REMOTE_ADDR=f"10.9.9.{n}") for n in (1, 2)]
        assert [panel.start().status_code for panel in panels] == [200, 429]

    def test_one_address_is_limited_together_with_the_form(self, widget, agent, monkeypatch):
        monkeypatch.setattr(limits, "FOR_ONE_MAILBOX", 1)
        panels = [Panel(widget, secret=str(n) * 43, REMOTE_ADDR=f"10.9.9.{n}") for n in (1, 2)]
        assert [panel.start(email="victim@example.org").status_code for panel in panels] == [200, 429]

    def test_saying_searching_asking_and_guessing_are_limited(self, panel, monkeypatch):
        panel.start()
        for name in ("WORDS_A_MINUTE", "SEARCHES_A_MINUTE", "NEWS_A_MINUTE", "WRONG_SECRETS_A_MINUTE"):
            monkeypatch.setattr(limits, name, 1)
        assert [panel.say().status_code for _ in range(2)] == [200, 429]
        assert [panel.ask("search", {"q": "x"}).status_code for _ in range(2)] == [200, 429]
        assert [panel.ask("news").status_code for _ in range(2)] == [200, 429]
        assert [panel.ask("end", secret="t" * 43).status_code for _ in range(2)] == [404, 429]
        assert "wait" in panel.say().json()["text"]


def _left(**given):
    opened = stamp(clock.now().replace(year=2020))
    least = {"subject": "It stands", "description": "Since noon", "name": "Ann", "email": "ann@example.org"}
    return {**least, "opened": opened, "submission_key": "k" * 24, **given}


class TestLeavingATicket:
    @pytest.fixture(autouse=True)
    def _fallback(self, db):
        Team.objects.filter(is_fallback=True).exists() or TeamFactory(is_fallback=True)

    def test_is_the_public_form_by_another_way(self, widget, team):
        panel = Panel(widget, secret="")
        answers = [panel.ask("leave", _left()) for _ in range(2)]
        ticket = Ticket.objects.get()
        assert [answer.json() for answer in answers] == [{"number": ticket.number}] * 2
        assert (ticket.channel, ticket.team, ticket.requester.email) == ("chat", team, "ann@example.org")
        assert not ticket.chats.exists()

    def test_says_the_same_of_known_and_unknown_addresses(self, widget):
        make_customer(email="known@example.org")
        panel = Panel(widget, secret="")
        answers = [
            panel.ask("leave", _left(email=email, submission_key=letter * 24))
            for email, letter in (("known@example.org", "a"), ("new@example.org", "b"))
        ]
        numbers = list(Ticket.objects.order_by("pk").values_list("number", flat=True))
        told = [answer.content.decode().replace(number, "N") for answer, number in zip(answers, numbers, strict=True)]
        assert told[0] == told[1] and answers[0].headers == answers[1].headers

    def test_has_the_limits_and_the_traps_of_the_form(self, widget, monkeypatch):
        panel = Panel(widget, secret="")
        assert panel.ask("leave", _left(website="https://spam.example")).status_code == 422
        assert panel.ask("leave", _left(opened=stamp(clock.now()))).status_code == 422
        monkeypatch.setattr("intake.limits.FOR_ONE_MAILBOX", 1)
        codes = [panel.ask("leave", _left(submission_key=letter * 24, subject=letter)).status_code for letter in "ab"]
        assert codes == [200, 429]


class TestArticles:
    def test_offers_public_ones_in_the_visitors_language_first(self, panel):
        published(title="Printing stops", problem="The printer stops", language="en")
        published(title="打印机 printer", problem="printer stops", language="zh-hans")
        draft(title="Printer draft", problem="The printer stops", language="en")
        page = panel.ask("search", {"q": "printer stops"}).content.decode()
        assert "Printing stops" in page and "打印机" not in page and "Printer draft" not in page
        assert "No article fits" in panel.ask("search", {"q": "zzzzzz"}).content.decode()

    def test_one_is_read_in_the_panel(self, panel):
        found = published(title="Printing stops", problem="The printer stops", language="en")
        assert "The printer stops" in panel.ask("article", {"slug": found.slug}).content.decode()
        assert panel.ask("article", {"slug": "nothing"}).status_code == 404


class TestPages:
    @pytest.fixture
    def boss(self):
        client = _signed_in(make_administrator())
        client.cookies["django_language"] = "en"
        return client

    def test_the_list_and_the_page_of_a_widget(self, boss, panel, widget):
        assert "Add a widget" in boss.get(reverse("chat:widgets")).content.decode()
        panel.start()
        page = boss.get(reverse("chat:widget", args=[widget.pk])).content.decode()
        assert f"data-key=&quot;{widget.token}&quot; defer" in page and Ticket.objects.get().number in page
        assert f'src="{reverse("embed:panel", args=[widget.token])}"' in page
        assert "1</td>" in boss.get(reverse("chat:widgets")).content.decode()

    def test_a_new_token(self, boss, widget):
        boss.post(reverse("chat:token", args=[widget.pk]))
        before = widget.token
        widget.refresh_from_db()
        assert widget.token != before and len(widget.token) >= 32

    def test_the_form_cleans_sites_and_names_what_is_none(self, boss, team):
        address = reverse("admin:intake_chatwidget_add")
        refused = boss.post(address, {"name": "New", "origins": "https://*.example.com", "is_active": "on"})
        assert "without a path and without *" in refused.content.decode()
        origins = "HTTPS://Shop.example.com/\nhttps://shop.example.com\nhttp://localhost:3000"
        boss.post(address, {"name": "New", "origins": origins, "language": "", "is_active": "on"})
        assert ChatWidget.objects.get(name="New").origins == ["https://shop.example.com", "http://localhost:3000"]

    def test_the_ticket_says_who_the_visitor_claims_to_be(self, panel, agent):
        panel.start(email="boss@example.org")
        client = _signed_in(agent)
        client.cookies["django_language"] = "en"
        number = Ticket.objects.get().number
        card = client.get(reverse("chat:ticket", args=[number]), headers={"HX-Request": "true"}).content.decode()
        assert "boss@example.org" in card and "not proven" in card and "in the chat now" in card
        panel.ask("news", {"writes": "on"})
        address = reverse("chat:ticket", args=[number])
        assert "is typing" in client.get(address).content.decode()
        panel.ask("news", {"gone": "on"})
        assert "has left" in client.get(address).content.decode()
        assert address in client.get(reverse("workspace:ticket", args=[number])).content.decode()
