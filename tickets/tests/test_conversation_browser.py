"""What stands in a conversation, in a real browser: pictures, logs, mails, long things, and the customer's recorder."""

import struct
import zlib

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Team
from accounts.tests.factories import TeamFactory, make_agent, make_customer
from outbox import clock
from tickets.log_lines import PAGE
from tickets.models import Attachment, Ticket
from tickets.services import conversation
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
_FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
#: A screen to record, for a browser without one: a drawing that moves.
_SCREEN = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const pen = canvas.getContext("2d");
  setInterval(() => { pen.fillStyle = `hsl(${Date.now() / 9 % 360} 80% 50%)`; pen.fillRect(0, 0, 320, 180); }, 40);
  return canvas.captureStream(12);
};
"""


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\x00" + b"\x20\x80\x60" * width) * height)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def agent():
    return make_agent(TeamFactory())


@pytest.fixture
def ticket(agent, settings, tmp_path, live_server):
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = live_server.url
    return make_ticket(team=Team.objects.get(memberships__user=agent), assignee=agent, now=clock.now())


@pytest.fixture
def page(context, live_server, agent):
    """The agent's browser, with what went wrong in it."""
    session = signed_in(agent).cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    opened = context.new_page()
    watch(opened)
    return opened


def watch(opened) -> None:
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("dialog", lambda dialog: opened.problems.append(dialog.message))
    opened.on("console", lambda line: opened.problems.append(line.text) if "Content Security" in line.text else None)


def say(ticket: Ticket, body: str = "See.", html: str = "", **files: bytes):
    uploads = [SimpleUploadedFile(name.replace("_", "."), content) for name, content in files.items()]
    return conversation.customer_message(
        ticket=ticket, author=ticket.requester, body=body, channel="mail", files=uploads, html=html
    )


def desk(live_server, ticket: Ticket) -> str:
    return live_server.url + reverse("workspace:ticket", args=[ticket.number])


def test_pictures_are_looked_at_one_by_one_by_keyboard(page, live_server, ticket):
    from playwright.sync_api import expect

    say(ticket, one_png=png(300, 200), two_png=png(2400, 1600))
    page.goto(desk(live_server, ticket))
    thumbs = page.locator(".file-thumb")
    expect(thumbs).to_have_count(2)
    box = thumbs.first.bounding_box()
    assert box and box["height"] < 140
    thumbs.first.press("Enter")
    dialog, image = page.locator("#picture-dialog"), page.locator("[data-picture-shown]")
    expect(dialog).to_contain_text("one.png")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).to_have_text("two.png")
    expect(dialog.locator("[data-picture-position]")).to_contain_text("2")
    expect(image).to_have_js_property("naturalWidth", 2400)
    fitting = image.bounding_box()["width"]
    page.keyboard.press("+")
    assert image.bounding_box()["width"] > fitting
    page.keyboard.press("0")
    assert image.bounding_box()["width"] == fitting
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).to_have_text("one.png")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(thumbs.first).to_be_focused()
    assert page.problems == []


def test_lines_of_a_log_are_found_chosen_and_put_into_the_answer(page, live_server, ticket):
    from playwright.sync_api import expect

    rows = [f"INFO step {number}" for number in range(1, 2 * PAGE)]
    rows[9:12] = ["ERROR gateway timeout", "\tat a.b(c)", "WARN slow `x`"]
    rows[PAGE + 20] = "ERROR gateway timeout again"
    say(ticket, app_log="\n".join(rows).encode())
    page.goto(desk(live_server, ticket))
    page.locator("#composer textarea").fill("Dear customer,")
    page.locator("[data-dialog='lines-dialog']").click()
    lines = page.locator("#lines")
    expect(lines.locator("#lines-q")).to_be_focused()
    page.keyboard.type("GATEWAY")
    page.keyboard.press("Enter")
    expect(lines.locator("[role=status]")).to_contain_text("1")
    expect(lines.locator("#L10[data-hit] mark")).to_have_text("gateway")
    lines.locator("#lines-next").click()
    expect(lines.locator(f"#L{PAGE + 21}[data-hit]")).to_be_visible()
    expect(lines.locator("#lines-next")).to_be_focused()
    lines.locator("#lines-q").fill("")
    lines.locator("#lines-errors").check()
    expect(lines.locator(".line")).to_have_count(3)
    expect(lines.locator("#lines-errors")).to_be_focused()
    lines.locator("#lines-errors").uncheck()
    expect(lines.locator(".line")).to_have_count(PAGE)
    lines.locator(".line-no[data-line='10']").click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(lines.locator("[data-chosen-words]")).to_contain_text("10–12")
    lines.locator("[data-chosen-insert]").click()
    expect(page.locator("#lines-dialog")).to_be_hidden()
    text = page.locator("#composer textarea").input_value()
    assert text.startswith("Dear customer,\n\napp.log")
    assert "```\nERROR gateway timeout\n\tat a.b(c)\nWARN slow `x`\n```" in text
    assert page.problems == []


def test_the_address_of_a_line_opens_its_page(page, live_server, ticket):
    from playwright.sync_api import expect

    row = say(ticket, app_log=b"INFO fine\n" * (3 * PAGE)).attachments.get()
    where = live_server.url + reverse("workspace:lines", args=[row.pk])
    page.goto(f"{where}#L{2 * PAGE + 7}-L{2 * PAGE + 9}")
    expect(page.locator(".line.is-chosen")).to_have_count(3)
    expect(page.locator(f"#L{2 * PAGE + 7}")).to_be_in_viewport()
    expect(page.locator("[data-chosen-insert]")).to_be_hidden()
    page.goto(f"{where}#L{9 * PAGE}")  # the file has no such line
    expect(page.locator(".line").last).to_be_visible()
    assert page.problems == []


