"""What a message repeats is folded, and no new word is: in both languages, by the habits of the usual mail programs."""

from email import message_from_bytes
from email.policy import default
from time import process_time

import pytest

from tickets.message_html import is_long, message_html
from tickets.models import Message
from tickets.quotes import passages

ON = "On Mon, 1 Jun 2026 at 10:00, Support <support@yunfan.example> wrote:"
HEAD = "From: Support <support@yunfan.example>\nSent: Monday, 1 June 2026 10:00\nTo: Ines\nSubject: Re: T1"
KOPF = "发件人：技术支持 <support@yunfan.example>\n发送时间：2026年6月1日 10:00\n收件人：徐嘉禾\n主题：回复：T1"

#: Text → its new passages, joined by «|».
FOLDED = [
    ("It works.\n\n> Does it work?\n> Thanks", "It works."),
    (f"It works.\n\n{ON}\n> Does it work?\n>\n> Thanks", "It works."),
    (f"It works.\n\n{ON[:40]}\n{ON[40:]}\n\n> Does it work?", "It works."),
    ("可以了。\n\n在 2026年6月1日 10:00，技术支持 写道：\n> 现在好了吗？", "可以了。"),
    ("可以了。\n\n2026-06-01 10:00，技术支持 <support@yunfan.example> 写道：\n现在好了吗？", "可以了。"),
    ("> Does it work?\nYes.\n> Since when?\nSince noon.", "Yes.|Since noon."),
    ("Yes.\n> one\n>> two\n>>> three", "Yes."),
    ("Yes.\n\n-----Original Message-----\nFrom: a\n\nold", "Yes."),
    ("好了。\n\n------------------ 原始邮件 ------------------\n发件人: a\n\n旧的", "好了。"),
    ("Yes.\n\n" + HEAD + "\n\nDoes it work?", "Yes."),
    ("好了。\n\n" + KOPF + "\n\n现在好了吗？", "好了。"),
    (f"Yes.\n\n{ON}\n\nDoes it work?\nThanks", "Yes."),
]
#: Nothing of these is a quote, or nobody can be sure.
WHOLE = [
    "It does not work.",
    "> Does it work?",  # a quote alone was sent to be read
    f"{HEAD}\n\nThe printer burns.",
    f"FYI\n\n---------- Forwarded message ---------\n{HEAD}\n\nThe printer burns.",
    f"请看\n\n---------- 转发的邮件 ---------\n{KOPF}\n\n打印机着火了。",
    "On Monday my colleague wrote:\nthe printer burns.",
    "On 1 Jun 2026 at 10:00 the service wrote:\nERROR disk full",
    "昨天同事在群里写道：\n打印机着火了。",
    "From: Shanghai\nthe connection is slow.",
    "发件人：不知道\n内容如下",
    "I ran this:\n>>> import broken\nTraceback (most recent call last):",
    "a > b\nc -> d\n5 >3",
]


@pytest.mark.parametrize(("text", "new"), FOLDED)
def test_what_is_repeated_is_told_from_what_is_new(text, new):
    parts = passages(text)
    assert "|".join(part.text.strip() for part in parts if not part.is_quoted) == new
    assert "\n".join(part.text for part in parts) == text


@pytest.mark.parametrize("text", WHOLE)
def test_new_words_are_never_folded(text):
    assert [(part.text, part.is_quoted) for part in passages(text)] == [(text, False)]


def test_in_real_threads_only_marked_lines_and_their_heads_are_folded(test_data):
    read = 0
    for path in sorted((test_data / "mail-threads").glob("*.eml")):
        part = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
        text = part.get_content().replace("\r\n", "\n")
        parts = passages(text)
        assert "\n".join(part.text for part in parts) == text
        read += 1
        for line in (line for part in parts if part.is_quoted for line in part.text.split("\n") if line.strip()):
            assert line.lstrip().startswith(">") or line.endswith("wrote:") or line.startswith(("On ", "At ")), (
                path.name
            )
    assert read > 200


def test_a_hostile_megabyte_is_read_in_one_pass():
    blanks, rule = " " * 100_000, "\n-----Original Message-----\nold"
    began = process_time()
    for text in (
        *(">" * 100_000, "On " * 30_000 + "wrote:", "From: a\n" * 20_000, "-----" * 20_000, "在" * 100_000),
        *(f"a\n{blanks}b{rule}", f"a\n{'-' * 100_000}b{rule}", f"a\n{blanks}{'写道' * 100}{blanks}b\n> c"),
    ):
        assert "\n".join(part.text for part in passages(text)) == text
    assert process_time() - began < 5, "one of them is read again and again"


def message(body: str, **fields) -> Message:
    return Message(body=body, **{"kind": "customer", "channel": "mail"} | fields)


def test_the_page_folds_the_quote_and_escapes_it():
    html = message_html(message("Yes.\n> <script>alert(1)</script>"))
    assert html.index("<p>Yes.</p>") < html.index("<details") < html.index("&lt;script&gt;")
    assert "<script" not in html


def test_the_opening_message_and_what_colleagues_write_here_stand_whole():
    text = "See:\n\n> the log says\n> disk full"
    assert "<details" not in message_html(message(text), opens=True)
    assert "<blockquote>" in message_html(message(text, kind="public", channel="portal"))
    assert "<details" not in message_html(message(text, kind="public", channel="portal"))
    assert "<details" in message_html(message(text, kind="public"))


def test_long_messages_are_known_by_characters_and_by_lines():
    assert is_long(message("x" * 10_000)) and is_long(message("x\n" * 60))
    assert not is_long(message("A few words.\n" * 5))
