"""Search tokens as PostgreSQL values: a document's ``tsvector``, a question's ``tsquery``, and the rank between them.

Both are written as literals, not by ``to_tsvector``, whose parser would cut our tokens again. Callers keep the
vector in a ``SearchVectorField`` under a GIN index::

    Article.objects.filter(pk=pk).update(tokens=document_vector(("A", title), ("C", text)))
    best(Article.objects.visible_to(user), query(text), limit=10)
"""

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from search.tokens import Token, scan

# PostgreSQL's limits: 1 MB a vector, positions up to 16383, 256 positions a lexeme. We stay well inside.
_MAX_BYTES = 400_000
_MAX_POSITION = 16_000
_MAX_REPEATS = 64
_WEAKER = {"A": "B", "B": "C", "C": "D", "D": "D"}
WEIGHTS = [0.1, 0.25, 0.5, 1.0]  # of D, C, B, A
WINDOW = 20_000  # the newest rows, among which `best` looks first
MAX_STRONG = 64
MAX_WEAK = 96


class TokenQuery(SearchQuery):
    """A ``tsquery`` given as a literal of finished tokens, so that no parser touches them.

    Attributes:
        strict: the narrower question for texts that have all the words; None when there is one word only.
    """

    def __init__(self, literal: str, strict: "TokenQuery | None" = None) -> None:
        super().__init__(literal, search_type="raw")
        self.literal = literal
        self.strict = strict

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> Any:
        """The literal, cast. The parameters are a list, because lookups add theirs to it."""
        return "%s::tsquery", [self.literal]


def document_vector(*parts: tuple[str, str]) -> Cast:
    """The vector of a document from ``(weight, text)`` pairs, the weights being A (a title) to D.

    What would not fit in a vector is left out from the end, so name the most telling part first.
    """
    return Cast(Value(document_literal(*parts)), SearchVectorField())


def document_literal(*parts: tuple[str, str]) -> str:
    """The text form of `document_vector`."""
    places: dict[str, list[str]] = {}
    size = position = 0
    for weight, text in parts:
        for token in scan(text or ""):
            places_of = places.get(token.text)
            if places_of is None:
                size += len(token.text.encode()) + 8
                if size > _MAX_BYTES:
                    return _literal(places)
                places_of = places[token.text] = []
            if token.text.startswith("~"):
                continue  # no position: it says «near this word», and how often does not matter
            position = min(position + (not token.weak), _MAX_POSITION)
            if len(places_of) < _MAX_REPEATS:
                places_of.append(f"{position or 1}{_WEAKER[weight] if token.weak else weight}")
    return _literal(places)


def query(text: str) -> TokenQuery | None:
    """The question ``text``: any of its tokens, the first ones when it is long. None when nothing can be sought."""
    strong: dict[str, None] = {}
    weak: dict[str, None] = {}
    for token in scan(text):
        kept, most = (weak, MAX_WEAK) if token.weak else (strong, MAX_STRONG)
        if len(kept) < most:
            kept[token.text] = None
        elif len(strong) >= MAX_STRONG and len(weak) >= MAX_WEAK:
            break
    if not strong and not weak:
        return None
    strict = TokenQuery(" & ".join(map(_quoted, strong))) if len(strong) > 1 else None
    return TokenQuery(" | ".join(map(_quoted, [*strong, *weak])), strict)


def rank(query: TokenQuery, field: str = "tokens") -> SearchRank:
    """How well ``field`` answers ``query``, divided by the logarithm of its length, so that long texts do not win."""
    return SearchRank(F(field), query, weights=WEIGHTS, normalization=Value(1))


def best(queryset: QuerySet, query: TokenQuery, *, limit: int, field: str = "tokens") -> Any:
    """The ``limit`` best answers, best first, each with its ``rank``; one query more asks how many rows there are.

    To rank everything that has one common word costs the more, the more rows there are. So in a large table what has
    all the words comes before what has some, and the newest `WINDOW` rows before older ones: PostgreSQL goes on to the
    next of these parts only while it has fewer than ``limit`` answers.

    Only the keys of the answers come from ``queryset``. What is to be read along (`select_related`, `only`, further
    annotations) is asked of what is returned.
    """
    rows = queryset.model._default_manager
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        if newest <= WINDOW:
            found: Any = _ranked(queryset.filter(**{field: query}), query, field)[:limit]
        else:
            found = _in_parts(queryset, query, field, beyond=newest - WINDOW, limit=limit)
    except EmptyResultSet:
        return rows.none()
    return rows.filter(pk__in=found).annotate(rank=rank(query, field)).order_by("-rank", "-pk")[:limit]


def _ranked(queryset: QuerySet, query: TokenQuery, field: str) -> QuerySet:
    return queryset.order_by(rank(query, field).desc(), "-pk").values("pk")


def _in_parts(queryset: QuerySet, query: TokenQuery, field: str, *, beyond: int, limit: int) -> RawSQL:
    """The keys of the most promising answers, part by part: those that are newer than the key ``beyond``, and others.

    The new rows are read once for both of their parts. The LIMIT, which never bites, keeps PostgreSQL from comparing
    words before rights: comparing costs tenfold, and most rows of a large table are somebody else's.
    """
    new = queryset.filter(pk__gt=beyond).order_by("-pk").values("pk", field)[:WINDOW].query.sql_with_params()
    old, whole = queryset.filter(pk__lte=beyond), query.strict or query
    of_old = [old.filter(**{field: whole})]
    if query.strict:
        of_old.append(old.filter(**{field: query}).exclude(**{field: whole}))
    parts: list[tuple[str, tuple]] = []
    for condition, rows in zip(("whole", "NOT whole"), of_old, strict=False):
        found = f"SELECT pk FROM new WHERE {condition} ORDER BY rank DESC, pk DESC LIMIT %s"  # nosec B608: two words
        parts.append((found, (limit,)))
        parts.append(_ranked(rows, query, field)[:limit].query.sql_with_params())
    both = " UNION ALL ".join(f"({sql})" for sql, _ in parts)
    # All that is put in here was made by Django or stands above; what people typed are parameters.
    statement = f"""
        WITH new AS MATERIALIZED (
            SELECT pk, ts_rank(%s::real[], tokens, %s::tsquery, 1) AS rank, tokens @@ %s::tsquery AS whole
            FROM ({new[0]}) AS seen (pk, tokens) WHERE tokens @@ %s::tsquery
        )
        SELECT pk FROM ({both}) AS found (pk) LIMIT %s
    """  # nosec B608
    asked = [WEIGHTS, query.literal, whole.literal, *new[1], query.literal]
    return RawSQL(statement, [*asked, *(value for _, values in parts for value in values), limit])  # nosec B611


def _literal(places: dict[str, list[str]]) -> str:
    return " ".join(_quoted(token) + (":" + ",".join(at) if at else "") for token, at in places.items())


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


__all__ = ["Token", "TokenQuery", "best", "document_literal", "document_vector", "query", "rank"]
