"""Fills django-helpdesk's tables and prints, as JSON, who asks for which pages and what they cost in queries."""

import json
import re
import sys

import django
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

QUEUES, AGENTS, CLIENTS, FOLLOW_UPS = 20, 50, 8, 3
BATCH = 5000


def main(count: int) -> None:
    """Rows, then sessions."""
    django.setup()
    agents = fill(count)
    people = []
    for agent in agents[:CLIENTS]:
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(agent)
        people.append((client, pages(client)))
    first, addresses = people[0]
    visits = {name: [(cookies(one), found[name]) for one, found in people] for name in addresses}
    queries = {name: queries_of(first, some[0]) for name, some in addresses.items()}
    print(json.dumps({"visits": visits, "queries": queries}))


def fill(count: int) -> list:
    """Twenty queues, fifty agents, one ticket in five open, each with three follow-ups."""
    from django.contrib.auth import get_user_model
    from helpdesk.models import FollowUp, Queue, Ticket

    users, now = get_user_model(), timezone.now()
    agents = [  # one by one, because their saving makes their settings
        users.objects.create(username=f"agent{n}", email=f"{n}@example.com", is_staff=True, is_superuser=True)
        for n in range(AGENTS)
    ]
    for n in range(QUEUES):
        Queue.objects.create(title=f"Queue {n}", slug=f"q{n}")
    queues = list(Queue.objects.all())
    for begin in range(0, count, BATCH):
        tickets = Ticket.objects.bulk_create(
            Ticket(
                title=f"The printer shows an error {n}",
                queue=queues[n % QUEUES],
                created=now,
                modified=now,
                submitter_email=f"{n % 1000}@customers.example",
                assigned_to=agents[n % AGENTS],
                status=Ticket.OPEN_STATUS if n % 5 == 0 else Ticket.CLOSED_STATUS,
                description="Since this morning several colleagues report the same.",
                priority=3,
            )
            for n in range(begin, min(begin + BATCH, count))
        )
        FollowUp.objects.bulk_create(
            FollowUp(ticket=one, date=now, title="Comment", comment="We look at it.", public=True, user=agents[0])
            for one in tickets
            for _ in range(FOLLOW_UPS)
        )
    return agents


def pages(client: Client) -> dict[str, list[str]]:
    """A list is a frame, and its rows come by a second request; so does a search."""
    from helpdesk.models import Ticket

    keys = list(Ticket.objects.filter(status=Ticket.OPEN_STATUS).order_by("-pk").values_list("pk", flat=True)[:25])
    return {
        "list, the frame": ["/tickets/"],
        "list, its 50 rows": [rows_of(client, "/tickets/")],
        "ticket": [f"/tickets/{pk}/" for pk in keys],
        "search, its 50 rows": [rows_of(client, "/tickets/?q=printer")],
    }


def rows_of(client: Client, frame: str) -> str:
    """The address that a frame asks for its rows."""
    found = re.search(r"/datatables_ticket_list/[^'\"]+", client.get(frame).content.decode())
    return f"{found[0]}?draw=1&start=0&length=50&order[0][column]=0&order[0][dir]=asc"


def cookies(client: Client) -> str:
    """As a header."""
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def queries_of(client: Client, address: str) -> int:
    """Of the second request."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address} answers {answer.status_code}")
    return len(asked)


if __name__ == "__main__":
    main(int(sys.argv[1]))
