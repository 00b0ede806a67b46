"""Known incidents: told once to everybody, followed by whom they concern, never rewritten."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from rest_framework.test import APIClient

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from catalog.models import Module, Product
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from tickets.models import Incident, IncidentFollower, IncidentNews, TicketEvent
from tickets.selectors.incidents import open_incidents, over_incidents
from tickets.services.incidents import follow_incident, open_incident, tell_news, unfollow_incident
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TOLD = {"name": "登录失败", "name_en": "Sign-in fails", "text": "我们正在处理。", "text_en": "We work on it."}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def lead(team):
    return make_lead(team)


@pytest.fixture
def incident(lead):
    return open_incident(**TOLD, actor=lead, now=MONDAY)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def test_everybody_reads_it_on_the_home_page_and_above_the_form(client, incident):
    client.cookies["django_language"] = "en"
    for name in ("home", "intake:submit", "portal:incidents"):
        page = client.get(reverse(name)).content.decode()
        assert "Sign-in fails" in page and "We work on it." in page, name
    client.cookies["django_language"] = "zh-hans"
    assert "登录失败" in client.get(reverse("home")).content.decode()


def test_without_english_words_english_readers_get_the_chinese_ones(lead):
    told = open_incident(name="登录失败", text="处理中", actor=lead, now=MONDAY)
    with translation.override("en"):
        assert told.label == "登录失败" and told.news.get().words == "处理中"


def test_what_is_over_leaves_the_home_page_and_stays_on_its_own(client, incident, lead):
    tell_news(incident=incident, state="over", text="好了", actor=lead, now=MONDAY + HOUR)
    incident.refresh_from_db()
    assert incident.ended_at == MONDAY + HOUR
    assert not open_incidents() and list(over_incidents(now=MONDAY + 2 * HOUR)) == [incident]
    assert not over_incidents(now=MONDAY + timedelta(days=200))
    assert incident.label not in client.get(reverse("home")).content.decode()
    assert client.get(reverse("portal:incident", args=[incident.pk])).status_code == 200


def test_an_incident_that_is_over_is_told_no_further(incident, lead):
    tell_news(incident=incident, state="over", text="好了", actor=lead, now=MONDAY)
    with pytest.raises(ValidationError) as refused:
        tell_news(incident=incident, state="monitoring", text="又来了", actor=lead, now=MONDAY)
    assert refused.value.code == "over" and incident.news.count() == 2


@pytest.mark.parametrize("wrong", [{"name": " "}, {"text": " "}, {"state": "over"}])
def test_what_says_nothing_is_not_told(lead, wrong):
    with pytest.raises(ValidationError) as refused:
        open_incident(**(TOLD | wrong), actor=lead, now=MONDAY)
    assert list(refused.value.error_dict) == list(wrong)


def test_news_are_never_rewritten(incident):
    with pytest.raises(DatabaseError), transaction.atomic():
        IncidentNews.objects.update(text="something else")


def test_followers_hear_the_news_and_who_stopped_does_not(incident, lead):
    follower, former = make_customer(), make_customer()
    for user in (follower, former, follower):
        follow_incident(incident=incident, user=user, now=MONDAY)
    unfollow_incident(incident=incident, user=former)
    assert IncidentFollower.objects.count() == 1
    tell_news(incident=incident, state="identified", text="找到原因", actor=lead, now=MONDAY)
    intent = Intent.objects.get(kind="incident.news")
    resolve_due(now=MONDAY)
    assert set(Delivery.objects.filter(intent=intent).values_list("user", flat=True)) == {follower.pk}


def test_the_ticket_where_it_is_worked_on_says_so_and_customers_do_not_see_it(client, team, lead):
    ticket = make_ticket(team=team, now=MONDAY)
    told = open_incident(**TOLD, ticket=ticket, actor=lead, now=MONDAY)
    assert TicketEvent.objects.filter(ticket=ticket, code="incident.told").get().data["incident"] == told.pk
    assert ticket.number not in client.get(reverse("portal:incident", args=[told.pk])).content.decode()
    timeline = signed_in(lead).get(reverse("workspace:timeline", args=[ticket.number])).content.decode()
    assert "told customers about a known incident: we look for the cause" in timeline


def test_a_lead_announces_it_from_a_ticket(team, lead):
    product = Product.objects.create(code="p", name="产品")
    module = Module.objects.create(product=product, code="m", name="模块")
    ticket = make_ticket(team=team, module=module, subject="Nobody can sign in", now=MONDAY)
    address = f"{reverse('workspace:incident_new')}?ticket={ticket.number}"
    client = signed_in(lead)
    assert "Nobody can sign in" in client.get(address).content.decode()
    refused = client.post(address, {"name": "x", "state": "investigating", "text": "", "modules": [module.pk]})
    assert refused.status_code == 422 and not Incident.objects.exists()
    client.post(address, {"name": "x", "state": "investigating", "text": "y", "modules": [module.pk]})
    told = Incident.objects.get()
    assert told.ticket == ticket and list(told.modules.all()) == [module]
    inside = reverse("workspace:incident", args=[told.pk])
    assert ticket.number in client.get(inside).content.decode()
    client.post(inside, {"state": "over", "text": "mended"})
    told.refresh_from_db()
    assert told.is_over
    assert client.post(inside, {"state": "over", "text": "again"}).status_code == 422


def test_agents_do_not_speak_for_the_house(team):
    client = signed_in(make_agent(team))
    assert client.get(reverse("workspace:incidents")).status_code == 404
    assert client.get(reverse("workspace:incident_new")).status_code == 404


def test_a_customer_follows_by_one_button_and_stops_by_another(incident):
    customer = make_customer()
    client = signed_in(customer)
    client.post(reverse("portal:incident_follow", args=[incident.pk]))
    assert "Tell me no more" in client.get(reverse("portal:incident", args=[incident.pk])).content.decode()
    client.post(reverse("portal:incident_follow", args=[incident.pk]), {"stop": "1"})
    assert not IncidentFollower.objects.exists()


def test_the_home_page_asks_as_often_for_three_as_for_one(client, incident, lead, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("home"))
    for number in range(5):
        open_incident(**(TOLD | {"name": f"N{number}"}), actor=lead, now=MONDAY + number * HOUR)
    with django_assert_num_queries(len(one)):
        assert len(client.get(reverse("home")).context["incidents"]) == 3


def test_programs_read_what_is_open(incident, lead):
    over = open_incident(**TOLD, actor=lead, now=MONDAY)
    tell_news(incident=over, state="over", text="好了", actor=lead, now=MONDAY)
    client = APIClient()
    client.force_login(make_customer())
    found = client.get("/api/v1/incidents/?open=true", HTTP_ACCEPT_LANGUAGE="en").json()["results"]
    assert [(row["name"], row["news"][0]["text"]) for row in found] == [("Sign-in fails", "We work on it.")]
