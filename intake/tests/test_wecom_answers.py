"""Answers back to WeCom: by the same application, in order, each part once, and what fails is seen."""

import re
from datetime import timedelta
from types import SimpleNamespace
from unicodedata import normalize

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from intake.tests.wecom_service import wecom_service
from intake.wecom.models import WecomApp, WecomMessage, WecomPerson
from intake.wecom.taking_in import take_in_due
from intake.wecom.telling import MOST_BYTES, MOST_PARTS, split
from outbox import chat_sending, clock, delivery
from outbox.models import AllowedNetwork, Delivery
from outbox.sealing import seal
from tickets.models import Ticket
from tickets.services.conversation import reply
from tickets.services.links import revoke_status_links
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def wecom():
    AllowedNetwork.objects.create(network="127.0.0.0/8")
    with wecom_service() as server:
        yield server


@pytest.fixture
def app(wecom):
    team = TeamFactory()
    make_agent(team, language="en")
    return WecomApp.objects.create(
        name="Support", corp_id=wecom.corp, sealed_token=seal("t"), sealed_key=seal("k"), team=team,
        language="en", newcomers="create", agent_id=wecom.agent, sealed_secret=seal(wecom.secret), api_base=wecom.url,
    )  # fmt: skip


@pytest.fixture
def hear(app):
    def say(text="The printer burns", userid="LinXia"):
        now, count = clock.now(), WecomMessage.objects.count()
        xml = f"<xml><MsgType>text</MsgType><FromUserName>{userid}</FromUserName><Content>{text}</Content></xml>"
        WecomMessage.objects.create(
            app=app, key=f"k{count}", userid=userid, kind="text", xml=xml, received_at=now, next_attempt_at=now
        )
        take_in_due(now=now)
        return WecomMessage.objects.latest("pk").ticket

    return say


@pytest.fixture
def time():
    """The instant that the delivery reads; a test moves it."""

    class Time:
        now = clock.now()

        def __call__(self):
            return max(self.now, clock.now())

        def pass_(self, **units):
            self.now = self() + timedelta(**units)

    return Time()


def chats(**fields):
    return list(Delivery.objects.filter(channel="wecom", **fields).order_by("pk"))


def mails_to_customers():
    kinds = ["ticket.acknowledged", "ticket.reply"]
    rows = Delivery.objects.filter(channel="mail", intent__kind__in=kinds, state=State.ACCEPTED)
    return [row.address for row in rows.order_by("pk")]


def colleague(ticket):
    return User.objects.get(memberships__team=ticket.team, memberships__role__code="agent")


def answer(ticket, body="Use the hose."):
    return reply(ticket=ticket, actor=colleague(ticket), body=body)


# --- There and back --------------------------------------------------------------------------------------------------


def test_the_number_and_the_answer_go_back_by_wecom_alone(wecom, hear, client):
    ticket = hear()
    delivery.run()
    answer(ticket)
    delivery.run()
    assert [to for to, _text in wecom.sent] == ["LinXia", "LinXia"]
    (_to, number), (_to, said) = wecom.sent
    assert ticket.number in number and "Use the hose." in said and "mail" not in said
    assert [row.state for row in chats()] == [State.ACCEPTED, State.ACCEPTED]
    assert mails_to_customers() == []
    assert wecom.calls == ["gettoken", "send", "send"]  # one token for both
    # The link leads who has no account to the ticket, and says the answer there.
    link = re.search(r"https?://\S+", said)[0]
    page = client.get("/" + link.split("/", 3)[3])
    assert page.status_code == 200 and "Use the hose." in page.content.decode()


def test_the_link_of_who_stands_for_an_id_can_be_revoked(wecom, hear):
    ticket = hear()
    delivery.run()
    path = "/" + re.search(r"https?://\S+", wecom.sent[0][1])[0].split("/", 3)[3]
    assert Client().get(path).status_code == 200
    revoke_status_links(ticket=ticket, actor=colleague(ticket))
    assert Client().get(path).status_code == 404


def test_somebody_with_an_address_hears_by_both_and_in_their_language(wecom, app, hear):
    person = make_customer(language="zh-hans")
    WecomPerson.objects.create(app=app, userid="LinXia", user=person)
    ticket = hear()
    delivery.run()
    answer(ticket, "请先断电。")
    delivery.run()
    said = wecom.sent[-1][1]
    assert "请先断电。" in said and "回复了您的工单" in said and person.name in said
    assert mails_to_customers() == [person.email] * 2


