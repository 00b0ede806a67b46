"""The chat: what a visitor begins, says and reads, who they are, and what a widget tells nobody."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from intake.chat import selectors, watching
from intake.chat.models import SECRET_LASTS, ChatConversation, ChatLine, ChatWidget
from intake.chat.origins import clean_origin
from intake.chat.presence import HERE, is_writing, look
from intake.chat.retention import prune
from intake.chat.services import Opening, begin, end, say
from intake.chat.watching import AWAY_AFTER, look_after
from intake.chat.widgets import renew_token, tag_of
from intake.models import Mailbox
from intake.tests.mails import a_mail, arrives
from outbox import clock
from outbox.delivery import run
from outbox.models import Delivery, Intent, MailboxMessage
from sla.models import Calendar
from tickets.models import Message, Ticket, TicketEvent
from tickets.presence import beat, leave
from tickets.selectors.mails import mails_of
from tickets.services import conversation as talk
from tickets.services.merging import merge_ticket
from tickets.services.moves import resolve_ticket
from tickets.services.splitting import split_ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
SECRET = "s" * 43
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Li Na")


@pytest.fixture
def widget(team):
    return ChatWidget.objects.create(name="Site", origins=["https://www.example.com"], team=team, language="en")


@pytest.fixture
def opened(widget, agent):
    """Begins a conversation with what is given on top of the least."""

    def make(**given):
        least = {
            "secret": SECRET,
            "name": "Ann",
            "words": "It stands\nsince noon",
            "key": uuid.uuid4(),
            "language": "en",
        }
        now = given.pop("now", None) or clock.now()
        return begin(opening=Opening(widget=widget, **{**least, **given}), now=now)

    return make


def _codes(ticket):
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("pk").values_list("code", flat=True))


class TestOrigins:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("https://www.example.com", "https://www.example.com"),
            (" HTTPS://WWW.Example.com/ ", "https://www.example.com"),
            ("https://www.example.com:443", "https://www.example.com"),
            ("https://www.example.com:8443", "https://www.example.com:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://例子.中国", "https://xn--fsqu00a.xn--fiqs8s"),
        ],
    )
    def test_is_kept_as_browsers_write_it(self, typed, kept):
        assert clean_origin(typed) == kept

    @pytest.mark.parametrize(
        "typed",
        [
            "", "*", "https://", "https://*", "https://*.example.com", "http://www.example.com", "https://a.example/path",
            "https://a.example?x", "https://a.example#x", "https://a@b.example", "ftp://a.example", "javascript:x",
            "https://a.example; script-src *", "https://a.example https://b.example", "https://a.example:99999",
            "'self'", "null", "https://a_b.example", "data:text/html,x", "https://-a.example",
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_site(self, typed):
        with pytest.raises(ValidationError):
            clean_origin(typed)

    def test_a_row_holds_nothing_else(self, widget):
        widget.origins = ["https://WWW.example.com"]
        with pytest.raises(ValidationError):
            widget.full_clean()


class TestBeginning:
    def test_is_a_ticket_of_a_person_of_its_own(self, opened, team, agent):
        known = make_customer(email="ann@example.org")
        chat = opened(email="ann@example.org")
        ticket = chat.ticket
        assert (ticket.channel, ticket.team, ticket.assignee, ticket.subject) == ("chat", team, agent, "It stands")
        assert chat.visitor != known and not chat.visitor.is_active and not chat.visitor.has_usable_password()
        assert chat.visitor.email.endswith("@stand-in.invalid") and chat.visitor.name == "Ann"
        assert chat.claimed_email == "ann@example.org"
        assert not Ticket.objects.visible_to(known).filter(pk=ticket.pk).exists()
        assert _codes(ticket)[0] == "ticket.created" and _codes(ticket)[-1] == "ticket.chat.started"
        assert ticket.clocks.exists()  # promised like every other

    def test_the_secret_is_kept_as_a_hash_alone(self, opened):
        chat = opened()
        row = ChatConversation.objects.values().get(pk=chat.pk)
        assert SECRET not in repr(row) and len(row["secret_hash"]) == 64

    def test_sent_again_it_is_the_same(self, opened):
        first, again = opened(), opened(words="Something else")
        assert first == again and Ticket.objects.count() == 1 and Message.objects.count() == 1
        assert User.objects.filter(email__startswith="chat-").count() == 1

    def test_no_mail_leaves_to_the_address_that_was_typed(self, opened, settings):
        settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"
        make_customer(email="ann@example.org")
        opened(email="ann@example.org")
        run()
        assert not MailboxMessage.objects.filter(to__contains="ann@example.org").exists()

    def test_a_secret_that_is_too_old_begins_nothing(self, opened):
        chat = opened()
        later = chat.began_at + SECRET_LASTS + timedelta(seconds=1)
        with pytest.raises(ValidationError) as refused:
            opened(now=later)
        assert refused.value.code == "gone"
        assert Ticket.objects.count() == 1


class TestSaying:
    def test_goes_into_the_conversation_of_the_ticket_once(self, opened, agent):
        chat, key = opened(), uuid.uuid4()
        talk.reply(ticket=chat.ticket, actor=agent, body="Which one?", status="pending")
        first = say(conversation=chat, words="The left one", key=key, now=clock.now())
        again = say(conversation=chat, words="The left one", key=key, now=clock.now())
        assert first == again and chat.ticket.messages.filter(kind="customer").count() == 2
        chat.ticket.refresh_from_db()
        assert (chat.ticket.status, first.channel, first.author) == ("open", "chat", chat.visitor)

    def test_whoever_reads_along_gets_no_mail_for_each_line(self, opened, agent):
        chat = opened()
        run()
        mails = Delivery.objects.filter(user=agent, channel="mail", intent__kind="ticket.customer_message")
        beat(ticket=chat.ticket, user=agent, writes="", now=clock.now())
        say(conversation=chat, words="Hello?", key=uuid.uuid4(), now=clock.now())
        run()
        assert not mails.exists()
        leave(ticket=chat.ticket, user=agent)
        say(conversation=chat, words="Anybody?", key=uuid.uuid4(), now=clock.now())
        run()
        assert mails.count() == 1
        told = Delivery.objects.filter(user=agent, channel="page", intent__kind="ticket.customer_message")
        assert told.count() == 2

    def test_reopens_what_was_solved(self, opened, agent):
        chat = opened()
        resolve_ticket(ticket=chat.ticket, actor=agent, cause="c", solution="Done", verification="customer")
        say(conversation=chat, words="Not at all", key=uuid.uuid4(), now=clock.now())
        chat.ticket.refresh_from_db()
        assert chat.ticket.status == "open"

    def test_long_after_closing_it_goes_on_in_a_ticket_of_its_own(self, opened, agent):
        chat = opened()
        long_ago = clock.now() - timedelta(days=20)
        Ticket.objects.filter(pk=chat.ticket_id).update(status="closed", closed_at=long_ago, resolved_at=long_ago)
        said = say(conversation=chat, words="Again", key=uuid.uuid4(), now=clock.now())
        chat.refresh_from_db()
        assert said.ticket == chat.ticket and chat.ticket.follow_up_of is not None
        assert [row.body for row in selectors.lines_of(conversation=chat)] == ["It stands\nsince noon", "Again"]

    def test_an_ended_chat_takes_nothing(self, opened):
        chat = opened()
        end(conversation=chat, now=clock.now())
        end(conversation=chat, now=clock.now())
        with pytest.raises(ValidationError) as refused:
            say(conversation=chat, words="Still there?", key=uuid.uuid4(), now=clock.now())
        assert refused.value.code == "ended" and _codes(chat.ticket).count("ticket.chat.ended") == 1

    def test_what_was_written_before_the_end_is_still_known(self, opened):
        chat, key = opened(), uuid.uuid4()
        first = say(conversation=chat, words="Thanks", key=key, now=clock.now())
        end(conversation=chat, now=clock.now())
        assert say(conversation=chat, words="Thanks", key=key, now=clock.now()) == first

    def test_ending_lets_a_reply_through_that_somebody_is_writing(self, opened, agent):
        chat = opened()
        revision = chat.ticket.revision
        end(conversation=chat, now=clock.now())
        talk.reply(ticket=chat.ticket, actor=agent, body="One moment", revision=revision)

    def test_files_are_checked_as_everywhere(self, opened, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        chat = opened()
        with pytest.raises(ValidationError):
            files = [SimpleUploadedFile("a.exe", b"MZ")]
            say(conversation=chat, words="Look", key=uuid.uuid4(), files=files, now=clock.now())
        assert not ChatLine.objects.filter(message__body="Look").exists()
        files = [SimpleUploadedFile("a.txt", b"words")]
        assert say(conversation=chat, words="Look", key=uuid.uuid4(), files=files, now=clock.now()).attachments.get()


class TestReading:
    def test_shows_what_was_said_to_the_visitor_and_no_note(self, opened, agent):
        chat = opened()
        talk.add_note(ticket=chat.ticket, actor=agent, body="He is angry")
        answer = talk.reply(ticket=chat.ticket, actor=agent, body="We look")
        lines = selectors.lines_of(conversation=chat)
        assert [row.body for row in lines] == ["It stands\nsince noon", "We look"]
        assert selectors.lines_of(conversation=chat, after=answer.pk) == []

    def test_shows_nothing_of_another_visitor(self, opened, agent):
        mine, other = opened(), opened(secret="t" * 43, words="Secret matter")
        talk.reply(ticket=other.ticket, actor=agent, body="For the other one")
        assert [row.body for row in selectors.lines_of(conversation=mine)] == ["It stands\nsince noon"]

    def test_a_ticket_of_another_customer_is_never_merged_in(self, opened, agent, team):
        chat = opened()
        other = make_ticket(team=team, requester=make_customer(), now=clock.now())
        with pytest.raises(ValidationError):
            merge_ticket(ticket=chat.ticket, into=other, actor=agent, words="Goes on there.")

    def test_what_was_split_off_is_told_once_and_its_answers_are(self, opened, agent):
        chat = opened()
        second = say(conversation=chat, words="And the invoice is wrong", key=uuid.uuid4(), now=clock.now())
        new = split_ticket(ticket=chat.ticket, messages=[second], subject="Invoice", actor=agent)
        talk.reply(ticket=new, actor=agent, body="About the invoice")
        bodies = [row.body for row in selectors.lines_of(conversation=chat)]
        assert bodies.count("And the invoice is wrong") == 1 and bodies[-1] == "About the invoice"

    def test_what_was_merged_goes_on_in_the_other_ticket(self, opened, agent):
        chat, now = opened(), clock.now()
        second = say(conversation=chat, words="And the invoice is wrong", key=uuid.uuid4(), now=now)
        new = split_ticket(ticket=chat.ticket, messages=[second], subject="Invoice", actor=agent)
        merge_ticket(ticket=chat.ticket, into=new, actor=agent, words="Both go on as one.")
        chat = ChatConversation.objects.get(pk=chat.pk)
        facts = selectors.facts_of(chat)
        assert (facts["state"], facts["number"]) == ("live", new.number)
        beat(ticket=new, user=agent, writes="public", now=now)
        assert selectors.somebody_writes(conversation=chat, now=now)
        end(conversation=chat, now=now)
        assert _codes(new)[-1] == "ticket.chat.ended"

    @pytest.mark.parametrize("secret", ["", "s", "x" * 43, "s" * 42, f"{SECRET} ", f"{SECRET}\n", "é" * 43])
    def test_another_secret_opens_nothing(self, opened, widget, secret):
        opened()
        assert selectors.conversation_by(widget=widget, secret=secret, now=clock.now()) is None

    def test_the_secret_opens_nothing_at_another_widget(self, opened):
        opened()
        other = ChatWidget.objects.create(name="Other")
        assert selectors.conversation_by(widget=other, secret=SECRET, now=clock.now()) is None

    def test_a_colleague_who_types_an_answer_is_seen_one_who_types_a_note_is_not(self, opened, agent):
        chat, now = opened(), clock.now()
        beat(ticket=chat.ticket, user=agent, writes="note", now=now)
        assert not selectors.somebody_writes(conversation=chat, now=now)
        beat(ticket=chat.ticket, user=agent, writes="public", now=now)
        assert selectors.somebody_writes(conversation=chat, now=now)


class TestBeingThere:
    def test_somebody_is_there_while_an_agent_has_room(self, widget, agent):
        now = clock.now()
        assert selectors.is_staffed(widget=widget, now=now)
        User.objects.filter(pk=agent.pk).update(capacity=0)
        assert not selectors.is_staffed(widget=widget, now=now)

    def test_nobody_off_duty_of_another_team_or_outside_the_hours(self, widget, agent):
        now = clock.now()
        widget.calendar = Calendar.objects.create(code="never", name="Never", weekly_hours={})
        assert not selectors.is_staffed(widget=widget, now=now)
        widget.calendar.weekly_hours = ALWAYS
        assert selectors.is_staffed(widget=widget, now=now)
        widget.calendar.weekly_hours = {"mon": [["nonsense"]]}
        assert not selectors.is_staffed(widget=widget, now=now)
        widget.calendar, widget.team = None, TeamFactory()
        assert not selectors.is_staffed(widget=widget, now=now)
        widget.team = None
        assert selectors.is_staffed(widget=widget, now=now)
        User.objects.filter(pk=agent.pk).update(on_duty=False)
        assert not selectors.is_staffed(widget=widget, now=now)

    def test_a_visitor_types_for_some_seconds(self, opened):
        chat, now = opened(), clock.now()
        look(conversation=chat, read=0, writes=True, gone=False, now=now)
        assert is_writing(chat, now=now) and not is_writing(chat, now=now + timedelta(seconds=9))
        look(conversation=chat, read=0, writes=False, gone=False, now=now)
        assert not is_writing(chat, now=now)

    def test_leaving_and_coming_back_is_on_record_once(self, opened):
        chat = opened()
        gone_at = chat.began_at + HERE
        assert look_after(now=gone_at + AWAY_AFTER)["left"] == 0
        later = gone_at + AWAY_AFTER + timedelta(seconds=1)
        assert (look_after(now=later)["left"], look_after(now=later)["left"]) == (1, 0)
        chat.refresh_from_db()
        assert chat.left_at == gone_at and not selectors.chat_of(ticket=chat.ticket, now=later).is_here
        look(conversation=chat, read=0, writes=False, gone=False, now=later)
        look(conversation=chat, read=0, writes=False, gone=False, now=later)
        chat.refresh_from_db()
        assert chat.left_at is None and selectors.chat_of(ticket=chat.ticket, now=later).is_here
        assert _codes(chat.ticket)[-2:] == ["ticket.chat.left", "ticket.chat.returned"]

    def test_a_page_that_says_goodbye_is_away_at_once(self, opened):
        chat, now = opened(), clock.now()
        look(conversation=chat, read=0, writes=False, gone=True, now=now)
        assert not selectors.chat_of(ticket=chat.ticket, now=now).is_here

    def test_who_ended_has_not_left_besides(self, opened):
        chat = opened()
        end(conversation=chat, now=chat.began_at)
        assert look_after(now=chat.began_at + timedelta(hours=1))["left"] == 0


class TestAnswersAfterLeaving:
    @pytest.fixture(autouse=True)
    def _mailbox(self, settings):
        settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"

    def _away(self, chat):
        return chat.began_at + HERE + AWAY_AFTER + timedelta(seconds=1)

    def test_go_to_the_address_with_our_words_alone_and_open_nothing(self, opened, agent):
        chat = opened(email="ann@example.org", words="BUY THIS NOW http://spam.example", name="Spammer")
        talk.reply(ticket=chat.ticket, actor=agent, body="Please restart it.")
        assert look_after(now=self._away(chat))["mailed"] == 1
        assert look_after(now=self._away(chat))["mailed"] == 0
        run(read_clock=lambda: self._away(chat))
        mail = MailboxMessage.objects.get(to__contains="ann@example.org")
        whole = mail.subject + mail.text + mail.html
        assert "Please restart it." in mail.text and "Please restart it." in mail.html and "Li Na" in mail.text
        assert "spam" not in whole.lower() and "BUY" not in whole and "/t/" not in whole
        assert chat.ticket.number in mail.subject
        answer = chat.ticket.messages.get(kind="public")
        assert [row.address for row in mails_of(ticket=chat.ticket, messages=[answer])[answer.pk]] == [
            "ann@example.org"
        ]

    def test_one_that_cannot_be_sent_holds_up_no_other(self, opened, agent, widget, monkeypatch):
        first, second = opened(email="ann@example.org"), opened(secret="b" * 43, email="ben@example.org")
        for chat in (first, second):
            talk.reply(ticket=chat.ticket, actor=agent, body="Please restart it.")
        real = watching._mail
        monkeypatch.setattr(watching, "_mail", lambda pk, now: 1 / 0 if pk == first.pk else real(pk, now))
        assert look_after(now=self._away(second))["mailed"] == 1

    def test_the_page_of_a_ticket_that_was_split_off_knows_the_chat_and_answers_there_keep_it_open(self, opened, agent):
        chat = opened()
        second = say(conversation=chat, words="And the invoice is wrong", key=uuid.uuid4(), now=clock.now())
        new = split_ticket(ticket=chat.ticket, messages=[second], subject="Invoice", actor=agent)
        assert selectors.chat_of(ticket=new, now=clock.now()).chat == chat
        later = chat.began_at + SECRET_LASTS + timedelta(days=1)
        assert chat not in ChatConversation.objects.lasting(now=later)
        talk.reply(ticket=new, actor=agent, body="About the invoice", now=later - timedelta(days=2))
        assert chat in ChatConversation.objects.lasting(now=later)

    def test_those_on_a_ticket_that_was_split_off_go_too_and_stand_there(self, opened, agent):
        make_administrator()  # hears that nobody has the new ticket, which stands before it in the order of the ticket
        chat = opened(email="ann@example.org")
        second = say(conversation=chat, words="And the invoice is wrong", key=uuid.uuid4(), now=clock.now())
        new = split_ticket(ticket=chat.ticket, messages=[second], subject="Invoice", actor=agent)
        answer = talk.reply(ticket=new, actor=agent, body="About the invoice")
        assert look_after(now=self._away(chat))["mailed"] == 1
        later = self._away(chat) + timedelta(hours=1)
        run(read_clock=lambda: later)
        mail = MailboxMessage.objects.get(to__contains="ann@example.org")
        assert "About the invoice" in mail.text and new.number in mail.subject
        assert [row.address for row in mails_of(ticket=new, messages=[answer])[answer.pk]] == ["ann@example.org"]

    def test_what_was_read_in_the_chat_is_not_sent(self, opened, agent):
        chat = opened(email="ann@example.org")
        answer = talk.reply(ticket=chat.ticket, actor=agent, body="Please restart it.")
        look(conversation=chat, read=answer.pk, writes=False, gone=False, now=chat.began_at)
        assert look_after(now=self._away(chat))["mailed"] == 0

    def test_of_two_windows_the_slower_one_does_not_take_back_what_the_other_read(self, opened, agent):
        chat = opened(email="ann@example.org")
        first, last = (talk.reply(ticket=chat.ticket, actor=agent, body=body).pk for body in ("One.", "Two."))
        slower = ChatConversation.objects.select_related("ticket", "visitor").get(pk=chat.pk)
        look(conversation=chat, read=last, writes=False, gone=False, now=chat.began_at)
        look(conversation=slower, read=first, writes=False, gone=False, now=chat.began_at)
        assert look_after(now=self._away(chat))["mailed"] == 0

    def test_nothing_goes_while_the_visitor_is_there_or_without_an_address(self, opened, agent):
        chat, other = opened(email="ann@example.org"), opened(secret="t" * 43)
        for one in (chat, other):
            talk.reply(ticket=one.ticket, actor=agent, body="Please restart it.")
        assert look_after(now=chat.began_at)["mailed"] == 0
        assert look_after(now=self._away(other))["mailed"] == 1
        assert Intent.objects.get(kind="chat.answered").payload["conversation"] == chat.pk

    def test_what_the_owner_of_the_address_answers_waits_until_somebody_lets_it_in(self, opened, agent):
        Mailbox.objects.create(address="support@yunfan.example", language="en")
        chat = opened(email="ann@example.org")
        talk.reply(ticket=chat.ticket, actor=agent, body="Please restart it.")
        look_after(now=self._away(chat))
        run(read_clock=lambda: self._away(chat))
        ours = Delivery.objects.get(address="ann@example.org")
        mail = arrives(a_mail(subject=f"Re: {chat.ticket.number}", text="I am Ann", answers=ours.message_id))
        assert (mail.state, mail.reason, mail.ticket) == ("held", "stranger", chat.ticket)
        assert len(selectors.lines_of(conversation=chat)) == 2

    def test_at_most_three_mails_an_hour_reach_one_address(self, opened, agent):
        for number in range(5):
            chat = opened(email="victim@example.org", secret=str(number) * 43)
            talk.reply(ticket=chat.ticket, actor=agent, body=f"Answer {number}")
        look_after(now=self._away(chat))
        run(read_clock=lambda: self._away(chat))
        assert MailboxMessage.objects.filter(to__contains="victim@example.org").count() == 3


class TestForgetting:
    def test_the_secret_goes_thirty_days_after_the_last_word_of_either_side(self, opened, agent, widget):
        chat = opened()
        later = chat.began_at + SECRET_LASTS + timedelta(days=1)
        answer = talk.reply(ticket=chat.ticket, actor=agent, body="At last")
        Message.objects.filter(pk=answer.pk).update(created_at=later - timedelta(days=2))
        assert prune(now=later) == {"secrets": 0}
        assert selectors.conversation_by(widget=widget, secret=SECRET, now=later) == chat
        much_later = later + SECRET_LASTS
        assert selectors.conversation_by(widget=widget, secret=SECRET, now=much_later) is None
        assert (prune(now=much_later), prune(now=much_later)) == ({"secrets": 1}, {"secrets": 0})
        chat.refresh_from_db()
        assert chat.secret_hash == "" and Message.objects.filter(ticket=chat.ticket).count() == 2


class TestWidgets:
    def test_a_new_token_ends_the_tag_before_and_no_conversation(self, widget, opened):
        chat, before = opened(), widget.token
        renew_token(widget=widget, actor=make_administrator())
        assert selectors.widget_by(before) is None and widget.token in tag_of(widget)
        assert selectors.conversation_by(widget=widget, secret=SECRET, now=clock.now()) == chat

    def test_of_two_who_renew_at_once_one_gets_what_the_other_made(self, widget):
        late = ChatWidget.objects.get(pk=widget.pk)
        renew_token(widget=widget, actor=make_administrator())
        renew_token(widget=late, actor=make_administrator())
        assert late.token == widget.token == ChatWidget.objects.get().token

    def test_only_administrators_renew(self, widget, agent):
        with pytest.raises(PermissionDenied):
            renew_token(widget=widget, actor=agent)
