"""How texts are cut into tokens."""

import pytest

from search.tokens import scan, stem, tokens


def weak(text: str) -> set[str]:
    return {token.text for token in scan(text) if token.weak}


def test_chinese_without_spaces_gives_words():
    assert tokens("登录失败，数据同步异常") == ["登录", "失败", "数据", "同步", "异常"]


def test_chinese_pairs_bridge_what_the_dictionary_cuts():
    assert "录失" in weak("登录失败")
    assert "登录" not in weak("登录失败"), "a pair that is a word is not counted twice"


def test_mixed_text_full_width_and_case_fold_to_one_form():
    assert tokens("ＡＰＩ网关 Timeout") == tokens("api 网关 TIMEOUT")


def test_identifiers_are_kept_and_split():
    found = tokens("see ERR-1042 in v2.3.1 at order_sync.worker")
    assert {"err-1042", "err", "1042", "v2.3.1", "order_sync.worker", "order", "worker"} <= set(found)


def test_letters_and_digits_are_split_so_that_spelling_does_not_matter():
    assert {"err", "1042"} <= set(tokens("ERR1042")) & set(tokens("err 1042")) & set(tokens("ERR-1042"))


def test_stop_words_say_nothing_and_negations_stay():
    assert tokens("the of and 的 了 请问") == []
    assert "cannot" in tokens("I cannot log in")


@pytest.mark.parametrize(
    ("right", "typed"),
    [("password", "pasword"), ("password", "passwrod"), ("password", "passsword"), ("password", "passwird")],
)
def test_a_typing_slip_shares_a_weak_token(right, typed):
    assert weak(right) & weak(typed)


def test_short_or_different_words_share_nothing():
    assert not weak("cat") | weak("car")
    assert not weak("password") & weak("gateway")


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("errors", "error"),
        ("queries", "query"),
        ("status", "status"),
        ("addresses", "address"),
        ("stopped", "stop"),
        ("failing", "fail"),
        ("string", "string"),
        ("boxes", "box"),
    ],
)
def test_light_stems(word, root):
    assert stem(word) == root


def test_hostile_texts_are_harmless():
    assert list(scan("\x00\ud800''\\ :*&|!()<->")) == []
    assert tokens("a" * 100_000) == []
    assert len(tokens("x1 " * 100_000)) <= 200_000


def test_nothing_is_found_in_nothing():
    assert tokens("") == [] and tokens("   。，！ ") == []
