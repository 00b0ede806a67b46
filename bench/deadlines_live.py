"""The live part of `deadlines.py`: how soon after the due instant an escalation is recorded, with everything at work.

Beat, the three workers and the web server run by the product's own commands on 127.0.0.1, agents read their queue and
reply by the API as fast as they get answers, and thousands of clocks fall due: fifty a second for a minute, and a
thousand at one instant. What counts is when the record was committed, by PostgreSQL's own note of it.
"""

import os
import random
import statistics
import sys
import threading
import time

import django
import requests

from helpdesk.embedded.process import Child, spawn
from helpdesk.launcher.commands import PROCESSES, command
from helpdesk.tests.real import free_port

PER_SECOND, SECONDS, BURST = 50, 60, 1000
AGENTS = 4
LATEST = 10.0  # seconds after the due instant
SHARE = 0.99

# Clocks that would not be due for days. Their warning went out; of a ticket only one, so that none waits for another.
FALL_DUE = f"""
    WITH drawn AS (
        SELECT id, row_number() OVER () - 1 AS place FROM (
            SELECT min(id) AS id FROM sla_clock WHERE state = 'running' AND breached_at IS NULL GROUP BY ticket_id
            ORDER BY random() LIMIT {PER_SECOND * SECONDS + BURST}
        ) AS tickets
    )
    UPDATE sla_clock c SET
        warned_at = now(), warn_at = now(),
        due_at = now() + interval '15 seconds' + CASE
            WHEN place < {BURST} THEN {SECONDS} / 2 * interval '1 second'
            ELSE (place - {BURST}) * interval '1 second' / {PER_SECOND}
        END
    FROM drawn WHERE drawn.id = c.id
"""
RECORDED = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - (data ->> 'due_at')::timestamptz)::float8
    FROM tickets_ticketevent WHERE code = 'clock.breached' ORDER BY 1
"""
UNRECORDED = "SELECT count(*) FROM sla_clock WHERE state = 'running' AND breached_at IS NULL AND due_at < now()"


def run(cluster, *, running: int) -> int:
    """Measure and print; the exit code is 1 when an overdue clock was left unrecorded."""
    cluster.do("ALTER SYSTEM SET track_commit_timestamp = on")
    cluster.restart()
    cluster.generate("live", "--tickets", str(running // 2))
    os.environ.update(cluster.environment("live"))
    django.setup()
    port = free_port()
    os.environ |= {"HOST": "127.0.0.1", "PORT": str(port), "PUSH_PORT": str(port + 1), "WEB_WORKERS": "2"}
    children = [_start(cluster, name) for name in PROCESSES]
    stopped = threading.Event()
    agents = [Agent(f"http://127.0.0.1:{port}", token, stopped) for token in _tokens()]
    try:
        _wait_for_all(cluster, f"http://127.0.0.1:{port}/healthz")
        for agent in agents:
            agent.start()
        cluster.do(FALL_DUE, database="live")
        time.sleep(15 + SECONDS + LATEST + 5)
        stopped.set()
        for agent in agents:
            agent.join()
        left = cluster.do(UNRECORDED, database="live")[0][0]
        _report([row[0] for row in cluster.do(RECORDED, database="live")], agents, left)
    finally:
        stopped.set()
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait_or_kill(15)
    return 1 if left else 0


class Agent(threading.Thread):
    """Reads the list, opens a ticket, now and then replies; all as fast as answers come."""

    def __init__(self, address: str, token: str, stopped: threading.Event) -> None:
        super().__init__(daemon=True)
        self.address, self.stopped = f"{address}/api/v1/tickets/", stopped
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.seconds: list[float] = []
        self.refused = 0

    def run(self) -> None:
        dice, numbers = random.Random(self.name), []
        while not self.stopped.is_set():
            if dice.random() < 0.2 and numbers:
                self._ask("post", f"{dice.choice(numbers)}/messages/", json={"body": "We look at it, soon more."})
            elif dice.random() < 0.5 and numbers:
                self._ask("get", f"{dice.choice(numbers)}/")
            else:
                page = self._ask("get", "")
                numbers = [row["number"] for row in page.json()["results"]] if page.ok else numbers
            self.stopped.wait(0.12)  # below the limit of ten requests a second and person

    def _ask(self, method: str, path: str, **arguments) -> requests.Response:
        began = time.monotonic()
        try:
            answer = self.session.request(method, self.address + path, timeout=30, **arguments)
        except requests.RequestException:  # a connection that was kept alive and is closed meanwhile
            answer = requests.Response()
            answer.status_code = 503
        self.seconds.append(time.monotonic() - began)
        self.refused += not answer.ok
        return answer


def _start(cluster, name: str) -> Child:
    argv = [sys.executable, "-m", *command(name, folder=cluster.home.root)]
    return spawn(name, argv, run=cluster.home.run, logs=cluster.home.logs, env=os.environ, cwd=_root())


def _root():
    from django.conf import settings

    return settings.BASE_DIR


def _tokens() -> list[str]:
    from accounts.models import User
    from accounts.services.tokens import issue_token
    from outbox import clock

    agents = User.objects.filter(memberships__role__code="agent").order_by("?")[:AGENTS]
    scopes = ["tickets:read", "tickets:write"]
    return [
        issue_token(actor=agent, user=agent, name="load", scopes=scopes, expires_at=None, now=clock.now())[1]
        for agent in agents
    ]


def _wait_for_all(cluster, health: str, patience: float = 120) -> None:
    """Beat, broker, the worker for deadlines and the web server are at work."""
    deadline = time.monotonic() + patience
    while not (cluster.do("SELECT name FROM outbox_heartbeat", database="live") and _is_well(health)):
        if time.monotonic() > deadline:
            sys.exit(f"✗ beat, worker or web did not start; see {cluster.home.logs}")
        time.sleep(0.5)


def _is_well(health: str) -> bool:
    try:
        return requests.get(health, timeout=5).ok
    except requests.RequestException:
        return False


def _report(delays: list[float], agents: list[Agent], left: int) -> None:
    in_time = sum(delay <= LATEST for delay in delays) / len(delays)
    cuts = statistics.quantiles(delays, n=100)
    aim = f"{in_time:.2%} committed within {LATEST:.0f} s of the due instant (aim {SHARE:.0%})"
    print(f"  {len(delays):,} breaches: {aim}; {left} overdue left")
    print(f"  half within {cuts[49]:.1f} s, 99 % within {cuts[98]:.1f} s, all within {delays[-1]:.1f} s")
    asked = sorted(second * 1000 for agent in agents for second in agent.seconds)
    refused = sum(agent.refused for agent in agents)
    half, most = asked[len(asked) // 2], asked[len(asked) * 99 // 100]
    print(
        f"  meanwhile {len(asked):,} requests: half within {half:.0f} ms, 99 % within {most:.0f} ms, {refused} refused"
    )
