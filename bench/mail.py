#!/usr/bin/env python3
"""How many mails a second are read, and in how much memory, beside Python's own `email` in the same run.

    HELPDESK_TEST_DATA=/path/to/data python bench/mail.py [--made 10000] [--rounds 1]

The mails of the shared data and as many made ones take turns: ours reads everything (`intake.mail.parsing.parse`: text,
own words, attachments, what it is), the peer only parses and decodes (`message_from_bytes(policy=default)`, the content
of every part). Times are processor time, since machines are shared; what counts is the ratio of the same run.
The exit code is 1 when ours takes more than `--most` times the peer's time, or one mail more than two seconds.
"""

import argparse
import base64
import os
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from intake.mail.parsing import parse

_WORDS = (
    "打印机 无法 连接 客户 服务器 error timeout version please 请 尽快 处理 谢谢 network printer login 报错 日志"
).split()


def ours(raw: bytes) -> None:
    parse(raw)


def peer(raw: bytes) -> None:
    message = message_from_bytes(raw, policy=policy.default)
    try:
        str(message["subject"]), str(message["from"]), str(message["to"])
    except Exception:  # noqa: BLE001  it raises on headers that real mails have
        pass
    for part in message.walk():
        try:
            if not part.is_multipart():
                part.get_content()
        except Exception:  # noqa: BLE001  and on character sets
            pass


def made(count: int) -> list[bytes]:
    """Mails like those of a day: plain and HTML answers in three character sets, one in ten with a file."""
    chance = random.Random(5)
    mails = []
    for number in range(count):
        charset = chance.choice(["utf-8", "gb18030", "utf-8", "gbk"])
        words = " ".join(chance.choices(_WORDS, k=120))
        quoted = "\n".join("> " + " ".join(chance.choices(_WORDS, k=12)) for _ in range(10))
        text = f"{words}\n\n在 2024年3月5日 10:12，服务台 <help@desk.example> 写道：\n{quoted}\n"
        html = f"<div>{words}</div><div class='gmail_quote'><blockquote>{'<p>' + words + '</p>' * 5}</blockquote></div>"
        lines = [
            f"From: =?{charset}?B?{base64.b64encode('林'.encode(charset)).decode()}?= <lin{number}@kunde.example>",
            "To: help@desk.example",
            f"Subject: =?{charset}?B?{base64.b64encode('回复: 打印机'.encode(charset)).decode()}?=",
            f"Message-ID: <{number}@kunde.example>",
            f"References: <{number - 1}@desk.example>",
            "MIME-Version: 1.0",
            "Content-Type: multipart/mixed; boundary=M",
            "\n--M\nContent-Type: multipart/alternative; boundary=A\n",
        ]
        body = "\n".join(lines).encode()
        for kind, content in (("plain", text), ("html", html)):
            head = f"\n--A\nContent-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
            body += head.encode() + base64.encodebytes(content.encode(charset))
        body += b"--A--\n"
        if number % 10 == 0:
            head = b"--M\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n"
            body += head + base64.encodebytes(chance.randbytes(100_000))
        mails.append(body + b"--M--\n")
    return mails


def timed(reader: Callable[[bytes], None], mails: list[bytes]) -> float:
    began = time.process_time()
    for raw in mails:
        reader(raw)
    return time.process_time() - began


def peak(reader: Callable[[bytes], None], mails: list[bytes]) -> int:
    """The most memory that one pass held at a time beyond the mails themselves."""
    tracemalloc.start()
    for raw in mails:
        reader(raw)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def report(name: str, mails: list[bytes], rounds: int) -> float:
    """One line of figures; the ratio of the times."""
    pairs = sorted((timed(ours, mails), timed(peer, mails)) for _ in range(rounds))
    own, other = pairs[len(pairs) // 2]
    sample = mails[:500]
    memory, other_memory = peak(ours, sample), peak(peer, sample)
    ratio = own / other
    print(
        f"{name}: {len(mails)} mails, {sum(map(len, mails)) / 1e6:.1f} MB; ours {len(mails) / own:,.0f}/s, "
        f"peer {len(mails) / other:,.0f}/s, time {ratio:.2f} ×; peak memory {memory / 1e6:.1f} MB against "
        f"{other_memory / 1e6:.1f} MB, {memory / other_memory:.2f} ×"
    )
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=10_000, help="how many mails are made (10000)")
    parser.add_argument("--rounds", type=int, default=1, help="the middle one of so many counts (1)")
    parser.add_argument("--most", type=float, default=1.5, help="the largest ratio of the times (1.5)")
    options = parser.parse_args()
    folder = os.environ.get("HELPDESK_TEST_DATA", "")
    if not folder:
        sys.exit("Set HELPDESK_TEST_DATA to the folder of the shared test data.")
    shared = [path.read_bytes() for path in sorted((Path(folder) / "mail").glob("*.eml"))]
    slowest = max(timed(ours, [raw]) for raw in shared)
    print(f"the slowest of the shared mails: {slowest * 1000:.0f} ms")
    ratios = [report("shared", shared, options.rounds), report("made", made(options.made), options.rounds)]
    return 0 if max(ratios) <= options.most and slowest < 2 else 1


if __name__ == "__main__":
    sys.exit(main())
