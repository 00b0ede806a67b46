"""Modules, categories and versions as programs name them: what we do not know refuses no ticket."""

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import TeamFactory, make_agent
from catalog.models import Category, Module, Product, Version
from tickets.models import Ticket
from tickets.services import assigning

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue() -> dict:
    """Two products that both have a module «Login» and a version 2.0."""
    rows: dict = {"account": Category.objects.create(code="c-account", name="账号", name_en="Accounts")}
    for code in ("sync", "desk"):
        product = Product.objects.create(code=code, name=f"{code}产品", name_en=f"{code} product")
        rows[code] = product
        rows[f"{code}-login"] = Module.objects.create(
            code=f"{code}-login", product=product, name="登录", name_en="Login"
        )
        rows[f"{code}-2.0"] = Version.objects.create(product=product, name="2.0")
    rows["sync-only"] = Module.objects.create(code="engine", product=rows["sync"], name="引擎", name_en="Engine")
    rows["desk-3.1"] = Version.objects.create(product=rows["desk"], name="3.1-beta")
    return rows


@pytest.fixture
def agent():
    return make_agent(TeamFactory(is_fallback=False))


@pytest.fixture
def submit(agent):
    client = APIClient(headers={"Accept-Language": "en"})
    client.force_authenticate(agent)

    def post(**said) -> tuple[Ticket, list[str]]:
        body = {"subject": "qwx", "description": "zvb", "requester": {"email": "a@example.org"}, **said}
        answer = client.post("/api/v1/tickets/", body, format="json")
        assert answer.status_code == 201, answer.json()
        ticket = Ticket.objects.get(number=answer.json()["number"])
        told = [one["text"] for one in answer.json()["reasons"] if one["code"].endswith(("unknown", "ambiguous"))]
        return ticket, told

    return post


@pytest.mark.parametrize(
    ("said", "module", "version", "told"),
    [
        ({"module": "engine"}, "sync-only", None, 0),
        ({"module": "ENGINE "}, "sync-only", None, 0),
        ({"module": "引擎", "version": "2.0"}, "sync-only", "sync-2.0", 0),
        ({"version": "3.1-BETA"}, None, "desk-3.1", 0),
        ({"module": "desk-login", "version": "2.0"}, "desk-login", "desk-2.0", 0),
        ({"module": "Login", "version": "3.1-beta"}, "desk-login", "desk-3.1", 0),
        ({"module": "engine", "version": "3.1-beta"}, "sync-only", None, 1),  # no version of that product
        ({"module": "Login", "version": "2.0"}, None, None, 2),
        ({"module": "Login"}, None, None, 1),
        ({"version": "2.0"}, None, None, 1),
        ({"module": "Kernel", "category": "Weather", "version": "9.9"}, None, None, 3),
        ({"module": None, "category": None, "version": None}, None, None, 0),
        ({"module": "", "category": " ", "version": ""}, None, None, 0),
    ],
)
def test_what_is_found(submit, catalogue, said, module, version, told) -> None:
    ticket, reasons = submit(**said)
    assert ticket.module == (catalogue[module] if module else None)
    assert ticket.version == (catalogue[version] if version else None)
    assert len(reasons) == told


@pytest.mark.parametrize("name", ["c-account", "账号", "accounts"])
def test_categories_by_code_and_by_name(submit, catalogue, name) -> None:
    assert submit(category=name)[0].category == catalogue["account"]


def test_the_reasons_say_what_was_sent_and_what_it_may_be(submit, catalogue) -> None:
    _ticket, (module, version) = submit(module="Login", version="5.0-" + "9" * 200)
    assert module == "“Login” exists in several products (“desk product”, “sync product”); it was left empty."
    assert version.startswith("We know no version “5.0-999")
    assert version.endswith("9…”; it was left empty.")
    assert len(version) < 110


def test_an_urgent_ticket_of_a_new_build_is_not_lost(submit, catalogue) -> None:
    ticket, _told = submit(version="20261124.3", impact="business", urgency="blocked")
    assert (ticket.severity, ticket.version) == ("S", None)
    assert ticket.clocks.exists()


def test_the_ticket_goes_on_saying_so(submit, catalogue, agent, client) -> None:
    ticket, (told,) = submit(version="9.9")
    other = make_agent(ticket.team or agent.memberships.get().team)
    assigning.assign(ticket=ticket, actor=agent, assignee=other, team=other.memberships.get().team)
    ticket.refresh_from_db()
    assert [reason["code"] for reason in ticket.routing] == ["routing.version_unknown", "assignment.by_hand"]
    client.force_login(other)
    assert told in client.get(f"/desk/tickets/{ticket.number}/").content.decode()


def test_a_name_as_long_as_a_novel_is_refused(agent, catalogue) -> None:
    client = APIClient()
    client.force_authenticate(agent)
    body = {"subject": "qwx", "description": "zvb", "requester": {"email": "a@example.org"}, "version": "9" * 501}
    answer = client.post("/api/v1/tickets/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["version"])


def test_the_schema_says_so(client) -> None:
    schema = client.get("/api/schema?format=json", headers={"Accept-Language": "en"}).json()
    fields = schema["components"]["schemas"]["SubmissionIn"]["properties"]
    for name in ("module", "category", "version"):
        assert "a reason says so" in fields[name]["description"]
