"""Robots of chat groups: what each service is sent, what its answers mean, and that nothing is lost or too much."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.translation import override

from accounts.tests.factories import TeamFactory, make_administrator, make_agent
from outbox import delivery, registry
from outbox.cards import Card
from outbox.models import AllowedNetwork, Delivery, Robot
from outbox.robots import sending, vendors
from outbox.sealing import Unreadable, seal, unseal
from outbox.tests.listener import listening
from outbox.web import Answer
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CARD = Card("T1 missed its deadline", "https://desk.example.com/t/1", (("Severity", "S"),), (("a line", "https://x/"),))


@pytest.fixture
def listener():
    AllowedNetwork.objects.create(network="127.0.0.0/8")
    with listening() as server:
        yield server


@pytest.fixture
def told(settings):
    """The plain notice of this room may be told by robots, for the time of one test."""
    notice = registry.get("sample.plain")
    notice.robots = "a sample"
    yield notice
    notice.robots = ""


def robot_at(address, kind="wecom", tells=("sample.plain",), secret="", **fields):
    fields = {"name": "Night shift", "language": "en", "host": "127.0.0.1", **fields}
    return Robot.objects.create(
        kind=kind, tells=list(tells), sealed_address=seal(address), sealed_secret=seal(secret), **fields
    )


def payload_of(listener, number=-1):
    return json.loads(listener.heard[number][2])


# --- The words -----------------------------------------------------------------------------------------------------


def test_dingtalk_signs_as_its_documentation_says():
    """The signature of the documentation's own steps: HMAC-SHA256 over «time newline key» by the key, in base64."""
    secret, stamp = "SECabc123", 1577262236757
    expected = hmac.new(b"SECabc123", b"1577262236757\nSECabc123", hashlib.sha256).digest()
    assert vendors.dingtalk_sign(secret, stamp) == base64.b64encode(expected).decode()
    url, body = vendors.request_for(
        "dingtalk", CARD, address="https://oapi.dingtalk.com/robot/send?access_token=x", secret=secret, now=AT
    )
    asked = parse_qs(urlsplit(url).query)
    assert asked["access_token"] == ["x"]
    assert asked["timestamp"] == [str(int(AT.timestamp() * 1000))]
    assert asked["sign"] == [vendors.dingtalk_sign(secret, int(AT.timestamp() * 1000))]
    said = json.loads(body)
    assert said["msgtype"] == "actionCard"
    assert said["actionCard"]["singleURL"] == CARD.url


