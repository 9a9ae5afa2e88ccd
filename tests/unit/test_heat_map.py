from __future__ import annotations

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from jobspec.planning.workload import HOUR, QUARTER, Workload, count_workload
from jobspec.render.heat_map import find_level, make_scale, render_calendar
from jobspec.render.heat_map_html import render_calendar_html
from jobspec.spec.model import JobSpec

FIRST = date(2026, 11, 23)


def make(name: str, queue: str = "q", **schedule: Any) -> JobSpec:
    return JobSpec.model_validate({"name": name, "queue": queue, "workflow": {"type": "W"}, "schedule": schedule})


HERD = [make(f"report-{number}", "reports", cron="0 0 * * *") for number in range(8)]
JOBS = (
    *HERD,
    make("poll", "poll<er>\u202e", cron="*/30 * * * *"),
    make("weekly", "reports", cron="0 6 * * MON"),
    make("frozen", "reports", interval="1h", paused=True),
)


def count(*specs: JobSpec, days: int = 7, first: date = FIRST, zone: str = "UTC") -> Workload:
    return count_workload(specs, zone=zone, first=first, days=days, slot=HOUR if days > 1 else QUARTER)


def test_a_week_as_text() -> None:
    assert render_calendar(count(*HERD, make("weekly", "reports", cron="0 6 * * MON")), width=100) == (
        """\
Runs from Mon 2026-11-23 to Sun 2026-11-29, by the clock of UTC; nominal times

reports  9 jobs, 57 runs
            00    03    06    09    12    15    18    21        runs
Mon 11-23   ██          ░░                                         9
Tue 11-24   ██                                                     8
Wed 11-25   ██                                                     8
Thu 11-26   ██                                                     8
Fri 11-27   ██                                                     8
Sat 11-28   ██                                                     8
Sun 11-29   ██                                                     8
░ up to 2  ▒ up to 4  ▓ up to 6  █ up to 8    most: Mon 2026-11-23 00:00

The fullest minutes:
  00:00       8 runs  every day: report-0, report-1, report-2, report-3, report-4 and 3 more
"""
    )


def test_a_day_as_ascii_text() -> None:
    text = render_calendar(count(*JOBS, days=1), width=100, ascii=True)
    assert text == (
        r"""Runs on Mon 2026-11-23, by the clock of UTC; nominal times

               00  02  04  06  08  10  12  14  16  18  20  22      runs    most
all queues     #...............................................      57       9
poll<er>\u202e ................................................      48       1
reports        #           .                                          9       8

A column is 30 minutes; .:+# are quarters of the most that its line has in one.

The fullest minutes:
  00:00       9 runs: poll, report-0, report-1, report-2, report-3, report-4, report-5 and 2 more
  06:00       2 runs: poll, weekly

Left out, as its spec pauses it: frozen
"""
    )


@pytest.mark.parametrize(("width", "columns"), [(200, 96), (100, 48), (40, 24)])
def test_a_day_has_as_many_columns_as_there_is_room_for(width: int, columns: int) -> None:
    lines = render_calendar(count(*HERD, make("poll", "reports", cron="* * * * *"), days=1), width=width).split("\n")
    assert sum(lines[3].count(shade) for shade in "░▒▓█") == columns
    assert lines[3].split()[0] == "reports"


def test_a_day_on_which_the_clock_is_set_is_named() -> None:
    text = render_calendar(count(*JOBS, first=date(2027, 3, 22), zone="Europe/Berlin"), width=100)
    assert "Sun 2027-03-28 has 23 hours, for the clock is set: the hour that is missing has no runs" in text


def test_a_time_without_runs_says_so() -> None:
    assert "No job runs by itself in that time." in render_calendar(count(), width=100)
    assert "No job runs by itself in that time." in render_calendar_html(count())


def test_a_scale_divides_what_there_is() -> None:
    assert make_scale(100, 4) == [25, 50, 75, 100]
    assert make_scale(3, 4) == [1, 2, 3]
    assert [find_level(number, make_scale(100, 4)) for number in (0, 1, 25, 26, 100)] == [0, 1, 1, 2, 4]
    for most in range(1, 60):
        assert find_level(most, make_scale(most, 8)) == len(make_scale(most, 8))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)
        if tag == "td":
            self.cells.append(("", dict(attrs).get("title") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open[-1:] == ["td"]:
            self.cells[-1] = (data, self.cells[-1][1])


@pytest.mark.parametrize("days", [1, 7])
def test_the_page_is_whole_and_fetches_nothing(days: int) -> None:
    text = render_calendar_html(count(*JOBS, days=days))
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in text
    assert ("scope", "row") in page.attributes
    assert ("scope", "col") in page.attributes


def test_the_page_escapes_what_others_wrote() -> None:
    text = render_calendar_html(count(*JOBS))
    assert "poll&lt;er&gt;\\u202e" in text
    assert "<er>" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(("days", "polled"), [(1, 1), (7, 2)])
def test_the_page_has_every_count_and_names_its_jobs(days: int, polled: int) -> None:
    work = count(*JOBS, days=days)
    cells = Page(render_calendar_html(work)).cells
    assert (str(8 + polled), f"poll<er>\\u202e: {polled}, reports: 8") in cells
    names = ", ".join(f"report-{number}" for number in range(8))
    assert cells.count(("8", names)) == days
    counted = sum(int(text) for text, hint in cells if hint)
    assert counted == 2 * sum(work.counts)


def test_a_cell_names_no_more_than_twenty_jobs() -> None:
    herd = [make(f"report-{number:03}", cron="0 0 * * *") for number in range(300)]
    page = Page(render_calendar_html(count(*herd, days=1)))
    [(text, hint)] = [cell for cell in page.cells if cell[1]]
    assert text == "300"
    assert hint.startswith("report-000, report-001, ")
    assert hint.endswith("report-019 and 280 more")
    assert "frozen" not in page.text


def test_days_are_named_where_a_minute_is_not_always_full() -> None:
    pair = [make(f"pair-{number}", cron="30 9 * * MON,THU") for number in range(2)]
    text = render_calendar(count(*pair, first=FIRST + timedelta(days=1)), width=100)
    assert "  09:30       2 runs  Thu, Mon: pair-0, pair-1\n" in text


def test_a_day_on_the_page_has_a_row_for_each_quarter_and_a_column_for_each_hour() -> None:
    text = render_calendar_html(count(make("one", cron="20 9 * * *"), days=1))
    rows = [row for row in text.split("<tr>")[1:] if '<th scope="row">:' in row]
    assert [row.partition(":")[2][:2] for row in rows] == ["00", "15", "30", "45"]
    assert [row.count("<td") for row in rows] == [25] * 4  # the last one is the sum
    before, _, _ = rows[1].partition('title="one">1</td>')
    assert before.count("<td></td>") == 9


@pytest.mark.parametrize("days", [1, 7])
def test_a_terminal_of_eighty_columns_is_wide_enough(days: int) -> None:
    long = "-".join(["name"] * 20)
    jobs = [make(f"{long}-{number:04}", long, cron="0 0 * * *") for number in range(1500)]
    paused = make(f"{long}-paused", long, cron="0 0 * * *", paused=True)
    lines = render_calendar(count(*jobs, paused, *HERD, days=days), width=80).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any(line.endswith(("and 1,507 more", "…")) for line in lines)
