"""The form and the ticket's page in a real browser: hostile words stay words, and nothing typed is lost."""

import json

import pytest
from django.urls import reverse

from accounts.models import Team
from accounts.tests.factories import TeamFactory, make_agent, make_customer
from knowledge.tests.factories import published
from outbox import clock
from tickets.models import Message, Ticket
from tickets.services import conversation, moves
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_LIVE = """() => {
  const bad = [];
  const live = new Set(["SCRIPT", "IFRAME", "OBJECT", "EMBED", "STYLE", "SVG", "FORM", "LINK", "META", "BASE"]);
  const scheme = /^\\s*(javascript|data|vbscript):/i;
  for (const item of document.querySelectorAll(".message-body *, .story-head h1 *, .props dd *")) {
    if (live.has(item.tagName.toUpperCase())) bad.push(item.outerHTML);
    for (const one of item.attributes) {
      if (/^on/i.test(one.name) || one.name === "style" || scheme.test(one.value)) bad.push(item.outerHTML);
    }
  }
  return bad;
}"""


def until(page, truth):
    """Wait for an expression of the page; its policy forbids the wait that Playwright would evaluate there."""
    for _ in range(100):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never came true: {truth}")


@pytest.fixture
def alarms(page):
    """What a script that ran would leave behind: dialogs, errors of scripts, blocked inline code."""
    heard = []
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if "Content Security Policy" in line.text else None)
    return heard


def test_hostile_words_of_both_sides_stay_words(page, live_server, settings, test_data, alarms):
    settings.SITE_URL = live_server.url
    payloads = [row["payload"] for row in json.loads((test_data / "fuzz" / "xss.json").read_text())]
    naughty = [text.replace("\x00", "") for text in json.loads((test_data / "fuzz" / "blns.json").read_text())]
    team = TeamFactory()
    customer, agent, now = make_customer(), make_agent(team), clock.now()
    ticket = make_ticket(
        team=team, requester=customer, now=now, subject=payloads[0][:200], description=payloads[1],
        affected=payloads[2][:500], trigger=payloads[3][:500],
    )  # fmt: skip
    said = [("customer", customer, text) for text in payloads + naughty if text.strip()]
    said += [("public", agent, text) for text in payloads]
    Message.objects.bulk_create(
        Message(ticket=ticket, kind=kind, author=author, body=text, channel="portal", created_at=now)
        for kind, author, text in said
    )
    page.goto(mint_status_link(ticket=ticket, user=customer, now=now) + "?all=1")
    assert page.locator(".message").count() == len(said) + 1
    assert page.evaluate(_LIVE) == []
    assert alarms == []
    shown = page.locator(".message-customer .message-body").nth(1).inner_text()
    assert shown.strip() == payloads[0].strip()


def test_words_survive_a_lost_line_and_become_one_ticket(page, context, live_server, settings, alarms, monkeypatch):
    monkeypatch.setattr("intake.forms.LEAST_SECONDS", 0)  # this hand is quicker than people's
    settings.SITE_URL = live_server.url
    make_agent(Team.objects.filter(is_fallback=True).first() or TeamFactory(is_fallback=True))
    hostile = "<img src=x onerror=alert(1)> stops"
    page.goto(live_server.url + reverse("intake:submit"))
    page.fill("#id_subject", hostile)
    page.fill("#id_description", "It stops.\nSince noon.")
    page.check("#id_impact_0")
    page.wait_for_selector("#grade .sev-promise")
    until(page, "localStorage.getItem('draft:submit')?.includes('noon')")
    key = page.input_value("#id_submission_key")
    page.reload()
    assert page.input_value("#id_subject") == hostile
    assert page.is_checked("#id_impact_0") and page.is_visible("[data-draft-note]")
    assert page.input_value("#id_submission_key") == key  # sent again after a lost answer, it is the same form
    page.fill("#id_name", "Ann")
    page.fill("#id_email", "ann@example.org")
    context.set_offline(True)
    page.wait_for_selector("[data-offline-banner]:not([hidden])")
    page.click(".submit-form .btn-primary")
    assert page.url.endswith(reverse("intake:submit"))
    context.set_offline(False)
    page.wait_for_selector("[data-offline-banner]", state="hidden")
    page.dblclick(".submit-form .btn-primary")
    page.wait_for_url("**" + reverse("intake:thanks"))
    assert Ticket.objects.count() == 1
    assert page.inner_text(".thanks-number") == Ticket.objects.get().number
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.includes('submit'))") == []
    ticket = Ticket.objects.get()
    page.goto(mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now()))
    assert hostile in page.inner_text("h1")
    assert alarms == []


