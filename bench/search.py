"""How well our search finds: hit@1, hit@5 and MRR@10 on the open search sets, beside the published baselines.

    HELPDESK_TEST_DATA=/path/to/data python -m bench.search [set ...]

Uses DATABASE_URL, in a temporary table that is gone at the end. Nothing is tuned per set.
"""

import json
import os
import sys
import time
from pathlib import Path

import django
from django.db import connection

from search.vectors import WEIGHTS, document_literal, query

_SETS = ("zh_general", "zh_websearch", "zh_alipay", "en_stackexchange", "zh_hotline_qa")


def main() -> None:
    """Print one table per set."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    folder = Path(os.environ.get("HELPDESK_TEST_DATA", "")) / "search"
    if not folder.is_dir():
        sys.exit("Set HELPDESK_TEST_DATA to the folder of the shared test data.")
    baselines = json.loads((folder / "baselines.json").read_text())
    for name in sys.argv[1:] or _SETS:
        documents, questions = _read(folder, name)
        figures = _measure(documents, questions)
        print(f"\n{name}: {len(documents)} documents, {len(questions)} open questions")
        _line("ours", figures)
        for row in baselines:
            if row["dataset"] == name and row.get("split") in ("open", None):
                _line(f"{row['method']} {row['tokens']}", row)


def _read(folder: Path, name: str) -> tuple[list[dict], list[dict]]:
    if name == "zh_hotline_qa":
        rows = json.loads((folder / "zh_hotline_qa_open.json").read_text())
        documents = [{"id": row["id"], "text": row["official_answer"]} for row in rows]
        return documents, [{"text": f"{row['subject']} {row['question']}", "relevant": [row["id"]]} for row in rows]
    documents = json.loads((folder / f"{name}_docs.json").read_text())
    return documents, json.loads((folder / f"{name}_queries_open.json").read_text())


def _measure(documents: list[dict], questions: list[dict]) -> dict:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_document")
        cursor.execute("CREATE TEMPORARY TABLE bench_document (id text, tokens tsvector)")
        cursor.executemany(
            "INSERT INTO bench_document VALUES (%s, %s)",
            [(document["id"], document_literal(("C", document["text"]))) for document in documents],
        )
        cursor.execute("CREATE INDEX ON bench_document USING gin (tokens)")
        cursor.execute("ANALYZE bench_document")
        hits1 = hits5 = reciprocal = 0.0
        began = time.monotonic()
        for question in questions:
            found = _ask(cursor, question["text"])
            ranks = [place for place, found_id in enumerate(found, 1) if found_id in question["relevant"]]
            first = min(ranks, default=0)
            hits1 += first == 1
            hits5 += 1 <= first <= 5
            reciprocal += 1 / first if first else 0
    count = len(questions)
    spent = (time.monotonic() - began) * 1000 / count
    return {
        "hit_at_1": hits1 / count, "hit_at_5": hits5 / count, "mrr_at_10": reciprocal / count, "ms_per_query": spent
    }  # fmt: skip


def _ask(cursor, text: str) -> list[str]:
    sought = query(text)
    if sought is None:
        return []
    cursor.execute(
        "SELECT id FROM bench_document, (SELECT %s::tsquery AS q) AS question WHERE tokens @@ q "
        "ORDER BY ts_rank(%s::real[], tokens, q, 1) DESC, id LIMIT 10",
        [sought.literal, WEIGHTS],
    )
    return [row[0] for row in cursor.fetchall()]


def _line(label: str, row: dict) -> None:
    def shown(value: float | None) -> str:
        return "     -" if value is None else f"{value:6.3f}"

    figures = "  ".join(f"{key} {shown(row.get(key))}" for key in ("hit_at_1", "hit_at_5", "mrr_at_10"))
    print(f"  {label[:74]:<74}  {figures}  {row.get('ms_per_query') or 0:6.1f} ms")


if __name__ == "__main__":
    main()
