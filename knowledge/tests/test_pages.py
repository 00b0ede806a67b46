"""Pages for readers and writers: who gets in, what they show, in both languages, with a constant number of queries."""

import pytest
from django.urls import reverse

from knowledge.models import Article
from knowledge.tests.factories import draft, person, published

pytestmark = pytest.mark.django_db
LANGUAGES = ["en", "zh-hans"]


def form(**fields) -> dict:
    return {
        "title": "Disk full", "problem": "No space left", "cause": "Logs", "solution": "Rotate them", "language": "en",
        "kind": "solution", "visibility": "public", "tag_names": "disk, Logs", **fields,
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_pages_in_both_languages(client, language):
    article = published(tags=["login"])
    client.cookies["django_language"] = language
    for address in (
        reverse("knowledge:home"),
        reverse("knowledge:home") + "?q=login",
        reverse("knowledge:home") + "?q=zzzzzz",
        reverse("knowledge:article", args=[article.slug]),
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert f'<html lang="{language}"' in response.content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_writers_pages_in_both_languages(client, language):
    lead = person("lead")
    lead.language = language
    lead.save(update_fields=["language"])
    client.force_login(lead)
    article = draft()
    for address in (
        reverse("knowledge:desk"),
        reverse("knowledge:desk") + "?state=draft&q=login",
        reverse("knowledge:new"),
        reverse("knowledge:edit", args=[article.pk]),
        reverse("knowledge:review", args=[article.pk]),
        reverse("knowledge:article", args=[article.slug]),
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert f'<html lang="{language}"' in response.content.decode()


def test_what_is_not_visible_is_not_found(client):
    hidden = [draft(), published(visibility="internal")]
    for role in (None, "customer"):
        if role:
            client.force_login(person(role))
        for article in hidden:
            assert client.get(reverse("knowledge:article", args=[article.slug])).status_code == 404
            assert client.post(reverse("knowledge:rate", args=[article.slug])).status_code == 404
        assert hidden[1].title not in client.get(reverse("knowledge:home")).content.decode()


@pytest.mark.parametrize("name", ["desk", "new", "preview", "edit", "review", "move"])
def test_the_desk_is_closed_to_customers(client, name):
    article = published()
    address = reverse(f"knowledge:{name}", args=[article.pk] if name in ("edit", "review", "move") else [])
    call = client.post if name in ("preview", "move") else client.get
    response = call(address)
    assert response.status_code == 302 and "login" in response.url
    client.force_login(person("customer"))
    assert call(address).status_code == 404


def test_another_agents_draft_is_not_found(client):
    article = draft()
    client.force_login(person("agent"))
    for name in ("edit", "review"):
        assert client.get(reverse(f"knowledge:{name}", args=[article.pk])).status_code == 404
    assert client.post(reverse("knowledge:move", args=[article.pk]), {"move": "submit"}).status_code == 404


def test_from_the_form_to_the_readers(client):
    agent, lead = person("agent"), person("lead")
    client.force_login(agent)
    client.post(reverse("knowledge:new"), form(then="submit"))
    article = Article.objects.get()
    assert (article.state, article.author) == ("in_review", agent)
    assert sorted(tag.name for tag in article.tags.all()) == ["Logs", "disk"]
    assert client.post(reverse("knowledge:move", args=[article.pk]), {"move": "publish"}).status_code == 404
    client.force_login(lead)
    assert "Disk full" in client.get(reverse("knowledge:desk")).content.decode()
    client.post(reverse("knowledge:move", args=[article.pk]), {"move": "publish", "reviewed": "1"})
    client.logout()
    page = client.get(reverse("knowledge:home"), {"q": "disk space"}).content.decode()
    assert "Disk full" in page


def test_a_form_with_errors_keeps_what_was_typed(client):
    client.force_login(person("agent"))
    response = client.post(reverse("knowledge:new"), form(title="", solution="Typed for an hour"))
    assert response.status_code == 422
    assert "Typed for an hour" in response.content.decode()
    assert not Article.objects.exists()


def test_a_conflict_shows_both_texts_and_writes_nothing(client):
    agent = person("agent")
    article = draft(agent)
    client.force_login(agent)
    address = reverse("knowledge:edit", args=[article.pk])
    client.post(address, form(base=1, solution="First."))
    response = client.post(address, form(base=1, solution="Second."))
    page = response.content.decode()
    assert response.status_code == 422
    assert "<del>First</del>" in page and "<ins>Second</ins>" in page and "Second." in page
    assert article.history.count() == 2
    client.post(address, form(base=2, solution="Second."))
    article.refresh_from_db()
    assert article.solution == "Second."


def test_nobody_assigns_what_the_form_does_not_offer(client):
    agent = person("agent")
    client.force_login(agent)
    client.post(reverse("knowledge:new"), form(state="published", author="1", helpful_count="99", then="publish"))
    article = Article.objects.get()
    assert (article.state, article.helpful_count, article.author, article.published_at) == ("draft", 0, agent, None)


def test_review_shows_what_changed(client):
    agent, lead = person("agent"), person("lead")
    article = published(agent)
    client.force_login(agent)
    client.post(
        reverse("knowledge:edit", args=[article.pk]), form(base=1, title=article.title, solution="Wait for it.")
    )
    client.force_login(lead)
    page = client.get(reverse("knowledge:review", args=[article.pk])).content.decode()
    assert "<del>Restart</del>" in page and "<ins>Wait for</ins>" in page
    response = client.post(reverse("knowledge:move", args=[article.pk]), {"move": "send_back", "reason": ""})
    assert response.status_code == 422
    article.refresh_from_db()
    assert article.proposed == 2


def test_preview_writes_nothing_and_is_clean(client):
    client.force_login(person("agent"))
    page = client.post(reverse("knowledge:preview"), {"solution": "**x** <script>alert(1)</script>"}).content.decode()
    assert "<strong>x</strong>" in page and "<script" not in page
    assert not Article.objects.exists()


def test_texts_of_articles_are_escaped_on_every_page(client):
    payload = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    lead = person("lead")
    article = published(lead, title=payload, problem=payload, cause=payload, solution=payload, tags=["<b>tag</b>"])
    client.force_login(lead)
    for address in (
        reverse("knowledge:home") + "?q=alert",
        reverse("knowledge:article", args=[article.slug]),
        reverse("knowledge:desk") + "?state=published",
        reverse("knowledge:review", args=[article.pk]),
        reverse("knowledge:edit", args=[article.pk]),
        reverse("knowledge:suggest") + "?text=script+alert",
    ):
        page = client.get(address).content.decode()
        assert "alert(1)" in page, address
        assert "<script>alert" not in page and "<img src=x" not in page and "<b>tag" not in page


def test_votes(client):
    article = published()
    address = reverse("knowledge:rate", args=[article.slug])
    assert client.get(address).status_code == 405
    assert client.post(address, {"helpful": "yes"}, headers={"HX-Request": "true"}).status_code == 200
    assert client.post(address, {"helpful": "yes"}).status_code == 302
    article.refresh_from_db()
    assert article.helpful_count == 1


def test_suggestions_while_typing(client):
    article = published(title="登录失败怎么办", problem="无法登录", language="zh-hans")
    address = reverse("knowledge:suggest")
    assert article.title in client.get(address, {"subject": "登录失败"}).content.decode()
    assert client.get(address, {"text": "登"}).content.decode().strip() == ""
    assert client.get(address, {"text": "\x00登录\x00失败", "module": "\x00"}).status_code == 200
    # What the form sends while somebody types a page of text; an address of this length would be refused.
    long = client.post(address, {"subject": "登录失败", "description": "点击登录后一直转圈。" * 1000})
    assert long.status_code == 200 and article.title in long.content.decode()


def test_suggestions_are_limited(client, monkeypatch):
    monkeypatch.setattr("knowledge.views.reading._SUGGESTIONS_A_MINUTE", 2)
    address = reverse("knowledge:suggest")
    # An address of its own: the count is per visitor and minute, and other tests come from 127.0.0.1.
    asked = [client.get(address, {"text": "login fails"}, REMOTE_ADDR="192.0.2.77") for _i in range(3)]
    answers = [answer.status_code for answer in asked]
    assert answers == [200, 200, 204]


def test_strange_parameters_are_no_error(client):
    published()
    for query in ("category=nope", "page=zzz", "version=%00", "q=%00%27", "language=xx", "tag=" + "x" * 99):
        assert client.get(reverse("knowledge:home") + "?" + query).status_code == 200, query
    client.force_login(person("lead"))
    for query in ("state=nope", "q=%00", "page=-1"):
        assert client.get(reverse("knowledge:desk") + "?" + query).status_code == 200, query
    inside = reverse("knowledge:review", args=[Article.objects.get().pk])
    assert client.get(inside + "?from=²&to=9999999999").status_code == 200
    for reviewed in ("²", "9" * 40, "-1"):
        assert client.post(inside + "move/", {"move": "publish", "reviewed": reviewed}).status_code == 302, reviewed


@pytest.mark.parametrize(
    ("name", "query", "role"),
    [
        ("home", "", None),
        ("home", "?q=login", None),
        ("desk", "?state=published", "lead"),
        ("desk", "?q=login&state=published", "lead"),
    ],
)
def test_lists_take_the_same_number_of_queries_however_long_they_are(
    client, django_assert_num_queries, name, query, role
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    if role:
        client.force_login(person(role))
    address = reverse(f"knowledge:{name}") + query
    published(tags=["a", "b"])
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for i in range(6):
        published(tags=["a", f"t{i}"])
    with django_assert_num_queries(len(one)):
        client.get(address)
