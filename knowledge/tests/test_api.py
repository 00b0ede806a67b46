"""/api/v1/articles/"""

import pytest

from knowledge.tests.factories import draft, person, published

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/articles/"


def test_anonymous_callers_are_refused(client):
    assert client.get(ADDRESS).status_code == 401


def test_list_and_search_show_what_one_may_read(client):
    public, _internal, _draft = published(title="Printer jam"), published(visibility="internal"), draft()
    client.force_login(person("customer"))
    assert [row["id"] for row in client.get(ADDRESS).json()["results"]] == [public.pk]
    assert [row["id"] for row in client.get(ADDRESS, {"q": "printer"}).json()["results"]] == [public.pk]
    assert client.get(f"{ADDRESS}{_draft.pk}/").status_code == 404


def test_filters(client):
    article = published(tags=["VPN"])
    published()
    client.force_login(person("agent"))
    assert [row["id"] for row in client.get(ADDRESS, {"tag": "vpn"}).json()["results"]] == [article.pk]
    assert client.get(ADDRESS, {"state": "nope"}).status_code == 400


def test_a_draft_is_written_and_changed_with_the_version_that_was_read(client):
    client.force_login(person("agent"))
    given = {"title": "T", "problem": "P", "solution": "S", "language": "en", "tags": ["x"], "state": "published"}
    created = client.post(ADDRESS, given, content_type="application/json")
    assert created.status_code == 201, created.content
    row = created.json()
    assert (row["state"], row["version"], row["tags"]) == ("draft", 1, ["x"])
    address = f"{ADDRESS}{row['id']}/"
    changed = client.patch(address, {"base": 1, "solution": "S2"}, content_type="application/json")
    assert (changed.status_code, changed.json()["solution"], changed.json()["version"]) == (200, "S2", 2)
    stale = client.patch(address, {"base": 1, "solution": "S3"}, content_type="application/json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert client.patch(address, {"solution": "S3"}, content_type="application/json").status_code == 400


def test_customers_write_nothing(client):
    client.force_login(person("customer"))
    given = {"title": "T", "problem": "P", "solution": "S", "language": "en"}
    assert client.post(ADDRESS, given, content_type="application/json").status_code == 403
