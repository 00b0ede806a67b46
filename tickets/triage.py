"""What a ticket is about and which team takes it (mission.md 3.1–3.2), by the administrator's keyword rules.

Rules that name the same category and team speak together: the sum over their keywords of the rule's weight, each
distinct keyword once, twice if it stands in the subject. The highest sum wins; the rule first in order breaks a tie.
What the customer said (category, module) always stands; the words then only fill in the rest.
"""

from dataclasses import dataclass, field, replace

from accounts.models import Team
from catalog.models import Category, Module, Version
from tickets.grading import MOST_WORDS_SHOWN
from tickets.models import TriageRule
from tickets.rulebook import Rulebook, triage_rules

SUBJECT_FACTOR = 2
#: Reasons that say nothing but which team it is.
_OF_TEAMS = frozenset({"routing.fallback", "routing.module", "routing.category"})


@dataclass(frozen=True)
class Routing:
    """Where a ticket goes. ``reasons`` are stored in `Ticket.routing`; ``is_fallback``: nobody knew better."""

    category: Category | None
    module: Module | None
    team: Team | None
    score: int = 0
    reasons: list[dict] = field(default_factory=list)
    is_fallback: bool = False


@dataclass
class _Candidate:
    """The rules that speak for one category and team."""

    rules: list[tuple[int, TriageRule]] = field(default_factory=list)
    words: dict[str, None] = field(default_factory=dict)
    score: int = 0

    def module_ids(self) -> list[int]:
        """The modules that its rules name, the best first."""
        named = [(score, -rule.position, -rule.pk, rule.module_id) for score, rule in self.rules if rule.module_id]
        return list(dict.fromkeys(each[3] for each in sorted(named, reverse=True)))


def classify(
    *,
    subject: str,
    description: str,
    category: Category | None = None,
    module: Module | None = None,
    version: Version | None = None,
) -> Routing:
    """Find category, module and team. ``category``, ``module`` and ``version`` are what the customer said.

    No word adds a module of another product than that of ``version``.
    """
    book = triage_rules()
    winner = _winner(book, subject=subject, description=description, category=category)
    reasons: list[dict] = [{"code": "routing.said", kind: both_names(row)} for kind, row in _said(category, module)]
    if winner:
        rule = winner.rules[0][1]
        names = [rule.name for _, rule in winner.rules[:MOST_WORDS_SHOWN]]
        words = list(winner.words)[:MOST_WORDS_SHOWN]
        reasons.append({"code": "routing.keywords", "found": words, "rules": names, "score": winner.score})
        category = category or _get(Category.objects.select_related("team", "skill"), rule.category_id)
        module = module or _module_of(winner, version)
        team = _get(Team.objects.all(), rule.team_id)
    else:
        team = _team_of_module(book, module)
        if team:
            reasons.append({"code": "routing.module", "module": both_names(module), "team": both_names(team)})
    if team is None and category and category.team_id:
        team = category.team
        reasons.append({"code": "routing.category", "category": both_names(category), "team": both_names(team)})
    is_fallback = team is None
    if team is None:
        team = fallback_team()
        reasons.append({"code": "routing.fallback"})
    return Routing(category, module, team, winner.score if winner else 0, reasons, is_fallback)


def to_team(routing: Routing, team: Team | None) -> Routing:
    """The same way to another ``team``, which the door that a ticket came in by names; None changes nothing."""
    if team is None:
        return routing
    reasons = [reason for reason in routing.reasons if reason["code"] not in _OF_TEAMS]
    reasons.append({"code": "routing.door", "team": both_names(team)})
    return replace(routing, team=team, reasons=reasons, is_fallback=False)


def to_spare_team(routing: Routing, team: Team | None) -> Routing:
    """The same way, to ``team`` if no rule knew better; None changes nothing."""
    if team is None or not routing.is_fallback:
        return routing
    reasons = [reason for reason in routing.reasons if reason["code"] != "routing.fallback"]
    reasons.append({"code": "routing.mailbox", "team": both_names(team)})
    return replace(routing, team=team, reasons=reasons)


def fallback_team() -> Team | None:
    """Who takes what no rule routes: the team marked so, else the first one; None only where there are no teams."""
    return Team.objects.order_by("-is_fallback", "id").first()


def both_names(row) -> dict[str, str]:
    """A bilingual name as facts for a reason, so that showing it needs no query and survives a deleted row."""
    return {"name": row.name, "name_en": row.name_en}


def remarks(reasons: list[dict]) -> list[dict]:
    """Of the reasons of a ticket those that say what was sent and could not be used; they outlive a new assignee."""
    return [reason for reason in reasons if reason["code"].endswith(("_unknown", "_ambiguous"))]


def _said(category: Category | None, module: Module | None) -> list[tuple]:
    return [(kind, row) for kind, row in (("category", category), ("module", module)) if row is not None]


def _get(rows, pk: int | None):
    # A rule may be kept for a moment longer than the row that it names.
    return rows.filter(pk=pk).first() if pk else None


def _module_of(winner: _Candidate, version: Version | None) -> Module | None:
    wanted = winner.module_ids()
    found = Module.objects.in_bulk(wanted) if wanted else {}
    fitting = (found[pk] for pk in wanted if pk in found)
    return next((row for row in fitting if version is None or row.product_id == version.product_id), None)


def _winner(book: Rulebook, *, subject: str, description: str, category: Category | None) -> _Candidate | None:
    in_subject = book.find(subject)
    found = book.find(subject, description)
    candidates: dict[tuple, _Candidate] = {}
    for place in found.groups():
        rule = book.rules[place]
        if category and rule.category_id not in (None, category.pk):
            continue
        words = found.words(place)
        score = rule.weight * (len(words) + (SUBJECT_FACTOR - 1) * len(in_subject.words(place)))
        candidate = candidates.setdefault((rule.category_id, rule.team_id), _Candidate())
        candidate.rules.append((score, rule))
        candidate.words.update(dict.fromkeys(words))
        candidate.score += score
    return max(candidates.values(), key=lambda one: one.score, default=None)


def _team_of_module(book: Rulebook, module: Module | None) -> Team | None:
    """Where no word speaks: the team that most rules for the customer's module name."""
    if module is None:
        return None
    votes: dict[int, int] = {}
    for rule in book.rules:
        if rule.module_id == module.pk and rule.team_id:
            votes[rule.team_id] = votes.get(rule.team_id, 0) + rule.weight
    return _get(Team.objects.all(), max(votes, key=lambda pk: (votes[pk], -pk))) if votes else None
