"""Vectors, questions and rank, on the real database."""

import pytest
from django.db import connection

from search.vectors import WEIGHTS, document_literal, query

pytestmark = pytest.mark.django_db


def order(question: str, documents: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Names of the documents that answer ``question``, best first."""
    sought = query(question)
    if sought is None:
        return []
    scores = {}
    with connection.cursor() as cursor:
        for name, parts in documents.items():
            cursor.execute(
                "SELECT ts_rank(%s::real[], d, q, 1) FROM (SELECT %s::tsvector AS d, %s::tsquery AS q) AS x "
                "WHERE d @@ q",
                [WEIGHTS, document_literal(*parts), sought.literal],
            )
            row = cursor.fetchone()
            if row:
                scores[name] = row[0]
    return sorted(scores, key=scores.get, reverse=True)


def test_title_outweighs_text_and_unrelated_is_not_found():
    documents = {
        "text": [("A", "网关超时"), ("C", "偶尔会登录失败")],
        "title": [("A", "登录失败"), ("C", "网关超时")],
        "other": [("A", "发票抬头修改")],
    }
    assert order("登录失败怎么办", documents) == ["title", "text"]


def test_a_typo_finds_and_the_right_spelling_ranks_higher():
    documents = {
        "right": [("A", "Reset a password")],
        "near": [("A", "Reset a passport")],
        "other": [("A", "Invoices")],
    }
    assert order("forgot my pasword", documents) == ["right"]
    assert order("password", documents)[0] == "right"


def test_length_does_not_win():
    padding = " ".join(f"word{i}" for i in range(3000))
    documents = {
        "long": [("C", f"gateway {padding}")],
        "short": [("C", "gateway restarts")],
    }
    assert order("gateway", documents) == ["short", "long"]


@pytest.mark.parametrize(
    "text", ["it's 'quoted' \\ back", "C:\\new\\folder", "<script>", "a:1A,2B | !x & (y)", "~slip"]
)
def test_odd_characters_make_valid_literals(text):
    documents = {"self": [("A", text)]}
    assert order(text, documents) == ["self"]


def test_a_huge_text_stays_inside_the_limits_of_the_server():
    text = " ".join(f"identifier{i}suffix{i * 7}" for i in range(40_000)) + "数据库连接池耗尽" * 20_000
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s::tsvector), pg_column_size(%s::tsvector)", [document_literal(("A", text))] * 2)
        lexemes, size = cursor.fetchone()
    assert lexemes > 1000
    assert size < 1_000_000


def test_a_question_is_capped():
    sought = query(" ".join(f"alpha{i}beta" for i in range(5000)))
    assert sought.literal.count("|") < 200


def test_no_question_without_a_token():
    assert query("  的 了 ,.;") is None
