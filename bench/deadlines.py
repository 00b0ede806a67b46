"""What a sweep costs with 10,000, 100,000 and 1,000,000 running clocks, beside the floor of this very run.

    python bench/deadlines.py [--quick] [--sizes 10000 1000000] [--repeat 3] [--live]

Three cases of each size: nothing due, 1 % due (of the last ten minutes), 10,000 due at one instant; this one also by as
many sweeps side by side as an installation has worker processes for them. The floor (`deadlines_floor.sql`) reads and
writes the same rows by plain set-based SQL in one transaction; whether both left the
same rows is compared. `--live` measures instead how long after the due instant an escalation is recorded, with beat,
workers and web under load (`deadlines_live.py`).

How: an embedded PostgreSQL of its own with the planner's default settings, safe on disk as in production; each database
is made by `manage.py generate_load`, vacuumed and analysed once. Every single run gets a fresh copy of it and a fresh
process, which first reads the rows in question once, so that both find them in memory. Ours and floor take turns;
shown is the median (of a sweep that finds nothing, each time the quickest of fifty), and beside it the processor's time
of both sides of the connection, which says more on a machine that others use too. The exit code is 1 when a case asks
too much or the rows differ; it does not judge times.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.cluster import Cluster  # noqa: E402
from helpdesk.launcher.commands import WORKERS  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
AT_ONCE = 10_000
IDLE_SWEEPS = 50
MOST_QUERIES = 2  # of a sweep that finds nothing
FLOOR = Path(__file__).with_name("deadlines_floor.sql")
ROWS = Path(__file__).with_name("deadlines_rows.sql")
# The floor of a sweep that finds nothing: one question, in the words of the claim.
ASK = """
    SELECT c.id FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
    WHERE c.state = 'running' AND c.breached_at IS NULL AND c.due_at < %s
    ORDER BY c.due_at, c.id LIMIT 500 FOR UPDATE OF t, c SKIP LOCKED
