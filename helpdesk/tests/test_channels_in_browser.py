"""The channels as people set them up and use them, in a real browser: the walks that one slip would break unseen."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Team, User
from accounts.tests.factories import OrganizationFactory, TeamFactory, make_administrator, make_agent, make_customer
from intake.alerts.models import AlertSource
from intake.models import InboundMail
from intake.tests.mails import a_mail, arrives
from outbox import clock
from outbox.mail_models import Wording
from outbox.models import AllowedNetwork, Robot, WebhookCall, WebhookEndpoint
from outbox.tests.listener import listening
from tickets.models import Ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[[User, str], Page]


@pytest.fixture
def visit(context: BrowserContext, live_server, settings) -> Visit:
    """Open an address in English as somebody; nothing on the page may be blocked or fail."""
    settings.SITE_URL = live_server.url
    troubles: list[str] = []

    def open_as(user: User, address: str) -> Page:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        given = {settings.SESSION_COOKIE_NAME: session, settings.LANGUAGE_COOKIE_NAME: "en"}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in given.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
        page.goto(live_server.url + address)
        return page

    yield open_as
    assert troubles == []


def test_a_held_mail_is_read_and_let_in_once_however_often_it_is_clicked(visit):
    agent = make_agent(TeamFactory())
    first = arrives(a_mail(message_id="<one@mail.example.org>"))
    ticket = first.ticket
    Ticket.objects.filter(pk=ticket.pk).update(team=agent.memberships.get().team, assignee=agent)
    words = "I <b>am</b> the consultant."
    held = arrives(a_mail(sender="Eve <eve@other.example>", answers="<one@mail.example.org>", text=words))
    assert held.state == "held"
    page = visit(agent, f"/desk/tickets/{ticket.number}/")
    waiting = page.locator("#held-mail section")
    waiting.locator("summary").click()
    expect(waiting).to_contain_text(words)
    waiting.locator("input[name=takes_part]").check()
    waiting.get_by_role("button", name="Let it in").dblclick()
    expect(page.locator("#conversation")).to_contain_text(words)
    expect(page.locator("#held-mail section")).to_have_count(0)
    held.refresh_from_db()
    assert (held.state, held.decided_by) == ("processed", agent)
    assert ticket.messages.filter(body__contains="consultant").count() == 1
    assert arrives(a_mail(sender="eve@other.example", answers="<one@mail.example.org>")).state == "processed"
    assert InboundMail.objects.filter(state="held").count() == 0


def test_a_call_is_written_down_by_keyboard_alone(visit):
    agent = make_agent(Team.objects.get(is_fallback=True))
    caller = make_customer(OrganizationFactory(), name="Wei Min", phone="138 0000 1111")
    page = visit(agent, reverse("workspace:queue"))
    page.keyboard.press("l")
    page.wait_for_url("**/desk/calls/new/")
    expect(page.locator("#id_phone")).to_be_focused()
    known = page.locator(f"#callers input[value='{caller.pk}']")
    for digits in ("13800", "001"):  # each is looked up
        page.keyboard.type(digits)
        expect(known).to_be_checked()
    page.keyboard.press("Tab")
    expect(known).to_be_focused()
    for _name_mail_and_subject in range(3):
        page.keyboard.press("Tab")
    expect(page.locator("#id_subject")).to_be_focused()
    page.keyboard.type("Line 3 stands")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/tickets/**")
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.requester, ticket.channel) == ("Line 3 stands", caller, "phone")
    expect(page.locator("body")).to_contain_text(f"{ticket.number} is there")


@pytest.mark.proof
def test_what_a_caller_said_survives_a_lost_session(visit, context):
    agent = make_agent(Team.objects.get(is_fallback=True))
    page = visit(agent, reverse("calls:new"))
    page.fill("#id_subject", "Line 3 stands")
    context.clear_cookies()
    page.fill("#id_phone", "13800001111")
    page.wait_for_url("**/accounts/login/**")
    page = visit(agent, reverse("calls:new"))
    expect(page.locator("[data-draft-note]")).to_be_visible()
    expect(page.locator("#id_subject")).to_have_value("Line 3 stands")
    page.fill("#id_name", "Li Na")
    page.get_by_role("button", name="Make the ticket").click()
    page.wait_for_url("**/desk/tickets/**")
    page = visit(agent, reverse("calls:new"))
    expect(page.locator("#id_subject")).to_have_value("")


@pytest.mark.proof
def test_words_are_looked_at_before_they_are_saved(visit):
    page = visit(make_administrator(), reverse("outbox:words-edit", args=["ticket.reply"]))
    text = page.locator("#id_en-text")
    text.fill("Dear {{ nmae }}, {{ message }} {{ link }}")
    page.locator("button[name=save][value=en]").click()
    expect(page.locator("#id_en-text_error")).to_contain_text("“nmae” is no variable here")
    expect(text).to_have_value("Dear {{ nmae }}, {{ message }} {{ link }}")
    text.fill("Dear {{ name }}, we say: {{ message }} {{ link }}")
    page.locator("#id_en-html").fill("")
    page.get_by_role("button", name="Preview both").first.click()
    expect(page.locator(".words-looks[lang=en] pre")).to_contain_text("we say:")
    expect(page.frame_locator(".words-looks[lang=en] iframe").locator("body")).to_contain_text("we say:")
    assert not Wording.objects.exists()
    page.locator("button[name=save][value=en]").click()
    expect(page.locator("[aria-labelledby=side-en]")).to_contain_text("your words")
    assert Wording.objects.get().text == "Dear {{ name }}, we say: {{ message }} {{ link }}"


@pytest.mark.proof
def test_a_source_gets_its_key_and_a_drawn_mapping_with_a_preview(visit):
    page = visit(make_administrator(), reverse("admin:intake_alertsource_add"))
    page.fill("#id_name", "Line control")
    page.fill("#id_code", "line")
    page.select_option("#id_kind", "generic")
    page.locator("input[name=_save]").click()
    source = AlertSource.objects.get()
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("input[readonly]").input_value()
    assert key.startswith("hd_")
    page.reload()
    page.get_by_role("link", name="Mapping and sample").click()
    page.fill("#id_sample", '{"what": "<i>Belt</i> torn", "how": "critical"}')
    page.fill("#id_subject", "{what}!")
    page.fill("#id_severity", "how")
    expect(page.locator("#preview h3")).to_have_text("<i>Belt</i> torn!")
    expect(page.locator("#preview")).to_contain_text("critical")
    page.fill("#id_sample", '{"what": ')
    expect(page.locator("#preview [role=alert]")).to_contain_text("no JSON")
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.locator("body")).to_contain_text("are read so from now on")
    source.refresh_from_db()
    assert (source.mapping["subject"], source.mapping["severity"]) == ("{what}!", "how")
    assert key not in page.content()


@pytest.mark.proof
def test_a_webhook_shows_its_secret_once_and_sends_again_what_was_given_up(visit):
    page = visit(make_administrator(), reverse("outbox:webhooks"))
    page.fill("#id_name", "Stock")
    page.fill("#id_url", "http://127.0.0.1/in")
    page.get_by_label("a ticket was created").check()
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator("#id_url_error")).to_contain_text("not public")
    expect(page.locator("#id_name")).to_have_value("Stock")
    expect(page.get_by_label("a ticket was created")).to_be_checked()
    page.fill("#id_url", "https://hook.example/in")
    page.get_by_role("button", name="Set it up").dblclick()
    secret = page.locator("input[readonly]").input_value()
    assert secret.startswith("whsec_")
    endpoint, now = WebhookEndpoint.objects.get(), clock.now()
    call = WebhookCall.objects.create(
        endpoint=endpoint,
        event="ticket.created",
        stream="s",
        body={},
        state="dead",
        created_at=now,
        next_attempt_at=now,
    )
    page.goto(page.url.partition("/desk/")[0] + reverse("outbox:webhook", args=[endpoint.pk]))
    assert secret not in page.content()
    page.get_by_role("button", name="Send again what was given up").click()
    expect(page.locator("body")).to_contain_text("1 call will be sent again.")
    call.refresh_from_db()
    assert call.state == "waiting"
    page.get_by_role("button", name="Make a new secret").click()
    page.locator("dialog[open] .btn-danger, dialog[open] .btn-primary").click()
    expect(page.locator("input[readonly]")).not_to_have_value(secret)


@pytest.mark.proof
def test_a_robot_says_that_it_works_where_its_network_is_allowed(visit):
    with listening() as chat:
        page = visit(make_administrator(), reverse("admin:outbox_robot_add"))
        page.fill("#id_name", "Night shift")
        page.select_option("#id_kind", "wecom")
        page.get_by_label("a customer wrote").check()
        page.fill("#id_address", chat.url)
        page.locator("input[name=_save]").click()
        expect(page.locator(".errorlist")).to_contain_text("not public")
        AllowedNetwork.objects.create(network="127.0.0.0/8")
        page.fill("#id_address", chat.url)
        page.locator("input[name=_save]").click()
        assert "s3cret" not in page.content()
        page.get_by_role("button", name="Test Night shift").click()
        expect(page.locator("body")).to_contain_text("Night shift said it.")
        assert len(chat.heard) == 1
        chat.says(b'{"errcode":93000,"errmsg":"invalid webhook url"}')
        page.get_by_role("button", name="Test Night shift").click()
        expect(page.locator("body")).to_contain_text("invalid webhook url")
    assert Robot.objects.get().host == "127.0.0.1"
