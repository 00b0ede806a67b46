"""Personal data is masked, what an article is about stays."""

import pytest

from knowledge.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "zhang.wei+x@corp.example.cn", "13812345678", "138-1234-5678", "+86 138 1234 5678", "010-62345678",
        "(010) 62345678", "400-820-8820", "+1 (415) 555-0132", "0044 20 7946 0958", "110101199003078515",
        "11010119900307851X",
    ],
)  # fmt: skip
def test_masked(text):
    for frame in ("{}", "请联系{}谢谢", "call {}, please", "（{}）"):
        shown = redact(frame.format(text))
        assert text not in shown and "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "ERR-1042", "v3.2.10", "192.168.10.24", "2026-11-22 07:05:12", "order 20261122000123", "端口 5432", "HTTP 504",
        "10.0.0.1:8080", "build 4711", "占用 98% 内存 16384 MB", "T100001",
    ],
)  # fmt: skip
def test_kept(text):
    assert redact(text) == text


def test_names_and_passwords():
    assert redact("我是李小明，密码：abc123", ["李小明"]) == "我是***，密码：***"
    assert redact("Ann Lee here, password: hunter2", ["Ann Lee"]) == "*** here, password: ***"
    assert redact("Annual report", ["Ann"]) == "Annual report"
