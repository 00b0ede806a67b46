"""Live push: many open streams on one process, and a page whose line drops.

    python bench/push.py                     # 500 streams
    python bench/push.py --streams 2000

A real `make up` in a copy of this checkout with data of its own. Every stream is a person's, signed in, at most twenty
each. Each round commits one hint for all of them; what is measured is the time from the commit until the first and the
last stream has it. The floor of the same run is one write to each of as many open sockets on loopback. Then a page is
opened in chromium, the push process is killed, a ticket gets a note in that very moment, and the page is watched until
the note stands there. Aims: 500 streams, all heard; the page shows the truth within two seconds.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpdesk.tests.real import RealUp, copy_checkout  # noqa: E402

PER_PERSON = 20  # helpdesk.push.STREAMS_PER_PERSON
ROUNDS = 5

_SIGN_IN = """
import json
from django.conf import settings
from django.test import Client
from accounts.models import Team, User
from tickets.models import Ticket
def cookie(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value
def person(n):
    return User.objects.get_or_create(email=f"push-{{n}}@bench.example", defaults={{"name": f"Push {{n}}"}})[0]
ticket = Ticket.objects.filter(status="open", assignee__isnull=False, merged_into=None).first()
people = [person(n) for n in range({people})]
print(json.dumps({{"name": settings.SESSION_COOKIE_NAME, "cookies": [[user.pk, cookie(user)] for user in people],
                  "agent": cookie(ticket.assignee), "number": ticket.number, "push": settings.PUSH_URL}}))
"""
_HINT = """
import json, time
from django.db import transaction
from outbox.push import publish
for round in range({rounds}):
    with transaction.atomic():
        for pk in {people}:
            publish(f"user:{{pk}}", change=f"round-{{round}}")
    print(time.time(), flush=True)
    time.sleep(1)
"""
_NOTE = """
import time
from tickets.models import Ticket
from tickets.services.conversation import add_note
ticket = Ticket.objects.get(number="{number}")
input()
add_note(ticket=ticket, actor=ticket.assignee, body="said while the line was down")
print(time.time(), flush=True)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--streams", type=int, default=500)
    streams = options.parse_args().streams
    with (
        tempfile.TemporaryDirectory(prefix="push-") as folder,
        RealUp(copy_checkout(Path(folder) / "copy"), Path(folder) / "home") as up,
    ):
        up.start()
        people = -(-streams // PER_PERSON)
        scene = json.loads(_shell(up, _SIGN_IN.format(people=people)).strip().splitlines()[-1])
        asyncio.run(_all_streams(up, scene, streams))
        _dropped_line(up, scene)


def _megabytes(pid: int) -> float:
    """What a process holds by itself (Pss)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("Pss:")[1].split()[0]) / 1024


def _command(up: RealUp, code: str) -> list[str]:
    return [str(up.checkout / ".venv/bin/python"), "-m", "helpdesk.launcher", "manage", "shell", "-v0", "-c", code]


def _shell(up: RealUp, code: str) -> str:
    done = subprocess.run(
        _command(up, code), check=False, cwd=up.checkout, env=up.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _all_streams(up: RealUp, scene: dict, streams: int) -> None:
    cookies = [(pk, f"{scene['name']}={value}") for pk, value in scene["cookies"] for _ in range(PER_PERSON)][:streams]
    before, began = _megabytes(up.pid("push")), time.monotonic()
    opened = []
    for at in range(0, streams, 50):  # as fast as fifty browsers at once
        opened += await asyncio.gather(*(_open(up.port + 1, cookie) for _pk, cookie in cookies[at : at + 50]))
    seconds = time.monotonic() - began
    more = _megabytes(up.pid("push")) - before
    print(f"{streams} streams open in {seconds:.1f} s, {more:.0f} MB more in the process")
    heard: list[dict[str, float]] = [{} for _ in opened]
    listeners = [asyncio.create_task(_listen(pair[0], into)) for pair, into in zip(opened, heard, strict=True)]
    people = sorted({pk for pk, _cookie in cookies})
    process = await asyncio.create_subprocess_exec(
        *_command(up, _HINT.format(rounds=ROUNDS, people=people)),
        cwd=up.checkout, env=up.environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said = (await process.communicate())[0].decode().split()[-ROUNDS:]
    await asyncio.sleep(1)
    firsts, lasts, floor = [], [], await _floor(streams)
    for number, at in enumerate(said):
        arrived = [into.get(f"round-{number}") for into in heard]
        assert all(arrived), f"round {number}: {arrived.count(None)} of {streams} heard nothing"
        firsts.append(min(arrived) - float(at))  # type: ignore[type-var]
        lasts.append(max(arrived) - float(at))  # type: ignore[type-var]
    middle = sorted(lasts)[ROUNDS // 2]
    print(f"floor, one write to each of {streams} sockets: {floor * 1000:.0f} ms")
    print(f"hint to the last of {streams}: {middle * 1000:.0f} ms, {middle / floor:.1f} × floor")
    print(f"the worst round: {max(lasts) * 1000:.0f} ms; the quickest stream: {min(firsts) * 1000:.0f} ms")
    for task in listeners:
        task.cancel()
    for _reader, writer in opened:
        writer.close()


async def _open(port: int, cookie: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /events/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    status = await reader.readline()
    assert b" 200 " in status, status
    return reader, writer


async def _listen(reader: asyncio.StreamReader, into: dict[str, float]) -> None:
    while line := await reader.readline():
        if line.startswith(b"data: "):
            into.setdefault(json.loads(line[6:]).get("change", ""), time.time())


async def _floor(count: int) -> float:
    """Seconds until each of ``count`` readers in this process has one small write of a plain server."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    readers = [(await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    while len(writers) < count:
        await asyncio.sleep(0.01)
    began = time.monotonic()
    for writer in writers:
        writer.write(b"data: {}\n")
    await asyncio.gather(*(reader.readline() for reader, _writer in readers))
    seconds = time.monotonic() - began
    for _reader, writer in readers:
        writer.close()
    server.close()
    return seconds


def _dropped_line(up: RealUp, scene: dict) -> None:
    from playwright.sync_api import sync_playwright

    note = subprocess.Popen(
        _command(up, _NOTE.format(number=scene["number"])),
        cwd=up.checkout, env=up.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert note.stdin and note.stdout
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context()
        context.add_cookies([{"name": scene["name"], "value": scene["agent"], "url": up.url}])
        page = context.new_page()
        page.goto(f"{up.url}/desk/tickets/{scene['number']}/")
        page.wait_for_selector("body[data-live=stream]")
        os.kill(up.pid("push"), signal.SIGKILL)
        note.stdin.write("\n")
        note.stdin.flush()
        page.get_by_text("said while the line was down").first.wait_for()
        shown = time.time()
        written = float(note.stdout.readline())
        browser.close()
    note.wait()
    print(f"line dropped: the page shows what is written in that moment {shown - written:.2f} s later")


if __name__ == "__main__":
    main()
