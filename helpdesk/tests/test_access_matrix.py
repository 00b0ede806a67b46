"""Every address × every role: allowed cells are written by hand in `helpdesk/tests/access/`, all else is refused.

A route without a row fails here with the row to write. Every answer is searched for words of objects that its reader
may not see, and every GET must leave the database as it was.
"""

import importlib
import json
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from helpdesk.tests import access
from helpdesk.tests.access.scene import CANARIES, COMMON, Scene
from helpdesk.tests.access.table import ANONYMOUS, BOSS, REDIRECT, ROLES, SIGNED_IN, STAFF, TOKEN, Case, Rows
from helpdesk.tests.undone import undone
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

#: What a GET may touch: one's session, the instant of a token's use, and counters of how often somebody asked.
MAY_BE_TOUCHED = frozenset({"django_session", "accounts_apitoken", "outbox_ratewindow"})


@dataclass(frozen=True)
class Route:
    name: str
    callback: Callable
    pattern: str

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/v1/")

    @property
    def methods(self) -> tuple[str, ...]:
        """What must have a row: GET and POST of every page, the declared methods of the API."""
        if actions := getattr(self.callback, "actions", None):
            return tuple(sorted(method.upper() for method in actions))
        if self.is_api:
            view = self.callback.cls  # type: ignore[attr-defined]
            return tuple(
                method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)
            )
        return ("GET", "POST")


def _walk(patterns: list, space: str = "", prefix: str = "") -> Iterator[Route]:
    for entry in patterns:
        if isinstance(entry, URLPattern):
            yield Route(f"{space}{entry.name}", entry.callback, prefix + str(entry.pattern))
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _walk(entry.url_patterns, inner, prefix + str(entry.pattern))


def _rows() -> Rows:
    rows: Rows = {}
    for module in pkgutil.iter_modules(access.__path__):
        found = getattr(importlib.import_module(f"{access.__name__}.{module.name}"), "ROWS", {})
        assert not rows.keys() & found.keys(), rows.keys() & found.keys()
        rows |= found
    return rows


EVERYTHING = list(_walk(get_resolver("helpdesk.urls").url_patterns))
ADMIN = [route for route in EVERYTHING if route.pattern.startswith("admin/")]
ROUTES = [route for route in EVERYTHING if not route.pattern.startswith("admin/")]
ROWS = _rows()
CELLS = [pytest.param(route, method, id=f"{method}-{route.name}") for route in ROUTES for method in route.methods]


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Scene]:
    """The objects, made once; nothing of this module is ever committed."""
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")), undone():
        yield Scene()


def ask(scene: Scene, role: str, method: str, address: str, body: dict, *, api: bool) -> Any:
    """The answer to one request, in a savepoint that is rolled back."""
    client = scene.client(role)
    client.raise_request_exception = False
    if api:
        return client.generic(method, address, json.dumps(body), content_type="application/json")
    return (
        client.get(address) if method == "GET" else client.post(address, {"csrfmiddlewaretoken": "as a browser"} | body)
    )


