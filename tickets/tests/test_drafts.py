"""Words before they are said: kept, restored, taken back, sent once, and never over what came meanwhile."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.tests.factories import TeamFactory, make_agent
from knowledge.tests.factories import published
from outbox import clock
from outbox.models import Intent
from sla.models import Clock
from tickets.models import ArticleLink, Draft, Message
from tickets.services import conversation, drafts
from tickets.services.articles import article_address
from tickets.services.drafts import HOLD, Words
from tickets.services.moves import resolve_ticket
from tickets.services.retention import KEEP_DRAFTS, prune
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now())


@pytest.fixture
def say(ticket, agent):
    """Press «Send» in the open composer."""

    def post(client=None, **fields):
        shown = {"kind": "public", "body": "We look.", "draft": "1", "revision": ticket.revision, "seen": _last(ticket)}
        address = f"/desk/tickets/{ticket.number}/messages/"
        return (client or signed_in(agent)).post(address, shown | fields, headers=HTMX)

    return post


def _last(ticket):
    return ticket.messages.order_by("pk").last().pk


def typed(ticket, agent, body="Half a thought", **fields):
    words = Words(kind=fields.pop("kind", "public"), body=body, seen=fields.pop("seen", _last(ticket)), **fields)
    return drafts.save_draft(ticket=ticket, actor=agent, words=words, now=clock.now())


def public(ticket):
    return list(ticket.messages.filter(kind="public").values_list("body", flat=True))


def test_what_is_typed_is_found_on_another_device(ticket, agent):
    address = f"/desk/tickets/{ticket.number}/"
    fields = {"kind": "note", "body": "half a **thought**", "shareable": "on", "seen": _last(ticket)}
    assert signed_in(agent).post(f"{address}draft/", fields).json()["kept"]
    html = signed_in(agent).get(address).content.decode()
    assert "half a **thought**</textarea>" in html
    assert 'value="note" checked' in html
    assert public(ticket) == []


def test_nobody_else_sees_a_draft(ticket, agent, team):
    typed(ticket, agent, "my secret thought")
    assert (
        "my secret thought" not in signed_in(make_agent(team)).get(f"/desk/tickets/{ticket.number}/").content.decode()
    )


def test_the_later_save_wins_and_an_empty_one_forgets(ticket, agent):
    typed(ticket, agent, "first")
    typed(ticket, agent, "second")
    assert Draft.objects.get().body == "second"
    typed(ticket, agent, "  ")
    assert not Draft.objects.exists()


def test_a_draft_ends_where_the_message_begins(ticket, agent, say):
    typed(ticket, agent)
    say(kind="note", body="A note.")
    assert not Draft.objects.exists()
    assert ticket.messages.get(kind="note").body == "A note."


def test_a_refused_note_leaves_the_draft(ticket, agent, say):
    typed(ticket, agent)
    assert say(kind="note", body=" ").status_code == 422
    assert Draft.objects.get().body == "Half a thought"


def test_a_save_that_comes_after_the_sending_brings_nothing_back(ticket, agent, say):
    seen = _last(ticket)
    say(kind="note", body="A note, all of it.")
    assert typed(ticket, agent, "A note, all", seen=seen) is None
    assert not Draft.objects.exists()
    assert typed(ticket, agent, "Another thought", seen=seen) is not None


def test_a_draft_of_the_product_sent_as_it_is_leaves_ones_own(ticket, agent, say):
    typed(ticket, agent)
    say(draft="", body="This is how far it is.")
    assert public(ticket) == ["This is how far it is."]
    assert Draft.objects.get().body == "Half a thought"


def test_a_reply_waits_and_nothing_has_happened(ticket, agent, say):
    intents = Intent.objects.count()
    response = say()
    assert public(ticket) == []
    assert Intent.objects.count() == intents
    assert "Send now" in response.content.decode()
    assert "reply:held" in response.headers["HX-Trigger"]
    ticket.refresh_from_db()
    assert ticket.first_response_at is None
    waits = Draft.objects.get().sends_at - clock.now()
    assert timedelta(0) < waits <= HOLD


def test_undo_makes_it_a_draft_with_everything_it_had(ticket, agent, say):
    say(marks=["workaround"], status="pending", files=SimpleUploadedFile("trace.log", b"lines"))
    client, address = signed_in(agent), f"/desk/tickets/{ticket.number}/"
    html = client.post(f"{address}draft/take-back/", headers=HTMX).content.decode()
    assert "We look.</textarea>" in html
    assert "trace.log" in html
    assert 'value="workaround"' in html
    assert '<option value="pending" selected>' in html
    assert drafts.send_due(now=clock.now() + timedelta(hours=1)) == 0
    assert public(ticket) == []
    key = Draft.objects.get().files[0]["key"]
    say(kept_files=[key])
    drafts.send_now(ticket=ticket, actor=agent)
    assert ticket.messages.get(kind="public").attachments.get().name == "trace.log"


def test_a_file_that_is_left_out_after_undo_is_forgotten(ticket, agent, say, django_capture_on_commit_callbacks):
    say(files=SimpleUploadedFile("trace.log", b"lines"))
    drafts.take_back(ticket=ticket, actor=agent)
    key = Draft.objects.get().files[0]["key"]
    assert default_storage.exists(key)
    with django_capture_on_commit_callbacks(execute=True):
        say(kept_files=[])
    assert not default_storage.exists(key)


def test_the_worker_sends_what_is_due_once_and_the_clock_is_met_then(ticket, agent, say):
    say()
    assert drafts.send_due(now=clock.now()) == 0
    later = clock.now() + timedelta(seconds=12)
    assert drafts.send_due(now=later) == 1
    assert drafts.send_due(now=later) == 0
    assert public(ticket) == ["We look."]
    assert not Draft.objects.exists()
    met = Clock.objects.get(ticket=ticket, metric="first_response")
    assert (met.state, met.ended_at) == ("met", later)
    assert not drafts.take_back(ticket=ticket, actor=agent)


def test_page_and_worker_send_it_once(ticket, agent, say):
    say()
    client, address = signed_in(agent), f"/desk/tickets/{ticket.number}/draft/send/"
    client.post(address, headers=HTMX)
    client.post(address, headers=HTMX)
    drafts.send_due(now=clock.now() + timedelta(minutes=1))
    assert public(ticket) == ["We look."]


@pytest.mark.parametrize(("before_due", "waits"), [(61, True), (59, False), (0, False), (-5, True)])
def test_a_reply_leaves_at_once_when_a_promise_is_near(ticket, agent, before_due, waits):
    due = Clock.objects.get(ticket=ticket, metric="first_response").due_at
    words, now = Words(kind="public", body="We look."), due - timedelta(seconds=before_due)
    drafts.send(ticket=ticket, actor=agent, words=words, hold=True, now=now)
    assert public(ticket) == ([] if waits else ["We look."])
    assert Draft.objects.exists() == waits


def test_without_a_script_and_by_a_note_nothing_waits(ticket, agent, say):
    fields = {"kind": "public", "body": "We look.", "draft": "1"}
    signed_in(agent).post(f"/desk/tickets/{ticket.number}/messages/", fields)
    say(kind="note", body="Seen.")
    assert public(ticket) == ["We look."]
    assert ticket.messages.filter(kind="note").count() == 1
    assert not Draft.objects.exists()


def test_a_reply_to_a_ticket_that_changed_comes_back(ticket, agent, say):
    say(marks=["progress"])
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="It works again!")
    assert drafts.send_due(now=clock.now() + timedelta(minutes=1)) == 0
    assert public(ticket) == []
    draft = Draft.objects.get()
    assert (draft.returned, draft.sends_at, draft.body) == (True, None, "We look.")
    assert Intent.objects.filter(kind="ticket.reply_returned", payload__user=agent.pk).count() == 1
    html = signed_in(agent).get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "The ticket changed before your reply left." in html
    assert html.count("It works again!") == 2  # in the conversation, and beside the text
    ticket.refresh_from_db()
    say(body="Good to hear.", revision=ticket.revision)
    drafts.send_now(ticket=ticket, actor=agent)
    assert public(ticket) == ["Good to hear."]


def test_what_cannot_be_sent_is_refused_at_once(ticket, agent, say):
    assert say(status="on_hold").status_code == 422  # without a reason
    assert say(revision=ticket.revision + 7).status_code == 422
    assert not Draft.objects.exists()


def test_one_reply_is_on_its_way_at_a_time(ticket, agent, say):
    say()
    assert say(body="And another.").status_code == 422
    assert Draft.objects.get().body == "We look."
    assert typed(ticket, agent, "We lo").body == "We look."
    typed(ticket, agent, "")
    assert Draft.objects.get().sends_at is not None


def test_who_lost_the_ticket_sends_nothing(ticket, agent, say):
    say()
    agent.memberships.all().delete()
    assert drafts.send_due(now=clock.now() + timedelta(minutes=1)) == 0
    assert public(ticket) == []
    assert Draft.objects.get().returned


def test_a_resolved_ticket_takes_no_reply_that_was_on_its_way(ticket, agent, team, say):
    say()
    resolve_ticket(
        ticket=ticket, actor=make_agent(team), cause="Disk", solution="Larger", verification="test", proof="Tried"
    )
    drafts.send_due(now=clock.now() + timedelta(minutes=1))
    assert Draft.objects.get().returned


def test_one_that_cannot_be_sent_keeps_no_other_waiting(ticket, agent, team, say, monkeypatch):
    other = make_agent(team)
    say()
    say(signed_in(other), body="Me too.", kind="public")
    real = conversation.reply

    def breaks(**fields):
        if fields["actor"] == agent:
            raise RuntimeError("disk full")
        return real(**fields)

    monkeypatch.setattr(conversation, "reply", breaks)
    assert drafts.send_due(now=clock.now() + timedelta(minutes=1)) == 1
    assert public(ticket) == ["Me too."]
    assert Draft.objects.get().author == agent


def test_drafts_that_nobody_will_end_are_forgotten(ticket, agent, team):
    gone = make_agent(team)
    typed(ticket, gone)
    typed(ticket, agent)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    now = clock.now()
    assert prune(now=now)["drafts"] == 1
    assert Draft.objects.get().author == agent
    assert prune(now=now + KEEP_DRAFTS + timedelta(days=1))["drafts"] == 1
    assert not Draft.objects.exists()


def test_the_preview_is_what_the_message_will_be(ticket, agent):
    body = "**bold** <script>x</script>\n\n- one"
    shown = signed_in(agent).post(f"/desk/tickets/{ticket.number}/draft/preview/", {"body": body}).content.decode()
    message = conversation.add_note(ticket=ticket, actor=agent, body=body)
    from tickets.message_html import message_html

    assert shown == message_html(Message.objects.get(pk=message.pk))
    assert "<script" not in shown


def test_an_article_is_offered_to_customers_only_when_they_may_read_it(ticket, agent):
    published(agent, title="Kafka twice", visibility="public")
    published(agent, title="Kafka inside", visibility="internal")
    ask = f"/desk/tickets/{ticket.number}/draft/articles/?q=Kafka&kind="
    names = {
        kind: {row["label"] for row in signed_in(agent).get(ask + kind).json()["items"]} for kind in ("public", "note")
    }
    assert names == {"public": {"Kafka twice"}, "note": {"Kafka twice", "Kafka inside"}}


def test_an_article_whose_link_was_sent_was_used(ticket, agent):
    article = published(agent, title="Kafka twice")
    conversation.reply(ticket=ticket, actor=agent, body=f"See [Kafka twice]({article_address(article)}) and restart.")
    assert ArticleLink.objects.get(ticket=ticket).article == article
    assert ticket.events.filter(code="ticket.article.used").count() == 1
    conversation.reply(ticket=ticket, actor=agent, body=f"Again: {article_address(article)}")
    assert ticket.events.filter(code="ticket.article.used").count() == 1


def test_colleagues_are_offered_but_not_customers_nor_oneself(ticket, agent, team):
    make_agent(team, name="Zhao Min")
    ticket.requester.name = "Zhao Customer"
    ticket.requester.save()
    client = signed_in(agent)
    items = client.get(f"/desk/tickets/{ticket.number}/draft/colleagues/?q=zhao").json()["items"]
    assert [item["insert"] for item in items] == ["@Zhao Min "]
    everybody = client.get(f"/desk/tickets/{ticket.number}/draft/colleagues/").json()["items"]
    assert agent.name not in {item["label"] for item in everybody}


def test_after_sending_one_goes_where_one_went_before(ticket, agent, team, say):
    below = make_ticket(team=team, now=clock.now())
    client = signed_in(agent)
    response = say(client, kind="note", then="next", next=below.number, queue="/desk/?view=mine")
    assert response.headers["HX-Redirect"] == f"/desk/tickets/{below.number}/"
    agent.refresh_from_db()
    assert agent.after_send == "next"
    assert '<option value="next" selected>' in client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    end = say(client, kind="note", then="queue", queue="/desk/?view=mine", body="2")
    assert end.headers["HX-Redirect"] == "/desk/?view=mine"
    for elsewhere in ("//evil.example/", "https://evil.example/", "/portal/", ""):
        assert say(client, kind="note", then="queue", queue=elsewhere, body="3").headers["HX-Redirect"] == "/desk/"
    stranger = make_ticket(team=TeamFactory(), now=clock.now())
    assert say(client, kind="note", then="next", next=stranger.number, body="4").headers["HX-Redirect"] != (
        f"/desk/tickets/{stranger.number}/"
    )


def test_saving_and_offering_cost_the_same_however_much_there_is(ticket, agent, team, django_assert_max_num_queries):
    for n in range(30):
        make_agent(team, name=f"Zhao {n}")
        conversation.add_note(ticket=ticket, actor=agent, body=f"note {n}")
    client, fields = signed_in(agent), {"kind": "public", "body": "half", "seen": 0}
    client.post(f"/desk/tickets/{ticket.number}/draft/", fields)
    with django_assert_max_num_queries(14):
        client.post(f"/desk/tickets/{ticket.number}/draft/", fields | {"body": "half a"})
    with django_assert_max_num_queries(8):
        client.get(f"/desk/tickets/{ticket.number}/draft/colleagues/?q=zhao")
