#!/usr/bin/env python3
"""Send labelled texts through the API and state what the rules make of them.

    bench/triage.py --data FOLDER --in-process                          a scratch database, made and dropped here
    bench/triage.py --data FOLDER --url http://127.0.0.1:8000 --token … a running server; load the rules there first:
        manage.py load_triage_rules bench/rules/hotline_zh.json --create
        manage.py load_triage_rules bench/rules/it_en.json --create

FOLDER holds zh_hotline_train_open.csv (columns subject, body, label) and en_it_tickets_train_open.csv (text, label).
Every text goes in twice with the same Idempotency-Key: both answers must name one ticket, which is graded, routed to a
team and has running clocks. Then texts graded by hand are sent without impact and urgency: `severity_60.json`, on which
the default word rules were improved, and `severity_30_unseen.json`, written afterwards and never used to change a rule.
The exit code is 1 when a text did not become exactly one such ticket, or fewer than --floor left the fallback.
In process the rows are counted too: as many tickets as texts, each with a grade, a team and running clocks.
"""

import argparse
import csv
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBJECT_WORDS = 8  # the English texts are subject and body in one line
Post = Callable[[dict, str], tuple[int, dict]]

HOTLINE = {
    "城乡建设": "zh-construction",
    "环境保护": "zh-environment",
    "交通运输": "zh-transport",
    "教育文体": "zh-education",
    "劳动和社会保障": "zh-labour",
    "商贸旅游": "zh-commerce",
    "卫生计生": "zh-health",
}


def read_hotline(folder: Path) -> list[dict]:
    rows = _rows(folder / "zh_hotline_train_open.csv")
    return [{"subject": row["subject"], "description": row["body"], "team": HOTLINE[row["label"]]} for row in rows]


def read_it(folder: Path) -> list[dict]:
    texts = []
    for row in _rows(folder / "en_it_tickets_train_open.csv"):
        subject = " ".join(row["text"].split()[:SUBJECT_WORDS])
        team = "it-" + row["label"].lower().replace(" ", "-")
        texts.append({"subject": subject, "description": row["text"], "team": team})
    return texts


def _rows(file: Path) -> list[dict]:
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


SETS = {"hotline_zh": read_hotline, "it_en": read_it}


def patient(post: Post) -> Post:
    """Wait as long as the API's rate limit says."""

    def wait_and_post(body: dict, key: str) -> tuple[int, dict]:
        while True:
            status, answer = post(body, key)
            if status != 429:
                return status, answer
            time.sleep(int(answer["retry_after"]) + 1)

    return wait_and_post


class Refused(Exception):
    """A text did not become exactly one graded, routed ticket with running clocks."""


def submit(post: Post, text: dict, key: str) -> dict:
    """Send one text twice and check the two answers."""
    body = {
        "subject": text["subject"].strip()[:200] or "-",
        "description": text["description"].strip() or "-",
        "requester": {"email": f"{key}@bench.example", "name": "Bench"},
    }
    status, ticket = post(body, key)
    again_status, again = post(body, key)
    clocks = ticket.get("clocks") or []
    if (status, again_status) != (201, 201) or ticket["number"] != again["number"]:
        raise Refused(f"{key}: answered {status} {str(ticket)[:200]}, then {again_status} {str(again)[:200]}")
    if ticket["severity"] not in "SAB" or not ticket["team"] or not ticket["reasons"]:
        raise Refused(f"{key}: not graded and routed: {ticket}")
    if not clocks or any(clock["state"] != "running" or not clock["due_at"] for clock in clocks):
        raise Refused(f"{key}: no running clocks: {clocks}")
    return ticket


def run_set(post: Post, name: str, texts: list[dict], run: str) -> float:
    """Send ``texts``, print the figures; returns the share that left the fallback."""
    pairs, numbers, grades = Counter(), set(), Counter()
    for place, text in enumerate(texts):
        ticket = submit(post, text, f"{run}-{name.replace('_', '-')}-{place}")
        numbers.add(ticket["number"])
        grades[ticket["severity"]] += 1
        codes = {reason["code"] for reason in ticket["reasons"]}
        pairs[text["team"], None if "routing.fallback" in codes else ticket["team"]] += 1
    if len(numbers) != len(texts):
        raise Refused(f"{name}: {len(texts)} texts, {len(numbers)} tickets")
    left = sum(count for (_, team), count in pairs.items() if team)
    right = sum(count for (truth, team), count in pairs.items() if truth == team)
    print(f"\n{name}: {len(texts)} texts, {len(numbers)} tickets, grades {dict(sorted(grades.items()))}")
    print(f"  left the fallback {left / len(texts):.1%}, of these right {right / max(left, 1):.1%}")
    for truth in sorted({truth for truth, _ in pairs}):
        of_class = {team: count for (one, team), count in pairs.items() if one == truth}
        total = sum(of_class.values())
        wrong = ", ".join(f"{team or 'fallback'} {n}" for team, n in Counter(of_class).most_common() if team != truth)
        print(f"  {truth:26} {of_class.get(truth, 0):3} of {total:3}   {wrong}")
    return left / len(texts)