def test_a_ticket_of_another_channel_is_answered_by_mail_where_there_is_an_address(wecom, app):
    person = make_customer()
    WecomPerson.objects.create(app=app, userid="LinXia", user=person)
    answer(make_ticket(requester=person, team=app.team, channel="phone", now=clock.now()))
    delivery.run()
    assert wecom.sent == [] and set(mails_to_customers()) == {person.email}


def test_a_call_of_somebody_without_an_address_is_answered_by_wecom(wecom, app, hear):
    person = hear().requester
    answer(make_ticket(requester=person, team=app.team, channel="phone", now=clock.now()), "We looked at your call.")
    delivery.run()
    assert "We looked at your call." in wecom.sent[-1][1]


def test_the_solution_asks_by_links_that_open(wecom, hear):
    ticket = hear()
    answer(ticket)
    resolve_ticket(ticket=ticket, actor=colleague(ticket), cause="Fire.", solution="Water.", verification="customer")
    delivery.run()
    link = re.search(r"https?://\S+answer=yes", wecom.sent[-1][1])[0]
    assert Client().get("/" + link.split("/", 3)[3]).status_code == 200


# --- What WeCom answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["expired", "forgotten"])
def test_a_token_that_is_no_good_any_more_is_asked_for_once_more(wecom, hear, way):
    ticket = hear()
    delivery.run()
    if way == "expired":
        wecom.expired.add(wecom.tokens[-1])  # 42001
    else:
        wecom.tokens = ["of-another-life"]  # 40014
    answer(ticket)
    delivery.run()
    assert wecom.calls[-4:] == ["send", "send", "gettoken", "send"]
    assert "Use the hose." in wecom.sent[-1][1]
    assert [row.attempts for row in chats()] == [1, 1]


def test_a_token_that_is_never_good_is_a_failed_attempt_and_no_endless_loop(wecom, hear):
    wecom.says = [42001, 42001]
    hear()
    delivery.run()
    assert wecom.calls == ["gettoken", "send", "gettoken", "send"]
    (row,) = chats()
    assert row.state == State.QUEUED and row.last_error.startswith("42001: access_token expired")


def test_the_token_is_kept_sealed_and_no_longer_than_it_lasts(wecom, hear):
    hear()
    delivery.run()
    keys = list(cache._cache.get_client().scan_iter(cache.make_key("wecom-token*")))
    assert len(keys) == 1
    held = cache._cache.get_client().get(keys[0])
    assert wecom.tokens[0].encode() not in held and wecom.secret.encode() not in held
    assert 0 < cache._cache.get_client().ttl(keys[0]) <= 6900
    cache._cache.get_client().delete(keys[0])
    wecom.lasts = 60  # shorter than the margin: it is used once, and not kept
    for text in ("It smells", "And it smokes"):
        hear("新问题 " + text)
    delivery.run()
    assert wecom.calls[-4:] == ["gettoken", "send"] * 2


def test_without_redis_each_message_asks_for_a_token(wecom, hear, monkeypatch):
    monkeypatch.setattr("intake.wecom.client.cache.get", lambda key: None)
    monkeypatch.setattr("intake.wecom.client.cache.set", lambda *words: None)
    ticket = hear()
    answer(ticket)
    delivery.run()
    assert wecom.calls == ["gettoken", "send"] * 2 and len(wecom.sent) == 2


def test_called_too_often_it_waits_and_counts_no_attempt(wecom, hear, time):
    hear()
    wecom.says = [45009]
    delivery.run(read_clock=time)
    (row,) = chats()
    assert (row.state, row.attempts) == (State.QUEUED, 0) and "45009" in row.last_error
    delivery.run(read_clock=time)
    assert wecom.sent == []
    time.pass_(seconds=61)
    delivery.run(read_clock=time)
    assert len(wecom.sent) == 1 and chats()[0].state == State.ACCEPTED


def test_whom_wecom_does_not_know_is_not_tried_again_and_seen_at_the_message(wecom, hear, client):
    ticket = hear(userid="WangGone")
    agent = colleague(ticket)
    reply(ticket=ticket, actor=agent, body="Use the hose.")
    delivery.run()
    assert [row.state for row in chats()] == [State.BOUNCED] * 2
    assert "81013" in chats()[1].last_error
    client.force_login(agent)
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "not sent: WeCom does not know this person" in page and "Send again" in page
    wecom.people.add("WangGone")
    client.post(f"/desk/tickets/{ticket.number}/mails/{chats()[1].pk}/resend/")
    delivery.run()
    assert [to for to, _text in wecom.sent] == ["WangGone"]
    assert "accepted by WeCom" in client.get(f"/desk/tickets/{ticket.number}/").content.decode()