def test_feishu_signs_with_the_time_in_the_key():
    expected = hmac.new(b"1599360473\ndemo", b"", hashlib.sha256).digest()
    assert vendors.feishu_sign("demo", 1599360473) == base64.b64encode(expected).decode()
    assert vendors.feishu_sign("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    _url, body = vendors.request_for("feishu", CARD, address="https://open.feishu.cn/x", secret="demo", now=AT)
    said = json.loads(body)
    assert said["timestamp"] == str(int(AT.timestamp()))
    assert said["sign"] == vendors.feishu_sign("demo", int(AT.timestamp()))
    assert said["card"]["elements"][-1]["actions"][0]["url"] == CARD.url


def test_each_service_gets_its_own_shape_with_a_way_to_the_ticket():
    made = {kind: json.loads(vendors.request_for(kind, CARD, address="u", secret="", now=AT)[1]) for kind in KINDS}
    assert CARD.url in made["wecom"]["markdown"]["content"]
    assert made["dingtalk"]["actionCard"]["singleURL"] == CARD.url
    assert made["feishu"]["msg_type"] == "interactive"
    assert f"<{CARD.url}|" in made["slack"]["blocks"][0]["text"]["text"]


KINDS = ["wecom", "dingtalk", "feishu", "slack"]
HOSTILE = "<@all> [click](http://evil.example) <!channel> @所有人 `x` **y** <at id=all></at> \n# big"


@pytest.mark.parametrize("kind", KINDS)
def test_a_customers_words_call_nobody_and_link_nowhere(kind):
    card = Card(
        HOSTILE, "https://desk.example.com/", (("Customer", HOSTILE),), ((HOSTILE, "https://desk.example.com/"),)
    )
    text = json.dumps(
        json.loads(vendors.request_for(kind, card, address="u", secret="", now=AT)[1]), ensure_ascii=False
    )
    for forbidden in ("<@", "<!", "<at", "](http://evil", "@所有人", "`x`", "**y**"):
        assert forbidden not in text, forbidden


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_in_one_message_stays_within_what_the_smallest_service_takes(kind):
    lines = tuple((f"第 {n} 张工单已经超时,请尽快处理" * 8, f"https://desk.example.com/t/{n}") for n in range(300))
    body = vendors.request_for(kind, Card("300", lines=lines), address="u", secret="", now=AT)[1]
    text = json.loads(body)
    content = text["markdown"]["content"] if kind == "wecom" else json.dumps(text)
    if kind == "wecom":
        assert len(content.encode()) <= 4096
        assert "293" in content or "more" in content or "另有" in content
    assert len(body) < 20_000


ANSWERS = [
    ("wecom", 200, b'{"errcode":0,"errmsg":"ok"}', "", 0),
    ("wecom", 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', "invalid webhook url", 0),
    ("wecom", 200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', "freq", 60),
    ("dingtalk", 200, b'{"errcode":310000,"errmsg":"sign not match"}', "sign not match", 0),
    ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}', "too fast", 60),
    ("feishu", 200, b'{"StatusCode":0,"StatusMessage":"success","code":0,"msg":"success"}', "", 0),
    ("feishu", 200, b'{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}', "sign match", 0),
    ("feishu", 200, b'{"code":11232,"msg":"frequency limited"}', "frequency", 60),
    ("feishu", 200, b"<html>proxy</html>", "proxy", 0),
    ("wecom", 502, b"", "502", 0),
    ("slack", 200, b"ok", "", 0),
    ("slack", 404, b"no_service", "no_service", 0),
    ("slack", 200, b"<html>sign in</html>", "sign in", 0),
    ("wecom", 200, b"[" * 50_000, "[[", 0),
]


@pytest.mark.parametrize(("kind", "status", "body", "error", "wait"), ANSWERS)
def test_an_answer_is_read_not_trusted_for_its_status(kind, status, body, error, wait):
    said = vendors.verdict(kind, Answer(status, {}, body))
    assert (error in said.error) if error else said.error == ""
    assert said.wait == wait


def test_how_long_to_wait_is_what_the_service_says_within_reason():
    for text, seconds in [("7", 7), ("999999", 60), ("99999", 3600), ("soon", 60), ("0", 1), ("", 60)]:
        assert vendors.verdict("slack", Answer(429, {"retry-after": text}, b"")).wait == seconds


# --- The sending -----------------------------------------------------------------------------------------------------


def test_what_happens_is_told_once_to_the_people_and_to_the_group(told, listener, tell, backend, time):
    robot = robot_at(listener.url)
    robot_at(listener.url, name="Deaf", tells=["outbox.test"])
    robot_at(listener.url, name="Off", is_active=False)
    tell(subject="hello")
    assert delivery.run(read_clock=time)["accepted"] == 2  # a mail and a robot
    row = Delivery.objects.get(channel="robot")
    assert (row.recipient, row.address, row.state) == (robot.key, "Night shift", "accepted")
    assert len(listener.heard) == 1
    assert "hello" in payload_of(listener)["markdown"]["content"]
    delivery.run(read_clock=time)
    assert len(listener.heard) == 1


def test_a_refusal_is_tried_again_with_growing_pauses_and_ends_as_a_dead_letter(told, listener, tell, backend, time):
    robot_at(listener.url)
    listener.says(b'{"errcode":93000,"errmsg":"invalid webhook url"}')
    tell()
    delivery.run(read_clock=time)
    row = Delivery.objects.get(channel="robot")
    assert (row.state, row.attempts) == ("queued", 1)
    assert "invalid webhook url" in row.last_error
    for attempt in range(2, 7):
        delivery.run(read_clock=time)  # not yet
        assert len(listener.heard) == attempt - 1
        time.now = Delivery.objects.get(channel="robot").next_attempt_at
        delivery.run(read_clock=time)
        assert len(listener.heard) == attempt
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("dead", 6)


def test_patience_that_is_asked_for_costs_no_attempt(told, listener, tell, backend, time):
    robot_at(listener.url)
    listener.says(b'{"errcode":45009,"errmsg":"freq"}', b'{"errcode":0}')
    tell()
    delivery.run(read_clock=time)
    row = Delivery.objects.get(channel="robot")
    assert (row.state, row.attempts) == ("queued", 0)
    time.pass_(seconds=61)
    delivery.run(read_clock=time)
    row.refresh_from_db()
    assert row.state == "accepted"


def test_patience_ends_after_three_days_and_is_said_as_loudly_as_any_dead_letter(
    told, listener, tell, backend, time, caplog
):
    robot_at(listener.url)
    listener.says(b'{"errcode":45009,"errmsg":"freq"}')
    tell()
    delivery.run(read_clock=time)
    time.pass_(days=3, seconds=61)
    delivery.run(read_clock=time)
    row = Delivery.objects.get(channel="robot")
    assert row.state == "dead"
    assert f"delivery {row.pk} (sample.plain) given up" in caplog.text


def test_many_at_once_leave_as_one_message(told, listener, tell, backend, time):
    robot_at(listener.url)
    for number in range(30):
        tell(subject=f"word{number}", stream=f"s:{number}")
    delivery.run(read_clock=time)
    assert Delivery.objects.filter(channel="robot", state="accepted").count() == 30
    assert len(listener.heard) == 1
    content = payload_of(listener)["markdown"]["content"]
    assert "30 notices" in content
    assert "word0" in content
    assert "word29" in content


def test_a_robot_says_no_more_than_its_service_takes_and_loses_nothing(told, listener, tell, backend, time):
    robot_at(listener.url, per_minute=5)
    said = 0
    for number in range(9):  # one by one, so that nothing is put together
        tell(subject=f"word{number}")
        delivery.run(read_clock=time)
        said = len(listener.heard)
    assert said == 5
    assert Delivery.objects.filter(channel="robot", state="queued", attempts=0).count() == 4
    for _minute in range(3):
        time.pass_(seconds=60)
        delivery.run(read_clock=time)
    assert len(listener.heard) == 6  # the four that waited were one
    assert Delivery.objects.filter(channel="robot", state="accepted").count() == 9


def test_nothing_inside_is_called_when_the_row_was_not_checked(told, tell, backend, time):
    with listening() as inner:
        robot_at(inner.url)
        tell()
        with override("en"):
            delivery.run(read_clock=time)
        assert inner.connections == 0
    assert "not public" in Delivery.objects.get(channel="robot").last_error


def test_a_robot_that_is_gone_or_off_says_nothing_and_that_is_seen(told, listener, tell, backend, time):
    robot = robot_at(listener.url)
    listener.says((500, {}, b""))
    tell()
    delivery.run(read_clock=time)
    robot.delete()
    time.pass_(seconds=31)
    delivery.run(read_clock=time)
    assert Delivery.objects.get(channel="robot").state == "suppressed"
    assert len(listener.heard) == 1


def test_a_poison_message_does_not_hold_up_the_next(told, listener, tell, backend, time):
    robot_at(listener.url)
    tell(poison=True)
    tell(subject="after it")
    delivery.run(read_clock=time)
    assert "after it" in payload_of(listener)["markdown"]["content"]


# --- Tickets ---------------------------------------------------------------------------------------------------------


def test_an_assigned_ticket_is_a_card_with_its_facts_for_its_own_team(listener, backend, time):
    north, south = TeamFactory(), TeamFactory()
    agent = make_agent(north)
    robot_at(listener.url, "feishu", ["ticket.assigned"], name="N", team=north)
    robot_at(listener.url, "feishu", ["ticket.assigned"], name="S", team=south)
    listener.says(b'{"code":0}')
    ticket = make_ticket(team=north, severity="S", subject="Printer burns", now=time())
    delivery.run(read_clock=time)
    assert Delivery.objects.get(channel="robot").address == "N"
    card = payload_of(listener)["card"]
    assert ticket.number in card["header"]["title"]["content"]
    assert "Printer burns" in card["header"]["title"]["content"]
    assert card["header"]["template"] == "red"
    assert agent.name in card["elements"][0]["text"]["content"]
    assert card["elements"][1]["actions"][0]["url"].endswith(f"/desk/tickets/{ticket.number}/")


def test_what_is_meant_for_one_person_is_offered_to_no_group():
    offered = {kind for kind in registry.kinds() if registry.get(kind).robots}
    assert "ticket.escalated" in offered
    assert "ticket.assigned" in offered
    for private in ("account.invitation", "ticket.mentioned", "ticket.reply", "ticket.acknowledged"):
        assert private not in offered


# --- The administrator -----------------------------------------------------------------------------------------------


def fields(**given):
    least = {"name": "R", "kind": "dingtalk", "address": "https://oapi.dingtalk.com/robot/send?access_token=Qx7",
             "secret": "SECxyz", "tells": ["ticket.escalated"], "language": "en", "per_minute": 20}  # fmt: skip
    return {**least, "is_active": "on", **given}


@pytest.fixture
def boss(client, monkeypatch):
    monkeypatch.setattr("outbox.web.resolve", lambda host, port: ["93.184.215.14"])
    client.force_login(make_administrator())
    return client


def test_secrets_are_typed_once_and_shown_nowhere(boss):
    assert boss.post("/admin/outbox/robot/add/", fields()).status_code == 302
    robot = Robot.objects.get()
    assert unseal(robot.sealed_address).endswith("access_token=Qx7")
    assert unseal(robot.sealed_secret) == "SECxyz"
    assert "Qx7" not in robot.sealed_address
    kept = fields(address="", secret="", name="Other")
    assert boss.post(f"/admin/outbox/robot/{robot.pk}/change/", kept).status_code == 302
    robot.refresh_from_db()
    assert (robot.name, robot.host) == ("Other", "oapi.dingtalk.com")
    assert unseal(robot.sealed_secret) == "SECxyz"
    pages = [f"/admin/outbox/robot/{robot.pk}/change/", "/admin/outbox/robot/", "/desk/setup/robots/", "/desk/audit/"]
    for page in pages:
        text = boss.get(page).content.decode()
        assert "Qx7" not in text, page
        assert "SECxyz" not in text, page
        assert robot.sealed_address not in text, page


def test_a_form_says_what_is_wrong_with_an_address(boss, monkeypatch):
    page = boss.post("/admin/outbox/robot/add/", fields(address=""))
    assert "Paste the address" in page.content.decode()
    monkeypatch.setattr("outbox.web.resolve", lambda host, port: ["169.254.169.254"])
    page = boss.post("/admin/outbox/robot/add/", fields())
    assert "not public" in page.content.decode()
    page = boss.post("/admin/outbox/robot/add/", fields(kind="slack"))
    assert "Only DingTalk and Feishu sign" in page.content.decode()
    page = boss.post("/admin/outbox/robot/add/", fields(tells=["account.invitation"]))
    assert page.status_code == 200
    assert not Robot.objects.exists()


def test_the_button_tells_what_the_service_answered(client, listener):
    client.force_login(make_administrator(language="en"))
    robot = robot_at(listener.url)
    page = client.post(f"/desk/setup/robots/{robot.pk}/try/", follow=True).content.decode()
    assert "said it" in page
    assert "This robot works" in payload_of(listener)["markdown"]["content"]
    listener.says(b'{"errcode":93000,"errmsg":"invalid webhook url"}')
    page = client.post(f"/desk/setup/robots/{robot.pk}/try/", follow=True).content.decode()
    assert "invalid webhook url" in page
    assert "s3cret" not in page


def test_a_test_counts_towards_the_limit(listener):
    robot = robot_at(listener.url, per_minute=1)
    assert sending.try_out(robot=robot, now=AT) == ""
    with override("en"):
        assert "within this minute" in sending.try_out(robot=robot, now=AT)
    assert len(listener.heard) == 1


def test_a_changed_key_of_the_house_is_said_plainly(listener, settings):
    robot = robot_at(listener.url)
    settings.SECRET_KEY = "another key than the one it was sealed with 1234567890"
    with pytest.raises(Unreadable):
        unseal(robot.sealed_address)
    assert "SECRET_KEY" in sending.try_out(robot=robot, now=AT)