def touched() -> Counter:
    """Rows written in this transaction so far, by table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return Counter(dict(cursor.fetchall()))


def text_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace").lower()


#: Those who must not get in, and one who works here. The other roles have their turn in the proof.
FIRST = (ANONYMOUS, "stranger", "agent")


@pytest.mark.parametrize(("route", "method"), CELLS)
def test_every_role_gets_what_the_table_says(route: Route, method: str, scene: Scene):
    _compare(route, method, scene, FIRST)


@pytest.mark.proof
@pytest.mark.parametrize(("route", "method"), CELLS)
def test_the_other_roles_get_what_the_table_says(route: Route, method: str, scene: Scene):
    _compare(route, method, scene, [role for role in ROLES if role not in FIRST])


def _compare(route: Route, method: str, scene: Scene, roles: Iterable[str]) -> None:
    assert route.name in ROWS and method in ROWS[route.name], (
        f"«{method} {route.name}» ({route.pattern}) has no row. Decide who may have it and add to a module of "
        f'helpdesk/tests/access/: "{route.name}": {{"{method}": [case({{200: STAFF}}, …)]}} (see table.py)'
    )
    wrong = []
    for cell in ROWS[route.name][method] or [None]:
        for role in roles:
            wrong += _try(scene, route, method, cell, role)
    assert not wrong, "\n".join(wrong)


def _try(scene: Scene, route: Route, method: str, cell: Case | None, role: str) -> list[str]:
    args = {name: scene.value(value) for name, value in cell.args.items()} if cell else _any_arguments(route)
    address = reverse(route.name, kwargs=args) + (f"?{cell.query}" if cell and cell.query else "")
    body = {name: scene.named(value) for name, value in cell.data.items()} if cell else {}
    written: set[str] = set()
    with undone():
        before = touched() if method == "GET" else Counter()
        response = ask(scene, role, method, address, body, api=route.is_api)
        if method == "GET":
            written = {table for table, rows in (touched() - before).items() if rows}
    where = f"{role}: {method} {address} {cell.data if cell and cell.data else ''}"
    problems = []
    if cell is None:
        fine = response.status_code in (405, 404) or (response.status_code == REDIRECT and _to_sign_in(response))
        problems += [] if fine else [f"{where} → {response.status_code}, but the table says there is no such method"]
    else:
        wanted = cell.status_for(role, api=route.is_api)
        problems += [] if response.status_code == wanted else [f"{where} → {response.status_code}, not {wanted}"]
        if wanted == REDIRECT and role in (ANONYMOUS, TOKEN) and not cell.open_door and not _allowed(cell, role):
            problems += (
                [] if _to_sign_in(response) else [f"{where} → {response.headers.get('Location')}, not to sign-in"]
            )
    if more := written - MAY_BE_TOUCHED - (cell.writes if cell else frozenset()):
        problems.append(f"{where} wrote to {sorted(more)}")
    return problems + [f"{where} shows «{word}»" for word in _leaks(response, role, cell, scene)]


def _allowed(cell: Case, role: str) -> bool:
    return any(role in roles for roles in cell.expected.values())


def _to_sign_in(response: Any) -> bool:
    return response.headers.get("Location", "").startswith(reverse("account_login"))


def _any_arguments(route: Route) -> dict[str, Any]:
    """Arguments that fit the pattern: without its method an address must be shut whatever it names."""
    found = {}
    words = (
        ("number", "T1"),
        ("action", "a"),
        ("token", "t"),
        ("slug", "s"),
        ("code", "c"),
        ("kind", "k"),
        ("language", "en"),
    )
    for name, value in (*words, ("pk", 1), ("team", 1)):
        if f":{name}>" in route.pattern or f"<{name}>" in route.pattern:
            found[name] = value
    return found


def _leaks(response: Any, role: str, cell: Case | None, scene: Scene) -> list[str]:
    """Words of objects that ``role`` may not see. By a private link everybody is the customer who holds it."""
    if response.status_code >= 500:
        return []
    by_link = cell is not None and bool({"link", "answer", "survey_token"} & set(cell.args.values()))
    text = text_of(response)
    free = {"nordfall"} if by_link else set()
    return [word for word, readers in CANARIES.items() if word in text and role not in readers and word not in free]


def test_no_row_is_left_of_a_route_that_is_gone():
    known = {(route.name, method) for route in ROUTES for method in route.methods}
    stale = [f"{method} {name}" for name, row in ROWS.items() for method in row if (name, method) not in known]
    assert stale == []


@pytest.mark.parametrize(
    "role", [*FIRST, *(pytest.param(role, marks=pytest.mark.proof) for role in ROLES if role not in FIRST)]
)
def test_the_administration_is_for_administrators_only(role: str, scene: Scene):
    """One gate stands before all of them: every role tries the tables, and in the proof four try every address."""
    _try_the_administration(role, scene, thorough=False)


@pytest.mark.proof
@pytest.mark.parametrize("role", [ANONYMOUS, "agent", "manager", "administrator"])
def test_every_address_of_the_administration_is_for_administrators_only(role: str, scene: Scene):
    _try_the_administration(role, scene, thorough=True)


def _try_the_administration(role: str, scene: Scene, *, thorough: bool) -> None:
    wrong = []
    routes = [route for route in ADMIN if thorough or route.name.endswith(("_changelist", ":index", ":login", "_add"))]
    assert len(routes) > 50
    for route in routes:
        address = _admin_address(route)
        for method in ("GET", "POST") if thorough else ("GET",):
            with undone():
                response = ask(scene, role, method, address, {}, api=False)
            if role in BOSS:
                fine = response.status_code < 500
            elif role in SIGNED_IN:
                fine = response.status_code == 404 or route.name == "admin:logout"
            else:
                fine = response.status_code == REDIRECT and _to_sign_in(response)
            wrong += [] if fine else [f"{role}: {method} {address} → {response.status_code}"]
    assert not wrong, "\n".join(wrong)


def _admin_address(route: Route) -> str:
    for arguments in ({}, {"object_id": "1"}, {"app_label": "tickets"}, {"content_type_id": 1, "object_id": "1"}):
        try:
            return reverse(route.name, kwargs=arguments)
        except NoReverseMatch:
            continue
    return "/admin/nothing/here/"  # the catch-all


@pytest.mark.parametrize("who", ["administrator", pytest.param(ANONYMOUS, marks=pytest.mark.proof)])
def test_a_foreign_page_can_send_nothing(who: str, scene: Scene):
    """CSRF: every POST, PUT, PATCH and DELETE with a foreign Origin is refused before the view runs."""
    wrong = []
    for route in ROUTES:
        arguments = _any_arguments(route) | {name: "1" for name in ("uidb36", "key") if f"<{name}>" in route.pattern}
        address = reverse(route.name, kwargs=arguments)
        for method in ("POST", "PUT", "PATCH", "DELETE") if route.is_api else ("POST",):
            client = Client(enforce_csrf_checks=True, HTTP_ORIGIN="https://evil.example")
            for name, morsel in scene.client(who).cookies.items():
                client.cookies[name] = morsel.value
            client.raise_request_exception = False
            with undone():
                response = client.generic(method, address, b"{}", content_type="application/json")
            # Who is not signed in at the API has no session that could be abused: 401.
            wanted = {403} | ({401} if route.is_api and who == ANONYMOUS else set())
            wanted |= {405} if route.name == "api-schema" else set()  # reads only; the framework exempts it
            # Mail programs press it (RFC 8058): the token in the address is the right, and this one is none.
            wanted = {404} if route.name == "outbox:unsubscribe" else wanted
            wrong += [] if response.status_code in wanted else [f"{method} {address} → {response.status_code}"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", sorted(STAFF))
def test_counts_agree_with_what_is_seen(role: str, scene: Scene):
    """No figure counts a ticket that its reader may not see."""
    person = scene.people[role]
    seen = Ticket.objects.workable_by(person)
    with undone():
        page = scene.client(role).get(reverse("workspace:queue"), {"view": "all"})
        assert {row.pk for row in page.context["page"].rows} == set(seen.values_list("pk", flat=True))
        for tab in page.context["tabs"]:
            if tab["count"] is None:
                continue
            listed = scene.client(role).get(tab["href"]).context["page"].rows
            assert len(listed) == tab["count"], tab


@pytest.mark.parametrize("role", sorted(SIGNED_IN))
def test_the_api_lists_exactly_what_is_visible(role: str, scene: Scene):
    with undone():
        answer = scene.client(role).get(reverse("api-ticket-list"), {"page_size": "200"}).json()
    listed = {row["number"] for row in answer["results"]}
    assert listed == set(Ticket.objects.visible_to(scene.people[role]).values_list("number", flat=True))


def test_the_scene_is_not_empty(scene: Scene):
    """The words that must not leak do stand where they may be read."""
    with undone():
        client = scene.client("administrator")
        text = text_of(client.get(reverse("workspace:search"), {"q": COMMON}))
        text += text_of(client.get(reverse("workspace:ticket", args=[scene.things["ticket"].number])))
        text += text_of(client.get(reverse("workspace:ticket", args=[scene.things["foreign"].number])))
        text += text_of(client.get(reverse("knowledge:desk"), {"state": "draft"}))
        text += text_of(client.get(reverse("workspace:board_notes", args=[scene.things["north"].pk])))
        text += text_of(client.get(reverse("knowledge:home"), {"q": COMMON}))
        text += "".join(text_of(client.get(reverse("intake:mails"), {"state": state})) for state in ("held", "parked"))
    assert [word for word in CANARIES if word not in text] == []
    assert django_settings.MEDIA_ROOT
