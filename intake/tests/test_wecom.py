"""WeCom: the envelope by the vectors of its documentation, and what becomes of messages."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_service
from intake.tasks import prune
from intake.wecom import crypt, retention
from intake.wecom.models import WecomApp, WecomMessage, WecomPerson
from intake.wecom.receiving import MOST_BYTES, SIGNED_WITHIN
from intake.wecom.taking_in import take_in_due
from outbox import clock
from outbox.sealing import seal
from tickets.models import Ticket
from tickets.services.conversation import reply
from tickets.services.moves import confirm_solution, resolve_ticket

pytestmark = pytest.mark.django_db

# From the sample programs of WeCom's documentation.
TOKEN, CORP = "QDG6eK", "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
SAID = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSU"
    "XxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZi"
    "qATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22"
    "Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)
KEY = crypt.key_of(AES_KEY)


def test_the_echo_of_the_documentation():
    signed = {"token": TOKEN, "timestamp": "1409659589", "nonce": "263014780", "encrypted": ECHO}
    assert crypt.signature(**signed) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert crypt.decrypt(ECHO, key=KEY, receiver=CORP) == b"1616140317555161061"


def test_the_message_of_the_documentation():
    signed = {"token": TOKEN, "timestamp": "1409659813", "nonce": "1372623149", "encrypted": SAID}
    assert crypt.signature(**signed) == "477715d11cdb4164915debcba66cb864d751f3e6"
    assert b"<Content><![CDATA[hello]]></Content>" in crypt.decrypt(SAID, key=KEY, receiver=CORP)


def test_what_is_put_in_comes_out_whatever_its_length():
    for length in range(70):
        sealed = crypt.encrypt(b"x" * length, key=KEY, receiver=CORP)
        assert crypt.decrypt(sealed, key=KEY, receiver=CORP) == b"x" * length


def _raw(plain):
    """An envelope around any bytes, well padded or not."""
    sealer = crypt.Cipher(crypt.algorithms.AES(KEY), crypt.modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(sealer.update(plain) + sealer.finalize()).decode()


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "x",
        "%%%%",
        base64.b64encode(b"x" * 15).decode(),
        _raw(bytes(32)),  # a padding of 0
        _raw(b"x" * 31 + bytes([33])),  # beyond the block
        _raw(b"x" * 30 + bytes([1, 2])),  # not all alike
        _raw(bytes([32]) * 32),  # nothing but padding
        _raw(b"r" * 16 + (2**31).to_bytes(4, "big") + b"short" + bytes([7]) * 7),  # a length beyond the end
        crypt.encrypt(b"hello", key=KEY, receiver="wx_of_another"),
        crypt.encrypt(b"hello", key=bytes(32), receiver=CORP),
    ],
    ids=range(11),  # what is sealed differs from run to run
)
def test_what_is_damaged_or_for_another_is_refused(sealed):
    with pytest.raises(crypt.NotOurs):
        crypt.decrypt(sealed, key=KEY, receiver=CORP)


def test_a_key_has_43_characters():
    for wrong in ("", "short", "x" * 42, "x" * 44, "ä" * 43):
        with pytest.raises(crypt.NotOurs):
            crypt.key_of(wrong)


# --- The door --------------------------------------------------------------------------------------------------------


@pytest.fixture
def app():
    return WecomApp.objects.create(
        name="Support", corp_id=CORP, sealed_token=seal(TOKEN), sealed_key=seal(AES_KEY), team=TeamFactory(),
        language="en",
    )  # fmt: skip


def xml(text="The printer burns", *, userid="LinXia", msgid="4561255354251345929", kind="text", **more):
    fields = {"ToUserName": CORP, "FromUserName": userid, "CreateTime": "1409659813", "MsgType": kind, **more}
    if kind == "text":
        fields["Content"] = text
    if msgid:
        fields["MsgId"] = msgid
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inner}<AgentID>218</AgentID></xml>"


def call(app, body=None, *, at=None, sealed=None, signature=None, client=None):
    sealed = crypt.encrypt((body or xml()).encode(), key=KEY, receiver=CORP) if sealed is None else sealed
    stamp = str(int((at or clock.now()).timestamp()))
    signed = crypt.signature(token=TOKEN, timestamp=stamp, nonce="n", encrypted=sealed)
    query = f"msg_signature={signed if signature is None else signature}&timestamp={stamp}&nonce=n"
    outer = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    client = client or Client()
    return client.post(f"/hooks/wecom/{app.pk}/?{query}", outer, content_type="text/xml")


def verify(app, *, signature=None, at=None):
    stamp = str(int((at or clock.now()).timestamp()))
    signed = crypt.signature(token=TOKEN, timestamp=stamp, nonce="n", encrypted=ECHO)
    asked = {"msg_signature": signature or signed, "timestamp": stamp, "nonce": "n", "echostr": ECHO}
    return Client().get(f"/hooks/wecom/{app.pk}/", asked)


def test_the_address_is_verified_by_the_echo(app):
    answer = verify(app)
    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
    assert verify(app, signature="0" * 40).status_code == 403
    assert verify(app, at=clock.now() - 2 * SIGNED_WITHIN).status_code == 403
    app.is_active = False
    app.save()
    assert verify(app).status_code == 403


def test_a_wrong_signature_an_old_time_and_another_receiver_keep_nothing(app):
    now = clock.now()
    assert call(app, signature="0" * 40).status_code == 403
    assert call(app, signature="").status_code == 403
    assert call(app, at=now - 2 * SIGNED_WITHIN).status_code == 403
    assert call(app, at=now + 2 * SIGNED_WITHIN).status_code == 403
    assert call(app, sealed=crypt.encrypt(xml().encode(), key=KEY, receiver="wx_other")).status_code == 403
    assert call(app, sealed="x").status_code == 403
    assert Client().post(f"/hooks/wecom/{app.pk}/", "x", content_type="text/xml").status_code == 403
    assert Client().post("/hooks/wecom/999/", "x", content_type="text/xml").status_code == 403
    assert not WecomMessage.objects.exists()


def test_definitions_that_grow_are_refused_inside_and_outside(app):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>'
    assert call(app, bomb).status_code == 403
    assert Client().post(f"/hooks/wecom/{app.pk}/", bomb, content_type="text/xml").status_code == 403
    assert not WecomMessage.objects.exists()


def test_what_is_too_large_is_refused_before_it_is_read(app):
    answer = Client().post(f"/hooks/wecom/{app.pk}/", "x" * (MOST_BYTES + 1), content_type="text/xml")
    assert answer.status_code == 413


def test_a_message_is_kept_and_answered_with_nothing(app):
    answer = call(app)
    assert (answer.status_code, answer.content) == (200, b"success")
    row = WecomMessage.objects.get()
    assert (row.state, row.userid, row.kind) == ("pending", "LinXia", "text")
    assert not Ticket.objects.exists()


def test_an_event_is_no_message(app):
    assert call(app, xml(kind="event", msgid="", Event="enter_agent")).content == b"success"
    assert not WecomMessage.objects.exists()


# --- What becomes of it ----------------------------------------------------------------------------------------------


def knows(app, userid="LinXia", **fields):
    person = make_customer(**fields)
    WecomPerson.objects.create(app=app, userid=userid, user=person)
    return person


def hear(app, text="The printer burns", *, msgid, now=None, **more):
    assert call(app, xml(text, msgid=msgid, **more)).status_code == 200
    take_in_due(now=now)
    return WecomMessage.objects.get(app=app, key=msgid)


def test_a_message_of_somebody_known_is_a_ticket_of_theirs(app):
    person = knows(app)
    row = hear(app, "The printer burns\nSince noon, in hall 3.", msgid="1")
    ticket = Ticket.objects.get()
    assert row.ticket == ticket
    assert (ticket.requester, ticket.channel, ticket.team) == (person, "wecom", app.team)
    assert ticket.subject == "The printer burns"
    assert ticket.messages.get().body.endswith("in hall 3.")


def test_the_second_line_goes_on_in_the_same_ticket(app):
    knows(app)
    hear(app, msgid="1")
    hear(app, "And it smells.", msgid="2")
    ticket = Ticket.objects.get()
    assert [message.body for message in ticket.messages.order_by("id")] == ["The printer burns", "And it smells."]


def test_a_repetition_changes_nothing(app):
    knows(app)
    for _turn in range(3):
        hear(app, msgid="1")
    assert WecomMessage.objects.count() == 1
    assert Ticket.objects.get().messages.count() == 1


def test_words_begin_a_new_one_and_a_number_names_another_one_of_ones_own(app):
    knows(app)
    stranger = knows(app, "ZhaoYi")
    first = hear(app, msgid="1").ticket
    second = hear(app, "新问题:打印机没有墨了", msgid="2").ticket
    assert second != first
    assert second.messages.get().body == "打印机没有墨了"
    assert hear(app, f"{first.number} still burns", msgid="3").ticket == first
    assert first.messages.latest("pk").body == "still burns"
    foreign = hear(app, f"{first.number} let me in", msgid="4", userid="ZhaoYi").ticket
    assert foreign.requester == stranger  # naming a number opens nobody else's ticket
    assert first.messages.count() == 2


@pytest.mark.parametrize("between", ["\uff1a", "\uff0c", "\u3001", "\u3002", ":", ",", " ", "\uff1a\u3000", ""])
def test_the_sign_after_such_a_word_belongs_to_neither(app, between):
    knows(app)
    first = hear(app, msgid="1").ticket
    second = hear(app, f"新问题{between}打印机坏了", msgid="2").ticket
    assert (second.subject, second.messages.get().body) == ("打印机坏了", "打印机坏了")
    hear(app, f"{first.number}{between}还是坏的", msgid="3")
    assert first.messages.latest("pk").body == "还是坏的"


def test_a_resolved_ticket_opens_again_and_a_closed_one_stays(app):
    person, agent = knows(app), make_agent(app.team)
    ticket = hear(app, msgid="1").ticket
    reply(ticket=ticket, actor=agent, body="Use the hose.")
    solved = {"cause": "Fire.", "solution": "Water.", "verification": "customer"}
    resolve_ticket(ticket=ticket, actor=agent, **solved)
    assert hear(app, "It burns again", msgid="2").ticket == ticket
    ticket.refresh_from_db()
    assert ticket.status == "open"
    resolve_ticket(ticket=ticket, actor=agent, **solved)
    confirm_solution(ticket=ticket, actor=person)
    assert hear(app, "Now the coffee machine", msgid="3").ticket != ticket


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("image", {"PicUrl": "http://p.example/x", "MediaId": "m-1"}, "An image was sent"),
        ("file", {"FileName": "trace.log", "MediaId": "m-2"}, "trace.log"),
        ("voice", {"MediaId": "m-3", "Format": "amr"}, "A voice message"),
        ("video", {"MediaId": "m-4"}, "A video"),
        ("location", {"Label": "Hall 3"}, "Hall 3"),
        ("link", {"Title": "Trace", "Url": "https://x.example"}, "https://x.example"),
        ("riddle", {}, "Something was sent"),
    ],
)
def test_what_is_no_text_is_noted(app, kind, more, words):
    knows(app)
    hear(app, msgid="1", kind=kind, **more)
    assert words in Ticket.objects.get().messages.get().body


def test_somebody_unknown_waits_until_it_is_said_who_that_is(app, client):
    assert hear(app, msgid="1").state == "held"
    assert hear(app, "Hello?", msgid="2").state == "held"
    assert not Ticket.objects.exists()
    person = make_customer(email="lin@hall.example")
    client.force_login(make_administrator(language="en"))
    page = client.get("/desk/setup/wecom/").content.decode()
    assert "LinXia" in page
    assert TOKEN not in page
    assert AES_KEY not in page
    held = WecomMessage.objects.order_by("id").first()
    assert client.post(f"/desk/setup/wecom/messages/{held.pk}/who/", {"email": "no@b.example"}).status_code == 422
    program = make_service().user.email  # nobody writes as a program
    assert client.post(f"/desk/setup/wecom/messages/{held.pk}/who/", {"email": program}).status_code == 422
    assert client.post(f"/desk/setup/wecom/messages/{held.pk}/who/", {"email": "LIN@hall.example"}).status_code == 302
    assert Ticket.objects.get().requester == person
    assert Ticket.objects.get().messages.count() == 2


def test_by_the_row_somebody_unknown_becomes_a_customer_who_sees_nothing_else(app):
    app.newcomers = "create"
    app.save()
    hear(app, msgid="1")
    hear(app, "Hello?", msgid="2")
    person = Ticket.objects.get().requester
    assert person.name == "LinXia"
    assert not person.has_usable_password()
    assert not person.is_active  # no mail goes to an address that cannot exist
    assert person.organization is None
    assert User.objects.filter(name="LinXia").count() == 1


def test_whose_doors_were_closed_writes_no_more(app):
    person = knows(app)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert hear(app, msgid="1").state == "held"


def test_what_fails_is_seen_tried_again_and_can_be_put_away(app, client, monkeypatch):
    knows(app)

    def broken(*_args, **_kwargs):
        raise RuntimeError("ours")

    monkeypatch.setattr("intake.wecom.taking_in.words_of", broken)
    call(app, xml(msgid="1"))
    at = clock.now()
    for _attempt in range(8):
        at = max(at, WecomMessage.objects.get().next_attempt_at) + timedelta(seconds=1)
        take_in_due(now=at)
    row = WecomMessage.objects.get()
    assert (row.state, row.attempts) == ("failed", 6)
    monkeypatch.undo()
    client.force_login(make_administrator(language="en"))
    assert "ours" in client.get("/desk/setup/wecom/").content.decode()
    client.post(f"/desk/setup/wecom/messages/{row.pk}/retry/")
    assert Ticket.objects.count() == 1
    held = hear(app, msgid="2", userid="Nobody")
    client.post(f"/desk/setup/wecom/messages/{held.pk}/away/")
    held.refresh_from_db()
    assert held.state == "dismissed"
    assert client.post(f"/desk/setup/wecom/messages/{held.pk}/away/").status_code == 404


def test_the_form_keeps_secrets_sealed_and_shows_them_nowhere(client):
    client.force_login(make_administrator(language="en"))
    least = {"name": "A", "corp_id": CORP, "token": TOKEN, "aes_key": AES_KEY, "newcomers": "hold", "language": "en"}
    assert client.post("/admin/intake/wecomapp/add/", {**least, "aes_key": "short"}).status_code == 200
    assert client.post("/admin/intake/wecomapp/add/", {**least, "token": ""}).status_code == 200
    assert client.post("/admin/intake/wecomapp/add/", {**least, "is_active": "on"}).status_code == 302
    app = WecomApp.objects.get()
    assert verify(app).status_code == 200
    kept = {**least, "token": "", "aes_key": "", "name": "B", "is_active": "on"}
    assert client.post(f"/admin/intake/wecomapp/{app.pk}/change/", kept).status_code == 302
    assert verify(app).status_code == 200
    for page in (f"/admin/intake/wecomapp/{app.pk}/change/", "/desk/setup/wecom/", "/desk/audit/"):
        text = client.get(page).content.decode()
        assert TOKEN not in text
        assert AES_KEY not in text


def test_what_is_old_is_forgotten(app):
    knows(app)
    hear(app, msgid="1")
    held = hear(app, msgid="2", userid="Nobody")
    now = clock.now()
    assert retention.prune(now=now) == {"done": 0, "waiting": 0}
    assert retention.prune(now=now + timedelta(days=31)) == {"done": 1, "waiting": 0}
    assert WecomMessage.objects.get() == held
    assert retention.prune(now=now + timedelta(days=91)) == {"done": 0, "waiting": 1}
    prune()  # the job does both rooms' work


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_messages_in_parallel_are_one():
    app = WecomApp.objects.create(name="P", corp_id=CORP, sealed_token=seal(TOKEN), sealed_key=seal(AES_KEY))
    knows(app)

    def send(_number):
        try:
            answer = call(app)
            take_in_due()
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(send, range(20))) == [200] * 20
    take_in_due()
    assert Ticket.objects.get().messages.count() == 1


def test_the_time_of_the_vectors_is_long_past(app):
    """They are good for the envelope; the door refuses them as old."""
    past = datetime.fromtimestamp(1409659813, tz=UTC)
    assert call(app, sealed=SAID, at=past).status_code == 403