def test_failures_are_tried_again_in_order_and_given_up_at_last(wecom, app, hear, time):
    ticket = hear()
    answer(ticket)
    wecom.says = [0, -1, 40056, -1, 60020, 60020, 60020]
    for _attempt in range(12):
        delivery.run(read_clock=time)
        time.pass_(hours=2)
    first, second = chats()
    assert (first.state, second.state) == (State.ACCEPTED, State.DEAD)
    assert "60020" in second.last_error and second.attempts == 6
    assert len(wecom.sent) == 1


def test_a_wrong_secret_and_a_silent_server_say_so_and_never_the_secret(wecom, app, hear, caplog):
    WecomApp.objects.update(sealed_secret=seal("an0ther-secret"))
    hear()
    delivery.run()
    (row,) = chats()
    assert row.last_error.startswith("40001: invalid credential")
    WecomApp.objects.update(api_base="http://127.0.0.1:9")
    hear("新问题 And it smells")
    delivery.run()
    second = chats()[1]
    assert "ConnectionRefusedError" in second.last_error
    for text in (row.last_error, second.last_error, caplog.text):
        assert "an0ther-secret" not in text and "corpsecret" not in text


def test_an_address_of_the_house_needs_its_row(wecom, hear):
    AllowedNetwork.objects.all().delete()
    hear()
    delivery.run()
    assert "非公开网络" in chats()[0].last_error
    assert wecom.calls == []


def test_who_was_shut_out_and_what_was_switched_off_is_told_nothing(wecom, app, hear):
    ticket = hear()
    WecomApp.objects.update(is_active=False)
    delivery.run()
    assert chats() == []  # nobody is reached any more when the recipients are looked for
    WecomApp.objects.update(is_active=True)
    answer(ticket)
    delivery.resolve_due(now=clock.now())
    WecomPerson.objects.all().delete()
    delivery.run()
    assert [row.state for row in chats()] == [State.DEAD] and wecom.sent == []
    person = make_customer()
    WecomPerson.objects.create(app=app, userid="LinXia", user=person)
    mine = make_ticket(requester=person, team=app.team, channel="wecom")
    User.objects.filter(pk=person.pk).update(is_active=False)
    answer(Ticket.objects.get(pk=mine.pk))
    delivery.run()
    assert wecom.sent == []


def test_an_application_without_a_secret_hears_and_does_not_speak(wecom, app, hear):
    WecomApp.objects.update(agent_id=None, sealed_secret="")
    answer(hear())
    delivery.run()
    assert chats() == [] and wecom.calls == []


# --- Long messages ---------------------------------------------------------------------------------------------------


def test_a_long_answer_leaves_in_parts_that_are_whole_together(wecom, hear):
    words = "\n".join(f"第{number}步:检查打印机的电源、网线与纸盒,然后再试一次。" for number in range(80))
    answer(hear(), words)
    delivery.run()
    parts = [text for _to, text in wecom.sent[1:]]
    assert len(parts) > 2 and all(len(part.encode()) <= MOST_BYTES for part in parts)
    assert words in "\n".join(parts)
    assert chats()[-1].parts_sent == len(parts)


def test_after_a_failure_the_next_attempt_goes_on_with_the_part_that_failed(wecom, hear, time):
    ticket = hear()
    delivery.run(read_clock=time)
    answer(ticket, "\n".join(f"{number:04d} " + "x" * 60 for number in range(70)))
    wecom.says = [0, -1]
    delivery.run(read_clock=time)
    assert (chats()[-1].state, chats()[-1].parts_sent) == (State.QUEUED, 1)
    time.pass_(minutes=2)
    delivery.run(read_clock=time)
    assert chats()[-1].state == State.ACCEPTED
    told = "\n".join(text for _to, text in wecom.sent[1:])
    assert [int(found) for found in re.findall(r"^(\d{4}) x", told, re.MULTILINE)] == list(range(70))


def test_of_a_slow_service_each_run_sends_what_it_has_time_for_and_nothing_twice(wecom, hear, time, monkeypatch):
    ticket = hear()
    delivery.run(read_clock=time)
    before = len(wecom.sent)
    slow = SimpleNamespace(monotonic=lambda: 70.0 * len(wecom.sent))  # seconds: longer than the parts of one may begin
    monkeypatch.setattr(chat_sending, "time", slow)
    answer(ticket, "\n".join(f"{number:04d} " + "x" * 60 for number in range(70)))
    runs = []
    while not runs or chats()[-1].state == State.QUEUED:
        delivery.run(read_clock=time)
        runs.append(len(wecom.sent) - before)
    assert runs == list(range(1, len(runs) + 1)) and len(runs) > 2
    assert (chats()[-1].state, chats()[-1].attempts) == (State.ACCEPTED, 1)
    told = "\n".join(text for _to, text in wecom.sent[before:])
    assert [int(found) for found in re.findall(r"^(\d{4}) x", told, re.MULTILINE)] == list(range(70))


