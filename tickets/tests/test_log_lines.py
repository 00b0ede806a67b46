"""Logs by pages of lines: levels, search, pages, encodings, and memory that no file can exhaust."""

import gzip
import io
import tracemalloc

import pytest

from tickets import log_lines
from tickets.log_lines import LONGEST, PAGE, Wish, level_of, read_sheet


def sheet(content: bytes, *, packed: bool = False, **wish):
    return read_sheet(io.BytesIO(content), wish=Wish(**wish), packed=packed)


def numbered(count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-06-01 10:00:00 ERROR c.y.Sync - down", "error"),
        ("time=… level=error msg=x", "error"),
        ("[FATAL] out of memory", "error"),
        ("java.lang.NullPointerException: x", "error"),
        ("ValueError: bad", "error"),
        ("Traceback (most recent call last):", "error"),
        ("Caused by: java.io.IOException: x", "error"),
        ("10:00 WARN slow", "warning"),
        ("10:00 Warning: slow", "warning"),
        ("【错误】磁盘已满", "error"),
        ("【警告】磁盘将满", "warning"),
        ("10:00 INFO finished without error", ""),
        ("error_count=0 errors: none", ""),
        ("warned nobody", ""),
        ("所有检查通过", ""),
    ],
)
def test_how_bad_a_line_is(line, level):
    assert level_of(line.encode()) == level
    assert level_of(line.encode("gb18030")) == level


def test_what_hangs_on_an_error_belongs_to_it():
    found = sheet(b"ERROR a\n\tat b.c(d)\nCaused by: x\n\tat e\nINFO f\n  g\n")
    assert [line.level for line in found.lines] == ["error", "trace", "trace", "trace", "", ""]
    only = sheet(b"INFO f\nERROR a\n\tat b.c(d)\nINFO g\n", only_errors=True)
    assert [(line.number, line.text) for line in only.lines] == [(2, "ERROR a"), (3, "\tat b.c(d)")]
    assert (only.total, only.errors) == (4, 1)


def test_pages_follow_each_other_without_gap_or_overlap():
    content, seen, at = numbered(2 * PAGE + 5), [], 0
    while True:
        page = sheet(content, at=at)
        seen += [line.number for line in page.lines]
        if not page.after:
            break
        assert page.after == seen[-1] + 1
        at = page.after
    assert seen == list(range(1, 2 * PAGE + 6))
    assert page.before == 2 * PAGE
    assert sheet(content, at=page.before).lines[-1].number == page.before


def test_a_line_behind_the_end_leads_to_the_last_page():
    page = sheet(numbered(PAGE + 3), at=10**9)
    assert [line.number for line in page.lines] == [PAGE + 1, PAGE + 2, PAGE + 3]
    assert sheet(b"", at=7).lines == []
    assert [line.text for line in sheet(b"no end").lines] == ["no end"]


def test_search_counts_and_goes_on_in_both_directions():
    content = numbered(PAGE) + b"needle one\n" + numbered(PAGE) + b"a NEEDLE and a needle\n"
    first = sheet(content, sought="needle")
    assert (first.hits, first.nth, first.hit, first.previous_hit) == (2, 1, PAGE + 1, 0)
    assert PAGE + 1 in [line.number for line in first.lines]
    second = sheet(content, sought="needle", at=first.next_hit)
    assert (second.nth, second.hit, second.previous_hit, second.next_hit) == (2, 2 * PAGE + 2, PAGE + 1, 0)
    hit = next(line for line in second.lines if line.number == second.hit)
    assert hit.pieces == [("a ", False), ("NEEDLE", True), (" and a ", False), ("needle", True)]
    assert sheet(content, sought="nothing like it").lines == []
    assert sheet(b"a.b\n", sought="a.b").hits == 1 and sheet(b"axb\n", sought="a.b").hits == 0


@pytest.mark.parametrize("code", ["utf-8", "gb18030"])
def test_chinese_logs_are_read_and_searched(code):
    content = ("启动完成\r\n" + "联通网关超时，正在重试\n" * 3).encode(code)
    found = sheet(content, sought="超时")
    assert [line.text for line in found.lines][:2] == ["启动完成", "联通网关超时，正在重试"]
    assert found.hits == 3


def test_words_that_are_good_utf8_by_accident_are_read_like_their_file():
    assert sheet("中文日志\n联通\n".encode("gb18030")).lines[1].text == "联通"


def test_colours_and_steering_characters_are_not_shown():
    assert sheet(b"\x1b[31mred\x1b[0m\x07 \xe2\x80\xaeback\n").lines[0].text == "red\ufffd \ufffdback"


def test_a_line_without_end_is_cut_and_says_so():
    content = b"a" * (3 * log_lines._CHUNK) + b"\nnext\n"
    found = sheet(content)
    assert [(len(line.text), line.is_cut) for line in found.lines] == [(LONGEST, True), (4, False)]


def test_archives_are_read_as_they_unpack():
    packed = gzip.compress(b"INFO a\n") + gzip.compress(b"ERROR b\n")
    found = sheet(packed, packed=True)
    assert [line.text for line in found.lines] == ["INFO a", "ERROR b"]
    assert found.is_whole


@pytest.mark.proof
def test_a_bomb_is_read_up_to_the_limit_in_little_memory(monkeypatch):
    monkeypatch.setattr(log_lines, "MOST_BYTES", 8 * 1024 * 1024)
    bomb = gzip.compress(b"\n".join([b"x" * 99] * 10_000) * 30, 1)
    tracemalloc.start()
    try:
        found = sheet(bomb, packed=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not found.is_whole
    assert found.total * 100 < 9 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


def test_a_small_archive_of_nothing_but_ends_of_lines_is_not_read_for_minutes(monkeypatch):
    monkeypatch.setattr(log_lines, "MOST_LINES", 1000)
    found = sheet(gzip.compress(b"\n" * 1_000_000), packed=True)
    assert (found.total, found.is_whole) == (1000, False)
    assert sheet(b"\n" * 1000).is_whole


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: packed[:40] + b"?" * 40 + packed[80:]])
def test_a_damaged_archive_shows_what_can_be_read(damage):
    found = sheet(damage(gzip.compress(numbered(50_000))), packed=True)
    assert not found.is_whole


def test_what_is_no_text_says_so():
    assert not sheet(gzip.compress(b"tar\x00archive"), packed=True).is_text
    assert not sheet(b"not packed at all", packed=True).is_whole