def run_severity(post: Post, name: str, run: str) -> int:
    """Send the texts of ``name``, print how many get the grade that a person gave them; returns how many were sent."""
    texts = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    agreed, wrong = Counter(), []
    for place, text in enumerate(texts):
        ticket = submit(post, text, f"{run}-{name.replace('_', '-')}-{place}")
        agreed[text["language"]] += ticket["severity"] == text["severity"]
        if ticket["severity"] != text["severity"]:
            wrong.append(f"  {text['severity']} graded {ticket['severity']}: {text['subject']}")
    parts = ", ".join(f"{language} {count}" for language, count in sorted(agreed.items()))
    print(f"\n{name}: {sum(agreed.values())} of {len(texts)} agree with the grade given by hand ({parts})")
    print("\n".join(wrong))
    return len(texts)


def over_http(url: str, token: str) -> Post:
    def post(body: dict, key: str) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{url.rstrip('/')}/api/v1/tickets/", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")[:500]
            return error.code, {"error": text, "retry_after": error.headers.get("Retry-After", "10")}

    return post


@contextmanager
def in_process() -> Iterator[Post]:
    """A database of its own beside DATABASE_URL, with the rules and two agents for each of their teams."""
    sys.path.insert(0, str(HERE.parent))
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    import django

    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield through_client(furnish())
    finally:
        teardown_databases(made, verbosity=0)


def through_client(token: str) -> Post:
    """The API without a server between."""
    from django.test import Client

    client = Client(headers={"Authorization": f"Bearer {token}"})

    def post(body: dict, key: str) -> tuple[int, dict]:
        answer = client.post(
            "/api/v1/tickets/", body, content_type="application/json", headers={"Idempotency-Key": key}
        )
        return answer.status_code, {**answer.json(), "retry_after": answer.headers.get("Retry-After", "10")}

    return post


def furnish() -> str:
    """Load the rules, put two agents into each team; the secret of a token that may write tickets."""
    from accounts.models import Membership, Role, Team, User
    from accounts.services.tokens import issue_token
    from outbox import clock
    from tickets.rule_files import load_triage_rules

    for name in SETS:
        load_triage_rules(rules=json.loads((HERE / "rules" / f"{name}.json").read_text(encoding="utf-8")), create=True)
    agent = Role.objects.get(code="agent")
    for team in Team.objects.all():
        for number in (1, 2):
            user = User.objects.create_user(f"{team.code}-{number}@bench.example", name=f"{team.code} {number}")
            Membership.objects.create(user=user, team=team, role=agent)
    admin = User.objects.create_user("admin@bench.example", name="Bench")
    Membership.objects.create(user=admin, role=Role.objects.get(code="administrator"))
    _, secret = issue_token(
        actor=admin, user=admin, name="bench", scopes=["tickets:write"], expires_at=None, now=clock.now()
    )
    return secret


def check_rows(sent: int) -> None:
    """Look at the rows themselves, where no other tickets are.

    Raises:
        Refused: when there are not exactly ``sent`` tickets, or one has no grade, no team or no running clock.
    """
    from django.db.models import Exists, OuterRef, Q

    from sla.models import Clock
    from tickets.models import Ticket

    running = Exists(Clock.objects.filter(ticket=OuterRef("pk"), state="running"))
    odd = Ticket.objects.filter(~Q(severity__in="SAB") | Q(team=None) | ~running)
    count = Ticket.objects.count()
    print(f"rows: {count} tickets of {sent} texts, {odd.count()} without a grade, a team or a running clock")
    if count != sent:
        raise Refused(f"{sent} texts, {count} rows")
    if odd:
        raise Refused(f"no grade, team or running clock: {', '.join(odd.values_list('number', flat=True)[:10])}")


def main() -> int:
    options = parser().parse_args()
    if options.in_process:
        with in_process() as post:
            return run(patient(post), options, check=check_rows)
    return run(patient(over_http(options.url, options.token)), options)


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True, help="folder of the two CSV files")
    asked.add_argument("--set", choices=[*SETS, "all"], default="all")
    asked.add_argument("-n", type=int, default=250, help="texts of each set")
    asked.add_argument("--seed", type=int, default=20261122)
    asked.add_argument("--floor", type=float, default=0.8, help="least share that must leave the fallback")
    where = asked.add_mutually_exclusive_group(required=True)
    where.add_argument("--in-process", action="store_true")
    where.add_argument("--url")
    asked.add_argument("--token", default=os.environ.get("HELPDESK_TOKEN", ""))
    return asked


def run(post: Post, options: argparse.Namespace, check: Callable[[int], None] | None = None) -> int:
    """Send everything and print the figures; ``check`` is told how many texts there were. The exit code."""
    run_id = f"b{time.time_ns():x}"
    begun, sent, low = time.monotonic(), 0, []
    try:
        for name in SETS if options.set == "all" else [options.set]:
            texts = SETS[name](options.data)
            sample = random.Random(options.seed).sample(texts, min(options.n, len(texts)))
            share = run_set(post, name, sample, run_id)
            sent += len(sample)
            if share < options.floor:
                low.append(name)
        seconds = time.monotonic() - begun
        print(f"\n{sent} tickets, each sent twice, in {seconds:.1f} s")
        for name in ("severity_60", "severity_30_unseen"):
            sent += run_severity(post, name, run_id)
        if check:
            check(sent)
    except Refused as error:
        print(f"FAILED {error}", file=sys.stderr)
        return 1
    if low:
        print(f"FAILED below {options.floor:.0%}: {', '.join(low)}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    raise SystemExit(main())