"""


def main() -> int:
    options = parser().parse_args()
    if options.measure:
        from bench import deadlines_measure

        print(json.dumps(deadlines_measure.measure(options.measure, idle=options.idle, meet=options.meet)))
        return 0
    sizes = [SIZES[0]] if options.quick else options.sizes
    with tempfile.TemporaryDirectory(prefix="deadlines-") as folder, Cluster(Path(folder)) as cluster:
        if options.live:
            from bench import deadlines_live

            return deadlines_live.run(cluster, running=sizes[0])
        return run(cluster, sizes, repeat=1 if options.quick else options.repeat)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="10,000 running clocks, each case once")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many running clocks")
    options.add_argument("--repeat", type=int, default=3, help="how often each case is measured")
    options.add_argument("--live", action="store_true", help="how soon an escalation is recorded, under load")
    options.add_argument("--measure", choices=("ours", "floor"), help=argparse.SUPPRESS)  # one run, in its own process
    options.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--meet", type=Path, help=argparse.SUPPRESS)  # the folder where the sweeps of a run meet
    return options


@dataclass
class Case:
    name: str
    arguments: tuple[str, ...]
    idle: bool = False
    sweeps: int = 1


def cases(running: int) -> list[Case]:
    one_percent = ("--due", str(running // 100))
    at_once = ("--due", str(AT_ONCE), "--at-once")
    workers = WORKERS["ticks"]
    return [
        Case("nothing due", one_percent, idle=True),
        Case("1 % due", one_percent),
        Case(f"{AT_ONCE:,} at once", at_once),
        Case(f"by {workers} sweeps", at_once, sweeps=workers),
    ]


def run(cluster: Cluster, sizes: list[int], *, repeat: int) -> int:
    """Measure and print every case; returns the exit code."""
    found, idle = [], {}
    for running in sizes:
        print(f"\n{running:,} running clocks", flush=True)
        made: tuple[str, ...] = ()
        for case in cases(running):
            if case.arguments != made:
                cluster.generate("generated", "--tickets", str(running // 2), *case.arguments)
                made = case.arguments
            ours, floor = _take_turns(cluster, case, repeat)
            _line(case, ours, floor)
            if case.idle:
                idle[running] = statistics.median(one["ms"] for one in ours)
            found += [f"{running:,}, {case.name}: {fault}" for fault in faults(case, ours, floor)]
    if len(idle) > 1:
        least, most = min(idle), max(idle)
        print(f"\nnothing due: {most:,} clocks cost {idle[most] / idle[least]:.2f} × what {least:,} cost")
    for fault in found:
        print(f"✗ {fault}", file=sys.stderr)
    return 1 if found else 0


def _take_turns(cluster: Cluster, case: Case, repeat: int) -> tuple[list[dict], list[dict]]:
    runs: dict[str, list[dict]] = {"ours": [], "floor": []}
    for turn in range(repeat):
        for who, found in runs.items():
            cluster.copy("generated", "measured")
            measured = _measure(cluster, case, who)
            rows = {} if turn else dict(cluster.do(ROWS.read_text(), database="measured"))
            found.append(measured | {"rows": rows})
    return runs["ours"], runs["floor"]


def _measure(cluster: Cluster, case: Case, who: str) -> dict:
    """One run; of several sweeps from the start of the first to the end of the last."""
    with tempfile.TemporaryDirectory(prefix="meet-") as folder:
        command = ("bench/deadlines.py", "--measure", who, *(["--idle"] if case.idle else []), "--meet", folder)
        sweeps = case.sweeps if who == "ours" else 1
        environment = {"TEST_CLOCK": "1" if case.idle else "0", "SWEEPS": str(sweeps)}
        runs = [json.loads(said) for said in cluster.together("measured", [command] * sweeps, **environment)]
    if sweeps == 1:
        return runs[0]
    whole = {name: sum(run[name] for run in runs) for name in ("cpu_ms", "queries")}
    spent = max(run["ended"] for run in runs) - min(run["began"] for run in runs)
    whole |= {name: max(run[name] for run in runs) for name in ("escalations", "peak_mb", "grown_mb")}
    return whole | {"ms": spent * 1000}


def faults(case: Case, ours: list[dict], floor: list[dict]) -> list[str]:
    """What is wrong with a case, whatever it took: too many questions, or rows that differ from the floor's."""
    found = []
    if case.idle and ours[0]["queries"] > MOST_QUERIES:
        found.append(f"{ours[0]['queries']} queries to find nothing")
    for name, rows in floor[0]["rows"].items():
        if ours[0]["rows"][name] != rows:
            found.append(f"{name} differ: {ours[0]['rows'][name]}, the floor {rows}")
    return found


def _line(case: Case, ours: list[dict], floor: list[dict]) -> None:
    ms, least = (statistics.median(one["ms"] for one in runs) for runs in (ours, floor))
    queries, escalations = ours[0]["queries"], ours[0]["escalations"]
    rate = f"{escalations / ms * 1000:8,.0f} escalations/s" if escalations else ""
    memory = f"{max(one['peak_mb'] for one in ours):4.0f} MB (+{max(one['grown_mb'] for one in ours):.0f})"
    times = f"{ms:9.2f} ms, floor {least:9.2f} ms: {ms / least:5.2f} ×"
    if not case.idle:
        busy, least_busy = (statistics.median(one["cpu_ms"] for one in runs) for runs in (ours, floor))
        times += f"  (CPU {busy:6.0f} ms, floor {least_busy:6.0f} ms: {busy / least_busy:4.2f} ×)"
    print(f"  {case.name:<15}{queries:4} queries {times}  {memory}  {rate}", flush=True)


def peak_mb() -> float:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


BEHIND = timedelta(hours=1)  # where the clock stands when nothing is due yet

if __name__ == "__main__":
    sys.exit(main())
