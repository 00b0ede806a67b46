"""Bodies that are too large, without a length or sent too often are refused before anything reads them."""

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_agent, make_customer
from feedback.models import Survey
from feedback.services.surveys import survey_token
from outbox import bounds, clock
from tickets.services.links import answer_link, mint_status_link
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


@pytest.fixture
def pages():
    """Every address at which a stranger may send a form."""
    now = clock.now()
    team = TeamFactory()
    ticket = make_ticket(team=team, now=now)
    resolve_ticket(ticket=ticket, actor=make_agent(team), cause="c", solution="s", verification="customer", now=now)
    ticket.refresh_from_db()
    survey = Survey.objects.create(
        ticket=ticket, cycle=1, customer=ticket.requester, created_at=now, expires_at=now.replace(year=now.year + 1)
    )
    token = mint_status_link(ticket=ticket, user=ticket.requester, now=now).rstrip("/").rpartition("/")[2]
    answer = answer_link(ticket=ticket, cycle=ticket.cycle).rstrip("/").rpartition("/")[2]
    return {
        "form": reverse("intake:submit"),
        "link": reverse("portal:status_act", args=[token, "message"]),
        "answer": reverse("portal:answer", args=[answer]),
        "survey": reverse("feedback:survey", args=[survey_token(survey)]),
    }


@pytest.fixture
def unread(monkeypatch):
    """No body may be parsed any more. Called when the scene stands."""

    def start():
        def alarm(request):
            raise AssertionError("the body was read")

        monkeypatch.setattr(WSGIRequest, "_load_post_and_files", alarm)

    return start


def visitor(language: str = "en", **extra) -> Client:
    """A browser with a cookie but no mark in the form: the check against forged requests reads the form for it."""
    client = Client(enforce_csrf_checks=True, **extra)
    client.cookies["django_language"] = language
    client.cookies["csrftoken"] = "x" * 32
    return client


@pytest.mark.parametrize(("language", "word"), [("en", "kept in this browser"), ("zh-hans", 'lang="zh-hans"')])
def test_what_is_larger_than_all_files_is_refused_unread(pages, unread, settings, language, word):
    settings.ATTACHMENT_MAX_BYTES = MB
    most = 10 * MB + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    unread()
    client = visitor(language)
    for url in (pages["form"], pages["link"]):
        response = client.post(url, {"subject": "x"}, CONTENT_LENGTH=str(most + 1))
        assert response.status_code == 413 and word in response.content.decode()
        assert response["Cache-Control"] == "no-store"
        with pytest.raises(AssertionError, match="was read"):
            client.post(url, {"subject": "x"}, CONTENT_LENGTH=str(most))
    for url in (pages["answer"], pages["survey"], reverse("intake:grade")):  # take no files
        response = client.post(url, {"a": "x"}, CONTENT_LENGTH=str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
        assert response.status_code == 413
    problem = client.post(reverse("api-ticket-list"), {"a": "x"}, CONTENT_LENGTH=str(most + 1))
    assert (problem.status_code, problem.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["", "7"])
def test_chunks_are_no_way_round(pages, unread, length):
    unread()
    for url in (*pages.values(), reverse("api-ticket-list")):
        response = visitor().post(url, {"a": "x"}, HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH=length)
        assert response.status_code == 411


@pytest.mark.parametrize("which", ["form", "link", "answer", "survey"])
def test_invalid_forms_are_counted_and_then_refused_unread(pages, unread, monkeypatch, which):
    monkeypatch.setattr(bounds, "ATTEMPTS_AN_HOUR", 2)
    url = pages[which]
    client = Client()
    assert [client.post(url, {"answer": "maybe"}).status_code for _ in range(2)] == [422, 422]
    unread()
    refused = visitor().post(url, {"answer": "maybe"})
    assert refused.status_code == 429 and "kept in this browser" in refused.content.decode()
    assert 0 < int(refused["Retry-After"]) <= 3600
    with pytest.raises(AssertionError, match="was read"):  # somebody elsewhere is not held back
        visitor(REMOTE_ADDR="198.51.100.7").post(url, {"answer": "maybe"})
    assert client.get(url).status_code in (200, 405)  # looking is never counted


def test_a_signed_in_person_is_counted_apart_from_the_office(pages, monkeypatch):
    monkeypatch.setattr(bounds, "ATTEMPTS_AN_HOUR", 1)
    assert [Client().post(pages["form"]).status_code for _ in range(2)] == [422, 429]
    client = Client()
    client.force_login(make_customer(), backend="django.contrib.auth.backends.ModelBackend")
    assert [client.post(pages["form"]).status_code for _ in range(2)] == [422, 429]
