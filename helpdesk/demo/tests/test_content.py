"""The demo content is read by a loader that trusts it: codes resolve, counts hold, nothing is written twice."""

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
# Severity words are part of every fresh install; the demo stories must agree with them.
SEVERITY_RULES = Path(__file__).resolve().parents[3] / "tickets" / "defaults" / "severity_rules.json"
LANGUAGES = {"zh-hans", "en"}
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")


@cache
def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def codes(rows: list[dict[str, Any]]) -> set[str]:
    found = [row["code"] for row in rows]
    assert len(found) == len(set(found)), [code for code, n in Counter(found).items() if n > 1]
    return set(found)


def modules() -> dict[str, str]:
    return {module["code"]: p["code"] for p in load("catalog")["products"] for module in p["modules"]}


def versions(product: str) -> set[str]:
    return next(set(p["versions"]) for p in load("catalog")["products"] if p["code"] == product)


def fill(text: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def filled_stories() -> list[tuple[dict[str, Any], str, str]]:
    return [
        (story, fill(story["subject"], values), fill(story["description"], values))
        for story in load("tickets")
        for values in story["variants"]
    ]


def normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


@cache
def pattern(keyword: str) -> re.Pattern[str]:
    """Data README: Chinese as a substring, anything else between characters that are not Latin letters or digits."""
    if CHINESE.search(keyword):
        return re.compile(re.escape(keyword))
    end = "" if keyword.endswith("*") else r"(?![a-z0-9])"
    return re.compile(r"(?<![a-z0-9])" + re.escape(keyword.rstrip("*")) + end)


def matches(keyword: str, text: str) -> bool:
    return keyword.rstrip("*") in text and pattern(keyword).search(text) is not None


def test_counts_are_those_promised() -> None:
    people = load("people")
    assert len(people["teams"]) == 4
    assert len(people["agents"]) == 20
    assert Counter(person["role"] for person in people["others"]) == {
        "manager": 1,
        "administrator": 1,
        "product": 2,
        "rnd": 3,
    }
    assert len(people["organizations"]) == 10
    assert sum(org["service_level"] == "key_account" for org in people["organizations"]) == 3
    assert len(people["customers"]) == 30
    assert len(load("articles")) == 40
    assert len(load("surveys")) == 40
    assert len(load("tickets")) == 110
    assert len(load("triage")) >= 60


def test_people_are_distinct_and_their_codes_resolve() -> None:
    people = load("people")
    everyone = people["agents"] + people["others"] + people["customers"]
    for field in ("email", "name"):
        assert len({person[field] for person in everyone}) == len(everyone)
    teams, skills, orgs = codes(people["teams"]), codes(people["skills"]), codes(people["organizations"])
    domains = {org["code"]: org["domain"] for org in people["organizations"]}
    for agent in people["agents"]:
        assert agent["team"] in teams
        assert set(agent["skills"]) <= skills
        assert all(1 <= level <= 5 for level in agent["skills"].values())
        assert 6 <= agent["capacity"] <= 15
    for customer in people["customers"]:
        assert customer["organization"] in orgs
        assert customer["email"].endswith("@" + domains[customer["organization"]])
    for person in everyone:
        assert person["language"] in LANGUAGES
        assert person["email"].endswith(".example")
    assert 1 <= sum(agent["out_of_office"] is not None for agent in people["agents"]) <= 2


def test_each_team_has_a_lead_a_deputy_and_someone_above() -> None:
    people = load("people")
    agents = {agent["email"]: agent for agent in people["agents"]}
    others = {person["email"] for person in people["others"]}
    for team in people["teams"]:
        assert agents[team["lead"]]["team"] == agents[team["deputy"]]["team"] == team["code"]
        assert agents[team["lead"]]["role"] == "lead"
        assert team["lead"] != team["deputy"]
        assert team["next_level"] in others
    assert [team["code"] for team in people["teams"] if team["is_fallback"]] == ["service-desk"]


def test_catalogue_is_complete_and_every_skill_can_be_met() -> None:
    people, catalog = load("people"), load("catalog")
    assert len(catalog["products"]) == 3
    assert len(modules()) >= 12
    assert all(len(product["versions"]) == 3 for product in catalog["products"])
    for category in catalog["categories"]:
        assert category["team"] in codes(people["teams"])
        assert any(
            agent["team"] == category["team"] and category["skill"] in agent["skills"] for agent in people["agents"]
        ), f"no one in {category['team']} has the skill {category['skill']}"


def test_keywords_are_normalised_and_given_once() -> None:
    rules = load("triage")
    assert len({rule["name"] for rule in rules}) == len(rules)
    for rule in rules:
        keywords = rule["keywords"]
        assert len(keywords) == len(set(keywords)) >= 8
        assert all(keyword == normalise(keyword).strip() and keyword.strip("*") for keyword in keywords)
        assert any(CHINESE.search(keyword) for keyword in keywords), rule["name"]
        assert any(not CHINESE.search(keyword) for keyword in keywords), rule["name"]


def test_rules_name_known_codes() -> None:
    teams, categories = codes(load("people")["teams"]), codes(load("catalog")["categories"])
    for rule in load("triage"):
        assert rule["category"] in categories
        assert rule["team"] in teams
        assert rule["module"] is None or rule["module"] in modules()
        assert 1 <= rule["weight"] <= 5


def test_stories_give_330_distinct_subjects() -> None:
    stories = load("tickets")
    assert len({story["key"] for story in stories}) == len(stories)
    assert Counter(story["lang"] for story in stories) == {"zh-hans": 60, "en": 50}
    filled = filled_stories()
    assert len({subject for _, subject, _ in filled}) == len({text for *_, text in filled}) == 330
    assert not [subject for _, subject, text in filled if PLACEHOLDER.search(subject + text)]
    replies = [turn["body"] for story in stories for turn in story["conversation"] if len(turn["body"]) > 25]
    assert len(replies) == len(set(replies))


def test_every_variant_fills_every_placeholder() -> None:
    for story in load("tickets"):
        texts = {key: value for key, value in story.items() if key != "variants"}
        used = set(PLACEHOLDER.findall(json.dumps(texts, ensure_ascii=False)))
        assert [set(values) for values in story["variants"]] == [used] * 3, story["key"]


def test_stories_name_known_codes() -> None:
    people, catalog = load("people"), load("catalog")
    readers = {(customer["organization"], customer["language"]) for customer in people["customers"]}
    for story in load("tickets"):
        assert modules()[story["module"]] == story["product"], story["key"]
        assert story["version"] in versions(story["product"]), story["key"]
        assert story["category"] in codes(catalog["categories"]), story["key"]
        assert story["team"] in codes(people["teams"]), story["key"]
        assert story["fault_type"] in codes(catalog["fault_types"]), story["key"]
        assert set(story["tags"]) <= codes(catalog["tags"]), story["key"]
        assert story["impact"] in {None, "business", "many", "few", "one"}, story["key"]
        assert story["urgency"] in {None, "blocked", "impaired", "normal", "none"}, story["key"]
        assert (story["requester_org"], story["lang"]) in readers, story["key"]
        assert all(story[field] for field in ("cause", "solution", "verification")), story["key"]


def test_conversations_mark_only_what_the_agent_says() -> None:
    for story in load("tickets"):
        turns = story["conversation"]
        assert 2 <= len(turns) <= 6, story["key"]
        assert turns[0]["from"] == "agent", story["key"]
        for turn in turns:
            assert turn["from"] in {"agent", "customer", "note"}
            assert set(turn["marks"]) <= {"workaround", "solution_path", "progress"}
            assert turn["from"] == "agent" or not turn["marks"], story["key"]


def test_articles_are_distinct_and_name_known_codes() -> None:
    articles, catalog = load("articles"), load("catalog")
    stories = {story["key"] for story in load("tickets")}
    for field in ("key", "title", "problem", "cause", "solution"):
        assert len({article[field] for article in articles}) == 40
    assert Counter(article["language"] for article in articles) == {"zh-hans": 22, "en": 18}
    for article in articles:
        assert article["kind"] in {"solution", "faq", "howto", "manual"}
        assert article["visibility"] in {"public", "internal"}
        assert article["category"] in codes(catalog["categories"])
        assert set(article["versions"]) <= versions(modules()[article["module"]])
        assert article["fault_type"] is None or article["fault_type"] in codes(catalog["fault_types"])
        assert set(article["tags"]) <= codes(catalog["tags"])
        assert article["stories"]
        assert set(article["stories"]) <= stories


def test_surveys_are_distinct_and_unsolved_ones_rate_low() -> None:
    surveys = load("surveys")
    suggestions = [survey["suggestion"] for survey in surveys if survey["suggestion"]]
    assert len(suggestions) == len(set(suggestions))
    assert {survey["language"] for survey in surveys} == LANGUAGES
    for survey in surveys:
        assert all(1 <= survey[field] <= 5 for field in ("resolution", "speed", "attitude"))
        assert survey["suggestion"] or survey["hidden_need"]
        assert survey["solved"] or survey["resolution"] <= 2


def test_the_default_rules_route_the_stories_to_their_teams() -> None:
    """Own stories, so no measure of quality elsewhere: it tells that rules and stories speak of one catalogue."""
    hits, wrong = 0, []
    for story, subject, description in filled_stories():
        text = normalise(f"{subject}\n{description}")
        scores: Counter[tuple[str, str]] = Counter()
        for rule in load("triage"):
            found = sum(matches(keyword, text) for keyword in rule["keywords"])
            scores[rule["category"], rule["team"]] += rule["weight"] * found
        (_, team), score = scores.most_common(1)[0]
        if score and team == story["team"]:
            hits += 1
        else:
            wrong.append(story["key"])
    assert hits >= 0.9 * 330, wrong


def test_the_words_of_data_loss_are_found_and_found_nowhere_else() -> None:
    rules = [rule for rule in json.loads(SEVERITY_RULES.read_text(encoding="utf-8")) if rule["data_loss"]]
    assert rules
    for story, subject, description in filled_stories():
        text = normalise(f"{subject}\n{description}")
        fires = [
            rule["name"]
            for rule in rules
            if any(matches(keyword, text) for keyword in rule["keywords"] if not keyword.startswith("!"))
            and not any(matches(keyword[1:], text) for keyword in rule["keywords"] if keyword.startswith("!"))
        ]
        assert bool(fires) == story["data_loss"], (story["key"], fires)
