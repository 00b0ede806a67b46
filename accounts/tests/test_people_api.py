"""`/users/`, `/teams/`, `/organizations/`: who sees whom, and that nothing can be written through them."""

import pytest

from accounts.models import Membership, User
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    UserFactory,
    give_role,
    make_administrator,
    make_agent,
    make_customer,
)

pytestmark = pytest.mark.django_db

ROUTES = ["/api/v1/users/", "/api/v1/teams/", "/api/v1/organizations/"]


def ids(answer):
    assert answer.status_code == 200
    return {row["id"] for row in answer.json()["results"]}


def test_a_customer_sees_only_themselves_and_their_organization(client):
    own, other = OrganizationFactory(), OrganizationFactory()
    customer, stranger = make_customer(own), make_customer(other)
    agent = make_agent(TeamFactory())
    client.force_login(customer)
    assert ids(client.get("/api/v1/users/")) == {customer.pk}
    assert ids(client.get("/api/v1/teams/")) == set()
    assert ids(client.get("/api/v1/organizations/")) == {own.pk}
    for path in (f"users/{stranger.pk}", f"users/{agent.pk}", f"organizations/{other.pk}"):
        assert client.get(f"/api/v1/{path}/").status_code == 404


def test_agents_see_people_and_who_is_called_in_sees_colleagues_only(client):
    customer, agent = make_customer(), make_agent(TeamFactory())
    rnd = give_role(UserFactory(), "rnd")
    client.force_login(agent)
    assert {customer.pk, agent.pk, rnd.pk} <= ids(client.get("/api/v1/users/"))
    client.force_login(rnd)
    seen = ids(client.get("/api/v1/users/"))
    assert agent.pk in seen
    assert customer.pk not in seen


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_whoever_asks(client, method):
    agent = make_agent(TeamFactory())
    grab = {"is_staff": True, "is_superuser": True, "role": "administrator", "memberships": [{"role": "administrator"}]}
    for person in (agent, make_administrator()):
        client.force_login(person)
        before = (list(User.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values()))
        for path in ("/api/v1/users/", f"/api/v1/users/{agent.pk}/", "/api/v1/me/"):
            answer = getattr(client, method)(path, grab, content_type="application/json")
            assert answer.status_code in (403, 405), path
        assert (list(User.objects.order_by("pk").values()), list(Membership.objects.order_by("pk").values())) == before


def test_the_profile_takes_no_more_than_its_fields(client):
    agent = make_agent(TeamFactory())
    client.force_login(agent)
    grab = {
        "is_staff": "on",
        "is_superuser": "on",
        "role": "administrator",
        "capacity": "99",
        "email": "x@evil.example",
    }
    answer = client.post("/profile/", {"name": "New Name", "language": "en", "time_zone": "Asia/Tokyo", **grab})
    assert answer.status_code == 302
    after = User.objects.get(pk=agent.pk)
    assert (after.name, after.time_zone) == ("New Name", "Asia/Tokyo")
    assert (after.is_staff, after.is_superuser, after.capacity, after.email) == (False, False, 10, agent.email)
    assert after.role_codes == {"agent"}


@pytest.mark.parametrize(
    "query",
    [
        "foo=1",
        "is_superuser=1",
        "password__startswith=a",
        "email__contains=a",
        "ordering=password",
        "ordering=-memberships__user__password",
        "page_size=0",
        "page_size=1e3",
        "page_size=100000",
        "cursor=%F0%9F%98%80",
        "cursor=cD0nOyBEUk9Q",
        "role=agent%00",
        "on_duty=perhaps",
    ],
)
def test_what_is_not_known_is_refused(client, query):
    client.force_login(make_agent(TeamFactory()))
    answer = client.get(f"/api/v1/users/?{query}")
    assert answer.status_code == 400, answer.content
    body = answer.json()
    assert body["status"] == 400
    assert list(body["errors"]) == [query.partition("=")[0]]


def test_pages_follow_one_another_without_loss(client):
    team = TeamFactory()
    people = [make_agent(team) for _ in range(7)]
    client.force_login(people[0])
    seen, address = [], "/api/v1/users/?page_size=3"
    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen))
    assert {person.pk for person in people} <= set(seen)


@pytest.mark.parametrize("route", ROUTES)
def test_strangers_get_a_problem_in_their_language(client, route):
    english = client.get(route, headers={"Accept-Language": "en"})
    assert english.status_code == 401
    assert english.json()["title"] == "Sign-in or a token is needed"
    assert english.json()["type"] == "/api/docs#problem-not_authenticated"