@pytest.mark.parametrize(
    "text",
    ["字" * 5000, "x" * 4096, "👩‍👩‍👧‍👦" * 400, "é" * 3000, normalize("NFD", "é") * 3000, "a " * 3000, "\n" * 3000],
    ids=["han", "latin", "family", "accent", "combining", "words", "lines"],
)
def test_nothing_is_cut_inside_of_a_character_or_lost(text):
    pieces = split(text)
    assert all(len(piece.encode()) <= MOST_BYTES for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    assert not any(piece.startswith(("\u200d", "\u0301")) or piece.endswith("\u200d") for piece in pieces)


def test_of_a_very_long_one_the_beginning_and_where_the_rest_stands():
    with override("en"):
        pieces = split("字" * 50_000, "https://desk.example.com/t/1")
    assert len(pieces) == MOST_PARTS and pieces[-1].endswith("https://desk.example.com/t/1")


def test_words_become_no_link_that_hides_where_it_leads(wecom, hear):
    answer(hear(), 'See <a href="https://evil.example">the manual</a> and <abbr>.')
    delivery.run()
    assert "<a " not in wecom.sent[-1][1] and "\uff1ca href" in wecom.sent[-1][1] and "<abbr>" in wecom.sent[-1][1]


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_the_composer_says_where_the_answer_goes(wecom, app, hear, client):
    agent = User.objects.get(memberships__team=app.team)
    client.force_login(agent)

    def page(ticket):
        return client.get(f"/desk/tickets/{ticket.number}/").content.decode()

    ticket = hear()
    assert "Goes to LinXia by WeCom." in page(ticket)
    WecomApp.objects.update(is_active=False)
    assert "Reaches LinXia nowhere" in page(ticket)
    WecomApp.objects.update(is_active=True)
    person = make_customer(name="Ann")
    WecomPerson.objects.create(app=app, userid="Ann", user=person)
    assert "Goes to Ann by WeCom, by mail and in the portal." in page(
        make_ticket(requester=person, team=app.team, channel="wecom")
    )
    assert "Goes to Ann by mail and in the portal." in page(make_ticket(requester=person, team=app.team))


def test_the_form_and_the_test_button(wecom, client):
    client.force_login(make_administrator(language="en"))
    key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
    least = {
        "name": "A", "corp_id": wecom.corp, "token": "QDG6eK", "aes_key": key, "newcomers": "hold", "language": "en",
        "is_active": "on", "api_base": wecom.url, "agent_id": wecom.agent, "secret": wecom.secret,
    }  # fmt: skip
    for wrong in (
        {"secret": ""},
        {"api_base": "ftp://x"},
        {"api_base": wecom.url + "/cgi-bin"},
        {"api_base": "http://10.0.0.1"},
    ):
        assert client.post("/admin/intake/wecomapp/add/", least | wrong).status_code == 200
    assert client.post("/admin/intake/wecomapp/add/", {**least, "api_base": wecom.url + "/"}).status_code == 302
    app = WecomApp.objects.get()
    assert app.api_base == wecom.url and wecom.secret not in app.sealed_secret
    said = client.post(f"/desk/setup/wecom/{app.pk}/try/", follow=True).content.decode()
    assert "WeCom takes the secret of A." in said
    kept = least | {"token": "", "aes_key": "", "secret": ""}
    assert client.post(f"/admin/intake/wecomapp/{app.pk}/change/", kept).status_code == 302
    app.refresh_from_db()
    assert app.may_send
    for page in (f"/admin/intake/wecomapp/{app.pk}/change/", "/desk/setup/wecom/", "/desk/audit/"):
        assert wecom.secret not in client.get(page).content.decode()
    wecom.secret = "changed"
    said = client.post(f"/desk/setup/wecom/{app.pk}/try/", follow=True).content.decode()
    assert "40001: invalid credential" in said and "s3cret" not in said


def test_the_page_offers_no_address_of_who_has_none(hear, client):
    ticket = hear()
    client.force_login(colleague(ticket))
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "LinXia" in page and "stand-in.invalid" not in page
