"""The administrator's own questions: kept by kind, asked by category, needed to resolve, shown and told."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from rest_framework.test import APIClient

from accounts.tests.factories import TeamFactory, make_agent, make_customer
from catalog.models import Category, CustomField
from tickets import custom
from tickets.models import Ticket, TicketEvent
from tickets.services.moves import resolve_ticket
from tickets.services.properties import set_properties
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
PRODUCTION, TEST = {"name": "生产", "name_en": "Production"}, {"name": "测试", "name_en": "Test"}
FOUND = {"cause": "c", "solution": "s", "verification": "customer"}


@pytest.fixture
def category():
    return Category.objects.create(code="network", name="网络", name_en="Network")


@pytest.fixture
def agent():
    return make_agent(TeamFactory())


@pytest.fixture
def ticket(agent, category):
    return make_ticket(team=agent.memberships.first().team, assignee=agent, category=category, now=MONDAY)


def field(code="site", kind="text", **more) -> CustomField:
    return CustomField.objects.create(code=code, kind=kind, name="站点", name_en="Site", **more)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", " Hall 3 ", "Hall 3"),
        ("text", "", None),
        ("number", "12.5", 12.5),
        ("number", 0, 0.0),
        ("date", "2026-11-25", "2026-11-25"),
        ("boolean", False, False),
        ("choice", "生产", "生产"),
        ("choice", None, None),
    ],
)
def test_an_answer_is_kept_by_its_kind(kind, given, kept):
    row = field(kind=kind, choices="生产|Production\n测试" if kind == "choice" else "")
    assert custom.cleaned({"site": given}, [row]) == {"site": kept}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("number", "many"),
        ("number", "nan"),
        ("number", 1e300),
        ("number", True),
        ("date", "25.11.2026"),
        ("date", "2026-02-30"),
        ("choice", "Production"),
        ("boolean", "yes"),
        ("text", "x" * 1001),
        ("text", ["a"]),
        ("text", {"a": 1}),
    ],
)
def test_what_is_no_answer_is_refused_beside_its_field(kind, given):
    row = field(kind=kind, choices="生产|Production" if kind == "choice" else "")
    with pytest.raises(ValidationError) as refused:
        custom.cleaned({"site": given}, [row])
    assert list(refused.value.error_dict) == ["custom_site"]


def test_answers_read_in_the_readers_language():
    rows = [
        field("env", "choice", choices="生产|Production\n测试"),
        field("day", "date", position=1),
        field("sure", "boolean", position=2),
        field("load", "number", position=3),
    ]
    answers = {"env": "生产", "day": "2026-11-25", "sure": True, "load": 12.5}
    with translation.override("en"):
        assert [text for _label, text in custom.shown(answers, rows)][::2] == ["Production", "yes"]
    with translation.override("zh-hans"):
        assert custom.shown({"env": "测试", "gone": 1}, rows) == [("站点", "测试")]
    assert custom.words(rows[0], "取消了的选项") == "取消了的选项"


@pytest.mark.parametrize(("kind", "choices"), [("choice", ""), ("text", "a"), ("colour", "")])
def test_the_database_refuses_a_field_that_makes_no_sense(kind, choices):
    with pytest.raises(IntegrityError), transaction.atomic():
        field(kind=kind, choices=choices)


def test_only_fields_of_the_category_and_of_all_are_there(category):
    other = Category.objects.create(code="other", name="其他")
    everywhere, own = field("a"), field("b", category=category)
    field("c", category=other)
    field("d", is_active=False)
    assert custom.fields_of(category) == [everywhere, own]
    assert custom.fields_of(None) == [everywhere]
    assert custom.fields_of(category, asked=True) == []


def test_a_change_is_one_event_from_what_to_what(ticket, agent, category):
    field("env", "choice", choices="生产|Production\n测试|Test", category=category)
    set_properties(ticket=ticket, actor=agent, custom={"env": "生产"}, now=MONDAY)
    set_properties(ticket=ticket, actor=agent, custom={"env": "生产"}, now=MONDAY)
    set_properties(ticket=ticket, actor=agent, custom={"env": "测试"}, now=MONDAY)
    set_properties(ticket=ticket, actor=agent, custom={"env": None}, now=MONDAY)
    ticket.refresh_from_db()
    assert ticket.custom == {}
    changes = [event.data["changes"][0] for event in TicketEvent.objects.filter(code="ticket.properties")]
    assert [(row["source"], row["target"]) for row in changes] == [
        (None, PRODUCTION),
        (PRODUCTION, TEST),
        (TEST, None),
    ]
    page = signed_in(agent).get(reverse("workspace:timeline", args=[ticket.number])).content.decode()
    assert "Site: Production → Test" in page


def test_the_dialog_shows_the_fields_and_keeps_what_a_colleague_changed_meanwhile(ticket, agent):
    field("a")
    field("b", position=1)
    client, address = signed_in(agent), reverse("workspace:properties", args=[ticket.number])
    assert 'name="custom_a"' in client.get(address).content.decode()
    set_properties(ticket=ticket, actor=agent, custom={"b": "theirs"}, now=MONDAY)
    untouched = {"category": ticket.category_id, "initial-category": ticket.category_id}
    client.post(
        address, untouched | {"custom_a": "mine", "initial-custom_a": "", "custom_b": "", "initial-custom_b": ""}
    )
    ticket.refresh_from_db()
    assert ticket.custom == {"a": "mine", "b": "theirs"}
    assert "theirs" in client.get(reverse("workspace:ticket", args=[ticket.number])).content.decode()
    wrong = client.post(address, untouched | {"custom_a": "x" * 1001})
    assert wrong.status_code == 422 and "custom_a" in wrong.context["form"].errors


def test_a_needed_answer_is_asked_for_when_the_ticket_is_resolved(ticket, agent):
    field("a", is_needed=True)
    with pytest.raises(ValidationError) as refused:
        resolve_ticket(ticket=ticket, actor=agent, **FOUND)
    assert list(refused.value.error_dict) == ["custom_a"]
    ticket.refresh_from_db()
    assert ticket.is_unresolved and not ticket.resolutions.exists()
    client, address = signed_in(agent), reverse("workspace:resolve", args=[ticket.number])
    assert 'name="custom_a"' in client.get(address).content.decode()
    assert client.post(address, FOUND).status_code == 422
    client.post(address, FOUND | {"custom_a": "Hall 3"})
    ticket.refresh_from_db()
    assert ticket.status == "resolved" and ticket.custom == {"a": "Hall 3"}


def test_customers_are_asked_what_the_category_asks(client, category):
    field("a", category=category, asks_customer=True)
    field("inside", category=category)
    address = reverse("intake:questions")
    assert 'name="custom_a"' in client.get(address, {"category": "network"}).content.decode()
    assert "custom_inside" not in client.get(address, {"category": "network"}).content.decode()
    assert "custom_a" not in client.get(address, {"category": "nonsense"}).content.decode()
    person = signed_in(make_customer())
    sent = {"subject": "No network", "description": "Since today.", "category": "network", "custom_a": "Hall 3"}
    person.post(reverse("intake:submit"), sent)
    assert Ticket.objects.get().custom == {"a": "Hall 3"}


def test_a_refused_form_keeps_the_answers(category):
    field("a", "number", category=category, asks_customer=True)
    page = signed_in(make_customer()).post(
        reverse("intake:submit"), {"subject": "x", "description": "y", "category": "network", "custom_a": "many"}
    )
    assert page.status_code == 422 and 'value="many"' in page.content.decode()


def test_programs_answer_them_too_and_read_them(category):
    field("a", "number", category=category, asks_customer=True)
    field("inside", category=category)
    client, customer = APIClient(), make_customer()
    client.force_login(customer)
    said = {
        "subject": "No network",
        "description": "Since today.",
        "category": "network",
        "requester": {"email": customer.email},
    }
    refused = client.post("/api/v1/tickets/", said | {"custom": {"a": "many"}}, format="json")
    assert refused.status_code == 400
    assert client.post("/api/v1/tickets/", said | {"custom": {"inside": "x"}}, format="json").status_code == 400
    made = client.post("/api/v1/tickets/", said | {"custom": {"a": 3}}, format="json").json()
    Ticket.objects.update(custom={"a": 3, "inside": "x"})
    assert client.get(f"/api/v1/tickets/{made['number']}/").json()["custom"] == {"a": 3}
