"""The mails of other projects: all are read, and what their own tests expect is met but for the named exceptions."""

import json
import time
import tracemalloc

import pytest

from intake.mail.headers import decode_words
from intake.mail.parsing import parse
from intake.mail.subjects import strip_prefixes
from intake.tests.mail_expectations import mails, tally

#: Every disagreement, with its reason. A mail that leaves this list must be struck out here too.
DIFFERENT = {
    # The source calls a «550 your server requires confirmation» no bounce; the mail did not arrive all the same.
    ("bounceparser__whitelist", "is_bounce"),
    # An advertisement with an image and no sign of a report.
    ("bounceparser__spam-with-image", "is_bounce"),
    # Ours says too_large by «max message size exceeded».
    ("bounceparser__quota-4", "bounce_reason"),
    # There is no answer of a server in it; the source makes 500 out of the status 5.0.0.
    ("bounceparser__postfix-host-unknown", "smtp_code"),
    # A letter about a reservation that the source's list treats as one to drop.
    ("flufl-bounce__groupwise_03", "is_bounce"),
    # Names without a domain, which the source completes by knowing the university.
    ("flufl-bounce__yale_01", "failed_recipients_permanent"),
    # The same address, written as name and address and not as in the header.
    ("mime-tools__german", "from_header"),
    ("mime-tools__multi-nested", "to_header"),
    ("mime-tools__uu-junk", "from_header"),
    # A byte that is no UTF-8 is U+FFFD here and a question mark there.
    ("redmine__invalid_utf8", "body_exact_in_source"),
    # The source keeps signatures, ours takes them off.
    ("talon__iphone", "reply_text"),
    ("talon__sparrow", "reply_text"),
}


def test_what_the_sources_expect_is_met(test_data):
    found = tally(test_data / "mail")
    assert found.missed == DIFFERENT
    assert sum(found.all.values()) >= 495


def test_every_mail_is_read_quickly_and_completely(test_data):
    count = 0
    for folder in ("mail", "mail-cjk", "mail-threads"):
        for name, raw, _expected in mails(test_data / folder):
            began = time.process_time()
            mail = parse(raw)
            count += 1
            assert time.process_time() - began < 2, name
            assert not mail.error.startswith("not readable"), (name, mail.error)
            json.dumps([mail.text, mail.reply_text, mail.subject, mail.headers], ensure_ascii=False).encode("utf-8")
    assert count >= 779


def test_chinese_mails_are_read_as_their_writers_meant_them(test_data):
    folder = test_data / "mail-cjk"
    for entry in json.loads((folder / "expected.json").read_text(encoding="utf-8")):
        mail, expected = parse((folder / entry["file"]).read_bytes()), entry["expected"]
        assert (mail.subject, mail.sender, mail.sender_name) == tuple(
            expected[key] for key in ("subject", "from", "from_name")
        )
        assert all(words in mail.text for words in expected["body_contains"])
        assert expected.get("reply_text_contains", "") in mail.reply_text
        assert "原始邮件" not in mail.reply_text
        assert list(mail.in_reply_to) == expected.get("in_reply_to", list(mail.in_reply_to))


def test_chinese_subjects_are_decoded_and_lose_their_prefixes(test_data):
    for entry in json.loads((test_data / "mail-cjk" / "subject_headers.json").read_text(encoding="utf-8")):
        raw = entry["raw"].encode()
        assert parse(b"Subject: " + raw + b"\n\n").subject == entry["decoded"]
        plain = decode_words(raw.replace(b"\n", b""))
        assert (strip_prefixes(plain) != plain) == entry["starts_with_reply_prefix"], plain


def test_the_identifiers_of_whole_conversations_are_read(test_data):
    folder = test_data / "mail-threads"
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        mail = parse((folder / entry["file"]).read_bytes())
        assert mail.message_id == entry["message_id"].strip("<>"), entry["file"]
        assert {*mail.references, *mail.in_reply_to} == {one.strip("<>") for one in entry["references"]}, entry["file"]


@pytest.mark.proof
def test_the_memory_for_one_mail_is_a_small_multiple_of_it(test_data):
    for name, raw, _expected in mails(test_data / "mail"):
        tracemalloc.start()
        parse(raw)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 30 * len(raw) + 4_000_000, name
