"""What people want to hear: by kind, as a whole, what cannot be switched off; and leaving with one click."""

import re
from datetime import time

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from outbox import clock, delivery, registry, unsubscribing
from outbox.mail_models import DigestLine, MailHabit, Preference
from outbox.models import Delivery, Intent
from outbox.preferences import Choice, Choices, matrix, save_choices
from tickets.services import assigning, conversation, moves
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def lead(team):
    return make_lead(team)


@pytest.fixture
def agent(team, lead):
    return make_agent(team)


def choose(person, **given):
    save_choices(actor=person, now=clock.now(), **given)


def told(person, kind: str) -> list[str]:
    """By which channels ``person`` heard of ``kind``."""
    delivery.run()
    rows = Delivery.objects.filter(user=person, intent__kind=kind).order_by("channel")
    return list(rows.values_list("channel", flat=True))


def assign(agent, severity="B"):
    assigning.assign(ticket=make_ticket(team=agent.grants[0].team, severity=severity), actor=agent, assignee=agent)


@pytest.mark.parametrize(
    ("choice", "severity", "channels", "lines"),
    [
        (Choice(), "B", ["mail", "page"], 0),
        (Choice("off"), "B", ["page"], 0),
        (Choice("now", False), "B", ["mail"], 0),
        (Choice("off", False), "B", [], 0),
        (Choice("digest"), "B", ["page"], 1),
        (Choice("digest"), "S", ["mail", "page"], 0),  # what wakes a sleeper waits for no morning
        (Choice("off"), "S", ["page"], 0),
    ],
)
def test_a_colleague_hears_of_a_kind_as_chosen(choice, severity, channels, lines, agent, lead):
    choose(agent, kinds={"ticket.mentioned": choice})
    ticket = make_ticket(team=agent.grants[0].team, severity=severity)
    conversation.add_note(ticket=ticket, actor=lead, body=f"look, @{agent.name}")
    assert told(agent, "ticket.mentioned") == channels
    assert DigestLine.objects.filter(user=agent).count() == lines


def test_everything_that_is_not_urgent_goes_into_the_digest_unless_a_kind_says_otherwise(agent, lead):
    choose(agent, digest="all", kinds={"ticket.called_in": Choice("now")})
    ticket = make_ticket(team=agent.grants[0].team)
    conversation.add_note(ticket=ticket, actor=lead, body=f"look, @{agent.name}")
    assert told(agent, "ticket.mentioned") == ["page"] and DigestLine.objects.filter(user=agent).exists()
    assert {row.kind: row.choice.mail for row in matrix(agent)}["ticket.called_in"] == "now"


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("ticket.escalated", Choice("off")),
        ("ticket.escalated", Choice("digest")),
        ("ticket.escalated", Choice("now", False)),
        ("ticket.unassigned", Choice("off")),
        ("ticket.urged", Choice("now", False)),  # somebody has to hear of it: the line stays
        ("account.security", Choice("off")),
        ("ticket.reply", Choice("off")),
        ("outbox.digest", Choice("off")),
        ("nobody.knows", Choice()),
        ("ticket.mentioned", Choice("pigeon")),
    ],
)
def test_what_cannot_be_switched_off_is_refused_and_nothing_is_kept(kind, choice, lead):
    with pytest.raises(ValidationError):
        choose(lead, kinds={kind: choice})
    assert not Preference.objects.exists() and not MailHabit.objects.exists()


def test_a_row_that_was_forged_silences_no_escalation(lead):
    for kind in ("ticket.escalated", "ticket.unassigned"):
        Preference.objects.create(user=lead, kind=kind, mail="off", page=False)
        people = [registry.Recipient.of(lead)]
        assert Choices().narrow(registry.get(kind), Intent(kind=kind), people) == (people, [])


@pytest.mark.parametrize("marks", [[], ["progress"], ["progress", "workaround"]])
@pytest.mark.parametrize("hears", ["all", "answers"])
def test_a_customer_hears_everything_or_answers_and_decisions(hears, marks, agent, team):
    customer = make_customer()
    choose(customer, hears=hears)
    ticket = make_ticket(team=team, requester=customer)
    assert told(customer, "ticket.acknowledged") == ["mail", "page"]
    conversation.reply(ticket=ticket, actor=agent, body="Here it is.", marks=marks)
    only_progress = hears == "answers" and marks == ["progress"]
    assert told(customer, "ticket.reply") == (["page"] if only_progress else ["mail", "page"])
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    assert told(customer, "ticket.resolved") == ["mail", "page"]


def test_what_a_whole_round_of_people_chose_is_read_at_once(team, lead, django_assert_max_num_queries):
    agents = [make_agent(team) for _each in range(12)]
    ticket = make_ticket(team=team)
    delivery.run()
    choose(agents[0], kinds={"ticket.mentioned": Choice("off")})
    names = " ".join(f"@{one.name}" for one in agents[:2])
    conversation.add_note(ticket=ticket, actor=lead, body=names)
    notice = registry.get("ticket.mentioned")
    people = [registry.Recipient.of(one) for one in agents]
    choices, intent = Choices(), Intent.objects.filter(kind="ticket.mentioned").first()
    with django_assert_max_num_queries(2):
        narrowed, _later = choices.narrow(notice, intent, people)
        choices.narrow(notice, intent, people)
    assert [one.channels for one in narrowed] == [("page",)] + [("mail", "page")] * 11


