"""What it costs to create a ticket by the API, eight at a time, beside one INSERT and COMMIT of the same run.

    python bench/api.py [--seconds 10] [--rounds 3] [--tickets 2000]

Each POST to `/api/v1/tickets/` is the whole product: token, limit, grading, routing, assignment, clocks, search vector,
message, events, outbox rows for customer and agent, one transaction. Tickets for one team choose their assignee one
after another, so they are measured spread over all teams, and all for one. The floor is one row with the same text by
plain SQL, COMMIT after each, over eight connections to the same server. Floor and API take turns in rounds; shown is
the median round. Texts are Chinese and English, each other than the one before, with an `Idempotency-Key` of its own.

The exit code judges what was made, never times: as many tickets, first messages and mails to customers as answers 201.
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.cluster import Cluster  # noqa: E402
from bench.pages_load import Site  # noqa: E402

CLIENTS = 8
_WORDS = (
    "登录 failed after the upgrade 打印机 离线 report 导出 timeout 数据 sync 报错 VPN 慢 invoice 无法 open 权限".split()
)
_FLOOR = "CREATE TABLE bench_floor (id bigserial PRIMARY KEY, subject text, body text, at timestamptz DEFAULT now())"


@dataclass
class Round:
    """Milliseconds of each answer, how long all of it took, and how many failed."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0
    failed: int = 0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def share(self, part: int) -> float:
        return statistics.quantiles(self.times, n=100)[part - 1]


def main() -> int:
    options = parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="api-") as folder, Cluster(Path(folder)) as cluster:
        cluster.generate("bench", "--tickets", str(options.tickets))
        cluster.do(_FLOOR, database="bench")
        scene = json.loads(cluster.python("bench", "-m", "bench.api_scene", str(CLIENTS)))
        with Site(cluster, "bench", {"visits": {}, "queries": {}}) as site:
            everywhere, one_team = _poster(site, scene), _poster(site, scene | {"categories": scene["categories"][:1]})
            _together(everywhere, 2.0)  # warm
            before = _made(cluster)
            floors, spread, queued, busy = [], [], [], 0.0
            for _ in range(options.rounds):
                floors.append(_together(lambda one, until, found: _insert(cluster, until, found), options.seconds / 2))
                began = site.busy()
                spread.append(_together(everywhere, options.seconds))
                queued.append(_together(one_team, options.seconds))
                busy += site.busy() - began
            return _judge(cluster, before, floors, spread, queued, busy)


def _poster(site: Site, scene: dict):
    return lambda one, until, found: _post(site.port, scene["tokens"][one], scene["categories"], until, found)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--seconds", type=float, default=10)
    found.add_argument("--rounds", type=int, default=3)
    found.add_argument("--tickets", type=int, default=2000, help="that are there before")
    return found


def _together(work, seconds: float) -> Round:
    """Eight threads do ``work`` until the time is over."""
    found, until, began = Round(), time.monotonic() + seconds, time.monotonic()
    threads = [threading.Thread(target=work, args=(one, until, found), daemon=True) for one in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.monotonic() - began
    return found


def _text(words: int) -> str:
    return " ".join(random.choices(_WORDS, k=words))


def _post(port: int, token: str, categories: list[str], until: float, found: Round) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        requester = {"email": f"customer{random.randrange(1000)}@bench.example", "name": "李雷"}
        said = {"subject": _text(6), "description": _text(60), "requester": requester}
        body = json.dumps(said | {"category": random.choice(categories)})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        began = time.monotonic()
        try:
            connection.request("POST", "/api/v1/tickets/", body, headers | {"Idempotency-Key": str(uuid.uuid4())})
            answer = connection.getresponse()
            answer.read()
            failed = answer.status != 201
        except (OSError, http.client.HTTPException):
            failed = True
            connection.close()
        found.failed += failed
        if not failed:
            found.times.append((time.monotonic() - began) * 1000)
    connection.close()


def _insert(cluster: Cluster, until: float, found: Round) -> None:
    connection = psycopg2.connect(cluster.url("bench"))
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            began = time.monotonic()
            cursor.execute("INSERT INTO bench_floor (subject, body) VALUES (%s, %s)", [_text(6), _text(60)])
            connection.commit()
            found.times.append((time.monotonic() - began) * 1000)
    connection.close()


def _made(cluster: Cluster) -> tuple[int, ...]:
    """How many tickets, first messages and confirmations to customers there are."""
    return cluster.do(
        "SELECT (SELECT count(*) FROM tickets_ticket), (SELECT count(*) FROM tickets_message WHERE kind = 'customer'),"
        " (SELECT count(*) FROM outbox_intent WHERE kind = 'ticket.acknowledged')",
        database="bench",
    )[0]


def _judge(
    cluster: Cluster,
    before: tuple[int, ...],
    floors: list[Round],
    spread: list[Round],
    queued: list[Round],
    busy: float,
) -> int:
    answers = spread + queued
    count, failed = sum(len(one.times) for one in answers), sum(one.failed for one in answers)
    made = tuple(after - earlier for after, earlier in zip(_made(cluster), before, strict=True))
    print(f"{'':<34}{'per second':>12}{'p50 ms':>10}{'p95 ms':>10}{'× floor':>10}")
    floor = _say("one INSERT and COMMIT", floors, None)
    _say("POST /api/v1/tickets/", spread, floor)
    _say("the same, all for one team", queued, floor)
    print(f"{count} tickets made, {busy / count:.1f} ms of the workers' processor each; {failed} failed.")
    whole = failed == 0 and made == (count, count, count)
    print("✓ each is one ticket, one message, one mail" if whole else f"✗ answers {count}, rows {made}")
    return 0 if whole else 1


def _say(name: str, rounds: list[Round], floor: float | None) -> float:
    p50 = statistics.median(one.share(50) for one in rounds)
    p95 = statistics.median(one.share(95) for one in rounds)
    rate = statistics.median(one.rate for one in rounds)
    ratio = f"{p50 / floor:>10.1f}" if floor else f"{'1':>10}"
    print(f"{name:<34}{rate:>12.0f}{p50:>10.2f}{p95:>10.2f}{ratio}")
    return p50


if __name__ == "__main__":
    sys.exit(main())