def test_a_file_dropped_or_pasted_is_listed_and_sent(page, live_server, settings, tmp_path):
    settings.SITE_URL = live_server.url
    settings.MEDIA_ROOT = tmp_path
    customer = make_customer()
    make_agent(Team.objects.filter(is_fallback=True).first() or TeamFactory(is_fallback=True))
    ticket = make_ticket(requester=customer, now=clock.now())
    page.goto(mint_status_link(ticket=ticket, user=customer, now=clock.now()))
    paste = """(form) => {
      const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "image.png", { type: "image/png" }));
      form.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
    }"""
    page.eval_on_selector("#write", paste)
    assert "screenshot-" in page.inner_text("#write .file-list")
    page.fill("#id_body", "See the picture")
    page.click("#write .btn-primary")
    page.wait_for_selector(".message-files a")
    assert Message.objects.latest("pk").attachments.get().size == 11


def test_news_arrive_while_somebody_writes_and_no_word_is_lost(page, context, client, live_server, settings):
    team = TeamFactory()
    customer, agent = make_customer(), make_agent(team)
    ticket = make_ticket(team=team, requester=customer, assignee=agent, now=clock.now())
    client.force_login(customer)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page.goto(live_server.url + reverse("portal:ticket", args=[ticket.number]))
    page.fill("#id_body", "half a sente")
    page.click("#contest summary")
    page.fill("#id_reason", "because all wait")
    until(page, f"localStorage.getItem('draft:ticket-{ticket.number}-contest')?.includes('all wait')")
    page.reload()
    assert page.is_visible("#id_reason") and page.input_value("#id_reason") == "because all wait"
    assert page.input_value("#id_body") == "half a sente"
    hint = "document.body.dispatchEvent(new CustomEvent('live:ticket'))"
    conversation.reply(ticket=ticket, actor=agent, body="Try the other door", marks=["workaround"])
    page.evaluate(hint)
    page.wait_for_selector(".message-public")
    assert page.input_value("#id_body") == "half a sente"
    assert page.locator("#promises").count() == 1 and page.locator("#story").count() == 1
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="Done", verification="customer")
    page.evaluate(hint)
    page.click("#ask summary")
    page.fill("#ask-comment", "no, because")
    page.evaluate(hint)
    until(page, "performance.getEntriesByType('resource').filter((one) => one.name.includes('/tickets/T')).length >= 3")
    page.wait_for_selector("#story:not(.htmx-request)")
    assert page.input_value("#ask-comment") == "no, because"
    page.click("#ask .btn-primary")
    page.wait_for_selector(".alert-success")
    assert page.input_value("#id_body") == "half a sente"  # saying «solved» is not sending it
    page.dblclick("#write .btn-primary")
    page.wait_for_selector(".message-customer:has-text('half a sente')")
    assert ticket.messages.filter(body="half a sente").count() == 1
    assert page.input_value("#id_body") == ""


def test_articles_are_offered_for_a_text_too_long_for_an_address(page, live_server, settings):
    settings.SITE_URL = live_server.url
    offered = published(title="登录失败怎么办", problem="无法登录", language="zh-hans")
    page.goto(live_server.url + reverse("intake:submit"))
    page.fill("#id_subject", "登录失败")
    page.fill("#id_description", "点击登录后一直转圈。" * 200)
    until(page, "() => document.querySelector('#suggestions a') !== null")
    assert offered.title in page.inner_text("#suggestions")