class TestPage:
    def test_a_colleague_sees_what_is_locked_and_why_and_saves_the_rest(self, client, lead):
        client.force_login(lead)
        page = client.get(reverse("profile-notifications"))
        assert "the next rung is told only when you were" in page.content.decode()
        form = page.context["form"]
        assert "mail:ticket.escalated" not in form.fields and "page:ticket.escalated" not in form.fields
        data = {"hears": "all", "digest": "chosen", "digest_at": "07:15"}
        data |= {name: field.initial for name, field in form.fields.items() if ":" in name and field.initial}
        data |= {"mail:ticket.mentioned": "digest"}
        del data["page:ticket.watching"]
        assert client.post(reverse("profile-notifications"), data).status_code == 302
        kept = {row.kind: (row.mail, row.page) for row in Preference.objects.filter(user=lead)}
        assert kept == {"ticket.mentioned": ("digest", True), "ticket.watching": ("now", False)}
        assert lead.mail_habit.digest_at == time(7, 15)

    def test_a_customer_has_one_plain_choice(self, client):
        customer = make_customer()
        client.force_login(customer)
        page = client.get(reverse("profile-notifications")).content.decode()
        assert "only answers and decisions" in page and "Kind by kind" not in page
        assert client.post(reverse("profile-notifications"), {"hears": "answers"}).status_code == 302
        assert customer.mail_habit.hears == "answers"
        off = Preference.objects.filter(user=customer).values_list("kind", "mail")
        assert set(off) == {("feedback.survey", "off"), ("incident.news", "off")}  # their boxes were left empty


class TestApi:
    ADDRESS = "/api/v1/me/notifications/"

    def test_choices_are_read_and_changed_one_by_one(self, client, agent):
        client.force_login(agent)
        before = client.get(self.ADDRESS).json()
        assert (before["hears"], before["digest"], before["digest_at"]) == ("all", "chosen", "08:30")
        wanted = {"digest": "all", "kinds": [{"kind": "ticket.mentioned", "mail": "off"}]}
        after = client.patch(self.ADDRESS, wanted, content_type="application/json").json()
        kinds = {one["kind"]: one for one in after["kinds"]}
        assert after["digest"] == "all" and kinds["ticket.mentioned"]["mail"] == "off"
        assert kinds["ticket.mentioned"]["page"] and kinds["ticket.escalated"]["mail_locked"]

    def test_what_is_locked_is_refused_with_its_reason(self, client, lead):
        client.force_login(lead)
        wanted = {"kinds": [{"kind": "ticket.escalated", "mail": "off"}]}
        refused = client.patch(self.ADDRESS, wanted, content_type="application/json")
        assert refused.status_code == 400 and "ladder" in refused.content.decode()


class TestLeaving:
    def link(self, person, kind="feedback.survey"):
        return unsubscribing.link(user_id=person.pk, kind=kind)

    def test_a_get_shows_and_a_post_acts_without_cookies_as_mail_programs_send_it(self):
        customer = make_customer()
        address = re.sub(r"^https?://[^/]+", "", self.link(customer))
        program = Client(enforce_csrf_checks=True)
        assert program.get(address).status_code == 200 and not Preference.objects.exists()
        sent = program.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert sent.status_code == 200
        assert Preference.objects.get(user=customer).mail == "off"
        assert "no-store" in sent["Cache-Control"] and sent["Referrer-Policy"] == "same-origin"
        program.post(address, {"again": "1"})
        assert Preference.objects.get(user=customer).mail == "now"

    def test_leaving_the_digest_leaves_its_lines_in_the_page(self, agent, lead):
        choose(agent, digest="all")
        ticket = make_ticket(team=agent.grants[0].team)
        conversation.add_note(ticket=ticket, actor=lead, body=f"@{agent.name}")
        delivery.run()
        unsubscribing.leave(unsubscribing.open_link(self.link(agent, "outbox.digest").split("/")[-2]), now=clock.now())
        assert MailHabit.objects.get(user=agent).digest == "never"
        assert not DigestLine.objects.filter(user=agent).exists()
        assert told(agent, "ticket.mentioned") == ["page"]

    @pytest.mark.parametrize("kind", ["ticket.escalated", "account.security", "ticket.reply", "nobody.knows"])
    def test_nothing_else_can_be_left_by_a_link(self, kind):
        assert unsubscribing.open_link(self.link(make_customer(), kind).split("/")[-2]) is None

    def test_a_link_names_one_person_ends_and_cannot_be_made_up(self, monkeypatch):
        customer = make_customer()
        token = self.link(customer).split("/")[-2]
        assert unsubscribing.open_link(token).user == customer
        assert unsubscribing.open_link(token[:-1] + ("a" if token[-1] != "a" else "b")) is None
        monkeypatch.setattr(unsubscribing, "LINK_AGE", -1)
        assert unsubscribing.open_link(token) is None

    def test_an_answer_comes_whatever_a_row_says(self, team, lead, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        customer = make_customer()
        Preference.objects.create(user=customer, kind="ticket.reply", mail="off")  # forged: answers come in any case
        ticket = make_ticket(team=team, requester=customer)
        conversation.reply(ticket=ticket, actor=make_agent(team), body="Here it is.")
        assert told(customer, "ticket.reply") == ["mail", "page"]
        assert any(sent.to == [customer.email] for sent in mail.outbox)
