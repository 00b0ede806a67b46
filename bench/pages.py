"""What the pages of an agent cost with 10,000, 100,000 and 1,000,000 tickets, beside an empty page of the same run.

    python bench/pages.py [--quick] [--sizes 10000 1000000] [--seconds 4] [--rounds 3] [--peer] [--no-browser]

Pages: the queue (50 rows; of an agent, and of a manager, who sees every team), a ticket with a conversation of four
messages, the search for Chinese and English words, and an empty view for the same signed-in person behind the same
middleware. `--peer` adds django-helpdesk from PyPI with as many rows (`pages_peer.py`). In the end a browser weighs the
pages and times what a person does on them (`pages_browser.py`; `--no-browser` leaves it out).

How: an embedded PostgreSQL of its own with the planner's default settings; each database is made by `manage.py
generate_load` (20 % open, 20 teams) and vacuumed once. Each size has its own gunicorn, two workers as in production;
eight people ask on 127.0.0.1, each for the next page when the last has come. All pages of all sizes take turns in
rounds; shown is the median round. CPU is that of the two workers, which says more on a machine that others use too.
The exit code judges queries, bytes and failed answers, never times.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.cluster import Cluster  # noqa: E402
from bench.pages_load import Figures, Site, measure  # noqa: E402

SIZES = (10_000, 100_000, 1_000_000)
QUICK = 2_000
MOST_QUERIES = {"queue": 12, "ticket": 20}
MOST_GROWTH, MOST_EMPTY = 1.3, 40
EMPTY = "empty"


def main() -> int:
    options = parser().parse_args()
    sizes = [QUICK] if options.quick else sorted(options.sizes)
    seconds, rounds = (1.0, 1) if options.quick else (options.seconds, options.rounds)
    with tempfile.TemporaryDirectory(prefix="pages-") as folder, ExitStack() as running:
        cluster = running.enter_context(Cluster(Path(folder)))
        prepare(cluster)
        sites = {size: running.enter_context(open_site(cluster, size)) for size in sizes}
        found = run(sites, seconds=seconds, rounds=rounds)
        if options.peer:
            from bench import pages_peer

            pages_peer.run(cluster, tickets=sizes[0], seconds=seconds, rounds=rounds)
        if not options.no_browser:
            from bench import pages_browser

            found += pages_browser.run(sites[sizes[0]])
    for fault in found:
        print(f"✗ {fault}", file=sys.stderr)
    return 1 if found else 0


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help=f"{QUICK:,} tickets, one short round")
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many tickets")
    options.add_argument("--seconds", type=float, default=4, help="how long each page is asked for in a round")
    options.add_argument("--rounds", type=int, default=3, help="how often each page has its turn")
    options.add_argument("--peer", action="store_true", help="measure django-helpdesk beside it (needs PyPI)")
    options.add_argument("--no-browser", action="store_true", help="leave out bytes and interactions")
    return options


def prepare(cluster: Cluster) -> None:
    """What every site needs: compiled translations and collected files, as `make up` makes them."""
    from helpdesk.launcher.catalogues import compile_catalogues

    compile_catalogues(ROOT / "locale")
    os.environ["STATIC_ROOT"] = str(cluster.home.root / "static")
    cluster.manage("empty", "collectstatic", "--noinput", "-v0")


def open_site(cluster: Cluster, size: int) -> Site:
    """A database of ``size`` tickets and the server in front of it."""
    name = f"pages_{size}"
    cluster.generate(name, "--tickets", str(size), "--closed", "80", "--messages", "4")
    scene = json.loads(cluster.python(name, "-m", "bench.pages_scene", DJANGO_SETTINGS_MODULE="bench.pages_settings"))
    cluster.do("VACUUM ANALYZE", database=name)
    return Site(cluster, name, scene)


def run(sites: dict[int, Site], *, seconds: float, rounds: int) -> list[str]:
    """Measure every page of every size in turns, print the table; returns what is wrong."""
    runs: dict[tuple[int, str], list[Figures]] = {}
    for _ in range(rounds):
        for size, site in sites.items():
            for page in site.visits:
                runs.setdefault((size, page), []).append(measure(site, page, seconds=seconds))
    middle = {key: _median(some) for key, some in runs.items()}
    found = []
    for size, site in sites.items():
        print(f"\n{size:,} tickets{'':<13}queries    req/s   ms p50   CPU ms   × empty   time × {min(sites):,}")
        for page in site.visits:
            of = middle[size, page]
            empty, least = middle[size, EMPTY], middle[min(sites), page]
            _line(page, site.queries.get(page), of, times=of.cpu_ms / empty.cpu_ms, growth=least.rate / of.rate)
            if of.failed:
                found.append(f"{size:,}, {page}: {of.failed} requests failed")
        found += [f"{size:,}, {fault}" for fault in faults(site.queries)]
    return found


def faults(queries: dict[str, int]) -> list[str]:
    """Pages that ask too many questions."""
    return [
        f"{page}: {queries[page]} queries, at most {most}"
        for page, most in MOST_QUERIES.items()
        if queries[page] > most
    ]


def _median(runs: list[Figures]) -> Figures:
    """Of several rounds, each figure by itself; nothing that failed is forgotten."""
    rate, p50, cpu = (statistics.median(getattr(one, name) for one in runs) for name in ("rate", "p50_ms", "cpu_ms"))
    return Figures(rate, p50, cpu, sum(one.failed for one in runs))


def _line(page: str, queries: int | None, of: Figures, *, times: float, growth: float) -> None:
    print(
        f"  {page:<24}{'' if queries is None else queries:>7}{of.rate:>9.1f}{of.p50_ms:>9.1f}{of.cpu_ms:>9.2f}"
        f"{times:>9.1f}{'' if page == EMPTY or times <= MOST_EMPTY else ' !'}"
        f"{growth:>12.2f}{'' if growth <= MOST_GROWTH else ' !'}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
