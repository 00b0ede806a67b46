"""Returned mails, automatic replies and lists, in the words of the programs that write them."""

import pytest

from intake.mail.parsing import parse

_ORIGINAL = (
    "Message-ID: <ours-1@desk.example>\nFrom: help@desk.example\nTo: gone@kunde.example\nSubject: [HD-17] Printer\n"
)


def mail(body: str, *headers: str, sender: str = "MAILER-DAEMON@mx.kunde.example", subject: str = "") -> bytes:
    head = "\n".join([f"From: {sender}", "To: help@desk.example", f"Subject: {subject}", *headers])
    return f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode()


def report(fields: str, *, original: str = _ORIGINAL, words: str = "See below.") -> bytes:
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.kunde.example>\nTo: help@desk.example\nSubject: Undelivered\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
        f"--B\nContent-Type: text/plain\n\n{words}\n"
        f"--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.kunde.example\n\n{fields}\n"
        f"--B\nContent-Type: message/rfc822\n\n{original}\nHello\n--B--\n"
    ).encode()


def test_a_machine_readable_report_says_all():
    raw = report(
        "Final-Recipient: rfc822; gone@kunde.example\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n"
        "Final-Recipient: rfc822; slow@kunde.example\nAction: delayed\nStatus: 4.4.1\n"
    )
    bounce = parse(raw).bounce
    assert bounce is not None
    assert (bounce.permanent, bounce.temporary) == (("gone@kunde.example",), ("slow@kunde.example",))
    assert (bounce.action, bounce.status, bounce.smtp_code, bounce.reason) == ("failed", "5.1.1", "550", "user_unknown")
    assert bounce.original_message_id == "ours-1@desk.example"
    assert dict(bounce.original_headers)["subject"] == "[HD-17] Printer"


def test_good_news_is_no_bounce_and_a_delay_is_not_for_good():
    assert not parse(report("Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0")).is_bounce
    bounce = parse(report("Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.7")).bounce
    assert bounce is not None and bounce.action == "delayed"
    assert (bounce.permanent, bounce.temporary) == ((), ("a@b.example",))


WORDS = {
    "qmail": (
        "failure notice",
        "Hi. This is the qmail-send program at kunde.example.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        "<gone@kunde.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\n{_ORIGINAL}",
    ),
    "exim": (
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its\nrecipients. "
        "This is a permanent error. The "
        "following address(es) failed:\n\n  gone@kunde.example\n    Unrouteable address\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{_ORIGINAL}",
    ),
    "sendmail": (
        "Returned mail: see transcript for details",
        "   ----- The following addresses had permanent fatal errors -----\n<gone@kunde.example>\n"
        f"    (reason: 550 5.1.1 User unknown)\n\n   ----- Original message follows -----\n{_ORIGINAL}",
    ),
    "exchange": (
        "Undeliverable: Printer",
        "Your message\n\n  To:      help@desk.example\n  Subject: Printer\n\n"
        "did not reach the following recipient(s):\n\n"
        "gone@kunde.example on Tue, 5 Mar 2024\n    The recipient name is not recognized\n\n"
        f"Received: from x\n{_ORIGINAL}",
    ),
    "qq": (
        "系统退信",
        "抱歉，您的邮件被退回来了……\n原邮件信息：\n收件人：gone@kunde.example\n"
        "退信原因：收件人邮件地址（gone@kunde.example）不存在，邮件无法送达。\n"
        f"\nReceived: from x\n{_ORIGINAL}",
    ),
    "netease": (
        "系统退信/Systems bounce",
        "很抱歉，您发送的邮件无法投递到 gone@kunde.example。\n"
        "退信代码：550 User not found\n"
        f"\nReceived: from x\n{_ORIGINAL}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_a_report_in_words_is_understood(name):
    subject, body = WORDS[name]
    read = parse(mail(body, subject=subject))
    assert read.is_bounce and not read.is_auto_reply and read.bounce is not None
    assert (read.bounce.permanent, read.bounce.temporary) == (("gone@kunde.example",), ())
    assert read.bounce.original_message_id == "ours-1@desk.example"


def test_a_warning_is_temporary():
    body = (
        "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n   ----- Transcript of session follows -----\n"
        "<slow@kunde.example>... Deferred: Connection timed out\nWill keep trying until message is 5 days old\n"
    )
    bounce = parse(mail(body, subject="Warning: could not send message for past 4 hours")).bounce
    assert bounce is not None and (bounce.permanent, bounce.temporary) == ((), ("slow@kunde.example",))


@pytest.mark.parametrize(
    ("headers", "subject"),
    [
        (["Auto-Submitted: auto-replied"], "Re: Printer"),
        (["X-Autoreply: yes"], "Re: Printer"),
        (["X-Autorespond: x"], "Re: Printer"),
        (["Precedence: auto_reply"], "Re: Printer"),
        ([], "自动回复: 打印机"),
        ([], "Auto: Re: Printer"),
        (["In-Reply-To: <a@desk.example>"], "Auto: Printer"),
        ([], "自動回覆：打印機"),
        ([], "【系统自动回复】您的来信已收到"),
        ([], "OOO: Printer"),
        ([], "Automatic reply: Printer"),
        ([], "Out of Office: Printer"),
        ([], "Abwesenheitsnotiz: Drucker"),
        ([], "Automatische Antwort: Drucker"),
        ([], "Réponse automatique : Imprimante"),
        ([], "Autosvar: Skrivare"),
    ],
)
def test_an_automatic_reply_is_one(headers, subject):
    read = parse(mail("I am away until Monday.", *headers, sender="lin@kunde.example", subject=subject))
    assert read.is_auto_reply and not read.is_bounce


@pytest.mark.parametrize(
    ("headers", "subject", "body"),
    [
        (["X-Auto-Response-Suppress: All"], "Re: Printer", "It works now, thank you."),
        (["Auto-Submitted: no"], "Printer", "It does not print."),
        ([], "Vacation calendar is wrong", "The holidays of May are missing."),
        ([], "邮件无法发送，客户收到退信", "我们的客户反映邮件无法投递，提示 550 User not found，请尽快处理。"),
        ([], "Mail delivery failed", "Our users get «550 user unknown» for every mail since Monday, please help."),
        ([], "Automatic doors do not close", "Please send somebody."),
        ([], "Auto: Motor springt nicht an", "Seit heute früh."),
    ],
)
def test_a_person_is_no_program(headers, subject, body):
    read = parse(mail(body, *headers, "Return-Path: <lin@kunde.example>", sender="lin@kunde.example", subject=subject))
    assert not read.is_auto_reply
    assert not read.is_bounce


@pytest.mark.parametrize(
    "header", ["List-Id: <l.example>", "List-Post: <mailto:l@x.example>", "Precedence: list", "Precedence: bulk"]
)
def test_a_list_is_one(header):
    assert parse(mail("x", header, sender="lin@kunde.example")).is_list
    assert not parse(mail("x", "Precedence: first-class", sender="lin@kunde.example")).is_list