def test_a_mail_shows_itself_in_its_frame_and_runs_nothing(page, live_server, ticket):
    from playwright.sync_api import expect

    asked = []
    page.context.route("https://tracker.example/**", lambda route: asked.append(route.request.headers) or route.abort())
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></svg>"
    html = f'{hostile}<p style="color:#c00">It <b>fails</b>.</p><img src="https://tracker.example/p.png" alt="p">'
    say(ticket, "It fails.", html=html)
    page.goto(desk(live_server, ticket))
    expect(page.locator(".message-customer .message-body").last).to_have_text("It fails.")
    original = page.locator(".original")
    original.locator("summary").press("Enter")
    frame = page.frame_locator(".original-frame")
    expect(frame.locator("p b")).to_have_text("fails")
    expect(frame.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(frame.locator("p")).to_have_css("color", "rgb(204, 0, 0)")
    assert asked == []
    # News on the ticket do not close what one reads.
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="One more thing.")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:ticket'))")
    expect(page.locator("#conversation")).to_contain_text("One more thing.")
    expect(original.locator("iframe")).to_be_visible()
    original.locator("a[href*='images=1']").click()
    expect(frame.locator("img[src^='https://tracker.example']")).to_have_count(1)
    assert len(asked) == 1 and "referer" not in asked[0]
    assert page.problems == []


@pytest.mark.parametrize("width", [1440, 390])
def test_long_things_stay_inside_and_are_opened_when_wished(page, live_server, ticket, agent, width):
    from playwright.sync_api import expect

    say(ticket, "x" * 300 + "\n\n" + "A sentence of a long story. " * 380)
    wide = "| " + " | ".join("column" for _ in range(40)) + " |\n" + "|---" * 40 + "|\n" + "| cell " * 40 + "|"
    conversation.reply(ticket=ticket, actor=agent, body=f"{wide}\n\n```\n{'long code ' * 80}\n```")
    say(ticket, **{f"{'n' * 100}_log": b"x" * 900, f"{'p' * 100}_pdf": b"%PDF-1.7"})
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(desk(live_server, ticket))
    assert page.evaluate(_FITS)
    body = page.locator(".message-long")
    folded = body.bounding_box()["height"]
    assert folded < 500
    page.locator(".message-more summary").press("Enter")
    expect(page.locator(".message-more .more-open")).to_be_visible()
    assert body.bounding_box()["height"] > folded
    assert page.evaluate(_FITS)
    page.locator("[data-dialog='lines-dialog']").click()
    expect(page.locator("#lines .line")).to_have_count(1)
    assert page.evaluate(
        "(list) => list.scrollWidth <= list.clientWidth", page.locator(".lines-scroll").element_handle()
    )
    assert page.problems == []


def test_a_customer_records_the_screen_looks_at_it_and_sends_it(context, live_server, ticket, agent):
    from playwright.sync_api import expect

    page = context.new_page()
    watch(page)
    page.add_init_script(_SCREEN)
    page.goto(mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now()))
    box = page.locator("[data-recorder]")
    box.locator("[data-recorder-start]").click()
    expect(box.locator("[data-recorder-stop]")).to_be_focused()
    expect(box.locator("[data-recorder-clock]")).not_to_have_text("0:00")
    box.locator("[data-recorder-stop]").click()
    expect(box.locator("[data-recorder-preview]")).to_be_visible()
    box.locator("[data-recorder-again]").click()
    expect(box.locator("[data-recorder-clock]")).not_to_have_text("0:00")
    box.locator("[data-recorder-stop]").click()
    box.locator("[data-recorder-attach]").click()
    expect(page.locator("#write .file-list li")).to_have_count(1)
    page.fill("#write textarea", "This is what I see.")
    page.locator("#write .btn-primary").last.click()
    expect(page.locator(".file-video video")).to_have_count(1)
    row = Attachment.objects.get()
    assert row.content_type == "video/webm" and row.size > 1000
    video = page.locator(".file-video video")
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    expect(video).to_have_js_property("error", None)
    assert page.problems == []


def test_a_recording_ends_before_it_weighs_too_much_and_a_refusal_is_said(context, live_server, ticket):
    from playwright.sync_api import expect

    page = context.new_page()
    page.add_init_script(_SCREEN)
    page.goto(mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now()))
    box = page.locator("[data-recorder]")
    box.evaluate("(box) => { box.dataset.maxBytes = 1; }")
    box.locator("[data-recorder-start]").click()
    expect(box.locator("[data-recorder-attach]")).to_be_focused()
    box.locator("[data-recorder-discard]").click()
    page.evaluate("() => { navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('no')); }")
    box.locator("[data-recorder-start]").click()
    expect(box.locator("[data-recorder-said]")).not_to_be_empty()
    expect(box.locator("[data-recorder-start]")).to_be_focused()


def test_a_browser_that_cannot_record_says_what_to_do_instead(context, live_server, settings):
    from playwright.sync_api import expect

    make_customer()
    page = context.new_page()
    page.add_init_script("delete MediaDevices.prototype.getDisplayMedia")
    page.goto(live_server.url + reverse("intake:submit"))
    expect(page.locator(".recorder-absent")).to_be_visible()
    expect(page.locator("[data-recorder-start]")).to_be_hidden()
