"""Who asks for which pages in `pages.py`, and how many queries each costs: printed as JSON by a process of its own."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import django
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

CLIENTS = 8
TICKETS = 25  # of each person
# Each finds as many as the page shows, also in the smallest size; the last ones are in every text of their language.
CHINESE = ("打印机 发票 提示错误", "仓库 邮箱 无法打开", "同事 重启")
ENGLISH = ("printer invoice error", "warehouse mailbox freezes", "colleagues report")


def scene() -> dict[str, Any]:
    """By the name of a page: who asks for which addresses, and the most queries that one of these costs."""
    from accounts.models import Membership, Role, User

    agents = list(User.objects.filter(memberships__role__code="agent").order_by("pk")[:CLIENTS])
    manager = User.objects.create_user(email="manager@staff.load.example", name="Manager")
    Membership.objects.create(user=manager, role=Role.objects.get(code="manager"))
    clients = {user: _signed_in(user) for user in (*agents, manager)}
    visits: dict[str, list[tuple[str, list[str]]]] = {
        "queue, manager": [(_cookies(clients[manager]), ["/desk/"])] * CLIENTS
    }
    for user in agents:
        for name, addresses in _pages(user):
            visits.setdefault(name, []).append((_cookies(clients[user]), addresses))
    queries = {name: max(_queries(clients[agents[0]], one) for one in some[0][1][:4]) for name, some in visits.items()}
    queries["queue, manager"] = _queries(clients[manager], "/desk/")
    return {"visits": visits, "queries": queries}


def _pages(user: Any) -> Iterator[tuple[str, list[str]]]:
    from tickets.models import Ticket

    answered = Ticket.objects.workable_by(user).filter(status="open").order_by("-pk")
    yield "empty", ["/empty/"]
    yield "queue", ["/desk/"]
    yield "ticket", [f"/desk/tickets/{number}/" for number in answered.values_list("number", flat=True)[:TICKETS]]
    yield "search, Chinese", [f"/desk/search/?q={quote(words)}" for words in CHINESE]
    yield "search, English", [f"/desk/search/?q={quote(words)}" for words in ENGLISH]


def _signed_in(user: Any) -> Client:
    client = Client(SERVER_NAME="127.0.0.1", HTTP_ACCEPT_LANGUAGE="zh-CN")
    client.force_login(user)
    return client


def _cookies(client: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def _queries(client: Client, address: str) -> int:
    client.get(address)  # what is read once per process is read by now
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"✗ {address} answers {answer.status_code}")
    return len(asked)


if __name__ == "__main__":
    django.setup()
    print(json.dumps(scene()))
