"""Category, module and team by keyword rules, and what is kept of the rules between two tickets."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from accounts.models import Team
from accounts.tests.factories import TeamFactory, UserFactory, give_role
from catalog.models import Category, Module, Product, Version
from tickets.models import Ticket, TriageRule
from tickets.rulebook import triage_rules
from tickets.triage import classify, fallback_team
from tickets.wording import reason_texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> dict:
    Team.objects.update(is_fallback=False)
    rest = TeamFactory(code="rest", is_fallback=True)
    identity, data = TeamFactory(code="identity"), TeamFactory(code="data-team")
    product = Product.objects.create(code="p", name="P")
    return {
        "rest": rest,
        "identity": identity,
        "data": data,
        "account": Category.objects.create(code="c-account", name="账号", name_en="Account", team=identity),
        "loss": Category.objects.create(code="c-data", name="数据", name_en="Data", team=data),
        "lonely": Category.objects.create(code="c-lonely", name="无主"),
        "sso": Module.objects.create(code="m-sso", name="SSO", product=product),
        "mfa": Module.objects.create(code="m-mfa", name="MFA", product=product),
    }


def rule(name: str, keywords: list[str], **fields) -> TriageRule:
    return TriageRule.objects.create(name=name, keywords=keywords, **fields)


def test_words_add_no_module_of_another_product_than_the_versions(world: dict) -> None:
    other = Product.objects.create(code="q", name="Q")
    cache = Module.objects.create(code="q-cache", name="Cache", product=other)
    team = {"category": world["account"], "team": world["identity"]}
    rule("first", ["alpha"], module=world["sso"], weight=5, **team)
    rule("second", ["alpha"], module=cache, **team)
    words = {"subject": "alpha", "description": ""}
    assert classify(**words).module == world["sso"]
    assert (
        classify(**words, version=Version.objects.create(product=world["sso"].product, name="1")).module
        == (world["sso"])
    )
    assert classify(**words, version=Version.objects.create(product=other, name="1")).module == cache
    third = Product.objects.create(code="r", name="R")
    routing = classify(**words, version=Version.objects.create(product=third, name="1"))
    assert (routing.module, routing.category, routing.team) == (None, world["account"], world["identity"])


def test_no_rule_goes_to_the_fallback_team(world: dict) -> None:
    routing = classify(subject="x", description="y")
    assert (routing.team, routing.category, routing.is_fallback, routing.score) == (world["rest"], None, True, 0)
    assert routing.reasons == [{"code": "routing.fallback"}]


def test_without_a_fallback_team_the_first_one_takes_it(world: dict) -> None:
    Team.objects.update(is_fallback=False)
    assert fallback_team() == Team.objects.order_by("id").first()


def test_without_any_team_nobody_takes_it() -> None:
    Team.objects.all().delete()
    routing = classify(subject="x", description="y")
    assert (routing.team, routing.is_fallback) == (None, True)


def test_the_heaviest_sum_wins_and_rules_of_one_pair_speak_together(world: dict) -> None:
    rule("one", ["alpha"], weight=5, category=world["account"], team=world["identity"])
    rule("two", ["beta"], weight=3, category=world["loss"], team=world["data"])
    rule("three", ["gamma"], weight=3, category=world["loss"], team=world["data"])
    routing = classify(subject="x", description="alpha beta gamma")
    assert (routing.category, routing.team, routing.score) == (world["loss"], world["data"], 6)
    assert routing.reasons == [
        {"code": "routing.keywords", "found": ["beta", "gamma"], "rules": ["two", "three"], "score": 6}
    ]


def test_the_subject_counts_double_and_repetition_does_not(world: dict) -> None:
    rule("one", ["alpha"], weight=3, category=world["account"], team=world["identity"])
    rule("two", ["beta"], weight=2, category=world["loss"], team=world["data"])
    assert classify(subject="", description="alpha beta beta beta").category == world["account"]
    assert classify(subject="beta", description="alpha").category == world["loss"]


def test_the_rule_first_in_order_breaks_a_tie(world: dict) -> None:
    rule("one", ["alpha"], category=world["account"], team=world["identity"], position=2)
    rule("two", ["alpha"], category=world["loss"], team=world["data"], position=1)
    assert classify(subject="alpha", description="").category == world["loss"]


def test_a_veto_silences_a_rule(world: dict) -> None:
    rule("one", ["alpha", "!beta"], category=world["account"])
    assert classify(subject="alpha", description="beta").is_fallback


def test_what_the_customer_said_stands(world: dict) -> None:
    rule("one", ["alpha"], weight=9, category=world["account"], module=world["sso"], team=world["identity"])
    routing = classify(subject="alpha", description="", category=world["loss"], module=world["mfa"])
    assert (routing.category, routing.module, routing.team) == (world["loss"], world["mfa"], world["data"])
    assert [reason["code"] for reason in routing.reasons] == ["routing.said", "routing.said", "routing.category"]
    assert not routing.is_fallback


def test_words_may_choose_another_team_within_the_customers_category(world: dict) -> None:
    rule("one", ["alpha"], category=world["account"], module=world["sso"], team=world["data"])
    routing = classify(subject="alpha", description="", category=world["account"])
    assert (routing.team, routing.module) == (world["data"], world["sso"])


def test_a_category_without_a_team_goes_to_the_fallback(world: dict) -> None:
    rule("one", ["alpha"], category=world["lonely"])
    routing = classify(subject="alpha", description="")
    assert (routing.category, routing.team, routing.is_fallback) == (world["lonely"], world["rest"], True)


def test_a_module_alone_leads_to_the_team_of_its_rules(world: dict) -> None:
    rule("one", ["alpha"], weight=2, module=world["sso"], team=world["identity"])
    rule("two", ["beta"], weight=1, module=world["sso"], team=world["data"])
    routing = classify(subject="x", description="y", module=world["sso"])
    assert (routing.team, routing.is_fallback) == (world["identity"], False)


def test_an_edit_from_outside_this_process_counts_at_once(world: dict) -> None:
    one = rule("one", ["alpha"], category=world["account"])
    assert classify(subject="alpha", description="").category == world["account"]
    with connection.cursor() as cursor:  # no save(), no signal: as another process would
        cursor.execute("UPDATE tickets_triagerule SET keywords = '{beta}' WHERE id = %s", [one.pk])
    assert classify(subject="alpha", description="").is_fallback
    assert classify(subject="beta", description="").category == world["account"]
    TriageRule.objects.all().delete()
    assert classify(subject="beta", description="").is_fallback


def test_rules_that_did_not_change_are_read_once(world: dict, django_assert_num_queries) -> None:
    rule("one", ["alpha"], category=world["account"])
    triage_rules()
    with django_assert_num_queries(1):
        assert triage_rules() is triage_rules.__globals__["_kept"]["tickets.TriageRule"][1]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_is_a_sentence(world: dict, language: str) -> None:
    rule("登录 / Sign-in", ["alpha"], module=world["sso"], team=world["identity"])
    with translation.override(language):
        for routing in (
            classify(subject="alpha", description="", category=world["loss"], module=world["mfa"]),
            classify(subject="x", description="y", module=world["sso"]),
            classify(subject="x", description="y", category=world["account"]),
            classify(subject="x", description="y"),
        ):
            for sentence in reason_texts(routing.reasons):
                assert sentence
                assert "routing." not in sentence
                assert "%(" not in sentence


class TestLoadTriageRules:
    FILES = ["bench/rules/hotline_zh.json", "bench/rules/it_en.json"]

    @pytest.mark.parametrize("name", FILES)
    def test_loads_a_whole_set_and_may_be_repeated(self, name: str) -> None:
        file = Path(settings.BASE_DIR) / name
        for _ in range(2):
            call_command("load_triage_rules", str(file), "--create")
        assert TriageRule.objects.count() == len(json.loads(file.read_text(encoding="utf-8")))

    def test_unknown_codes_are_refused_and_nothing_is_written(self, tmp_path: Path, world: dict) -> None:
        file = tmp_path / "rules.json"
        good = {"name": "a", "keywords": ["x"], "weight": 1, "category": "c-account", "module": None, "team": None}
        file.write_text(json.dumps([good, {**good, "name": "b", "team": "nowhere"}]), encoding="utf-8")
        with pytest.raises(CommandError, match="nowhere"):
            call_command("load_triage_rules", str(file))
        assert not TriageRule.objects.exists()

    @pytest.mark.parametrize("text", ["{", '{"name": 1}', "[1]", '[{"name": "a"}]', '[{"name": "a", "keywords": []}]'])
    def test_a_malformed_file_is_one_clear_sentence(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "rules.json"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError):
            call_command("load_triage_rules", str(file))

    def test_replace_removes_the_others(self, tmp_path: Path, world: dict) -> None:
        rule("old", ["x"], team=world["data"])
        file = tmp_path / "rules.json"
        file.write_text('[{"name": "new", "keywords": ["y"], "team": "identity"}]', encoding="utf-8")
        call_command("load_triage_rules", str(file), "--replace")
        assert list(TriageRule.objects.values_list("name", flat=True)) == ["new"]


class TestTryPage:
    def test_shows_grade_route_and_found_words(self, client, world: dict) -> None:
        rule("登录 / Sign-in", ["无法登录"], category=world["account"], team=world["identity"])
        client.force_login(give_role(UserFactory(), "administrator"))
        answer = client.post(
            "/desk/rules/try/", {"subject": "全公司无法登录", "description": "<script>alert(1)</script>"}
        )
        page = answer.content.decode()
        assert answer.status_code == 200
        assert answer.context["result"]["grade"].severity == "S"
        assert answer.context["result"]["routing"].team == world["identity"]
        assert "全公司无法" in page
        assert "<script>alert(1)" not in page
        assert not Ticket.objects.exists()

    def test_an_empty_form_is_told(self, client) -> None:
        client.force_login(give_role(UserFactory(), "administrator"))
        assert client.get("/desk/rules/try/").status_code == 200
        assert client.post("/desk/rules/try/", {}).status_code == 422

    @pytest.mark.parametrize("role", ["customer", "agent", "lead", "product", "rnd", "manager"])
    def test_is_not_there_for_others(self, client, role: str) -> None:
        client.force_login(give_role(UserFactory(), role))
        assert client.get("/desk/rules/try/").status_code == 404

    def test_asks_strangers_to_sign_in(self, client) -> None:
        assert client.get("/desk/rules/try/").status_code == 302
