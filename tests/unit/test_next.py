"""`next` and `calendar` on the command line; no server is needed for either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobspec.cli import group

JOBS = """\
jobs:
- {name: orders-sync, queue: orders, workflow: {type: W}, schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}}
- {name: hourly, queue: other, workflow: {type: W}, schedule: {interval: 1h}}
- {name: manual, queue: other, workflow: {type: W}}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("jobspec.toml").write_text('project = "shop"\n', encoding="utf-8")
    Path("specs").mkdir()
    Path("specs/jobs.yaml").write_text(JOBS, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert group.run(arguments) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def runs_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, list[str]]:
    entries: list[dict[str, Any]] = json.loads(run(capsys, "next", "--output", "json", *arguments))
    assert all(list(entry) == ["name", "runs"] for entry in entries)
    return {entry["name"]: entry["runs"] for entry in entries}


def test_dates_are_days_of_the_zone_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2027-03-27", "--to", "2027-03-29")
    assert runs_of(capsys, "orders-sync", *span) == {"orders-sync": ["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"]}
    assert runs_of(capsys, "orders-sync", *span, "--tz", "Asia/Tokyo") == {
        "orders-sync": ["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"]
    }
    hours = runs_of(capsys, "hourly", "--from", "2027-03-28", "--to", "2027-03-28", "--tz", "Europe/Berlin")["hourly"]
    assert (len(hours), hours[0], hours[-1]) == (23, "2027-03-27T23:00:00Z", "2027-03-28T21:00:00Z")


def test_moments_count_on_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2027-03-28T02:00:00+02:00", "--to", "2027-03-28t03:00:00z")
    assert len(runs_of(capsys, "hourly", *span)["hourly"]) == 4
    assert len(runs_of(capsys, "hourly", *span, "-n", "2")["hourly"]) == 2


def test_a_time_without_offset_is_by_the_clock_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2027-03-27T02:00", "--to", "2027-03-27 02:45")
    assert runs_of(capsys, "orders-sync", *span) == {"orders-sync": ["2027-03-27T01:30:00Z"]}
    assert runs_of(capsys, "orders-sync", *span, "--tz", "UTC") == {"orders-sync": []}


def test_a_distance_is_counted_from_now(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(runs_of(capsys, "hourly", "--to", "+12h")["hourly"]) == 12
    assert len(runs_of(capsys, "hourly", "--from", "3h", "--to", "+2h")["hourly"]) == 5


def test_all_jobs_are_there_in_name_order(capsys: pytest.CaptureFixture[str]) -> None:
    found = runs_of(capsys)
    assert {name: len(runs) for name, runs in found.items()} == {"hourly": 10, "manual": 0, "orders-sync": 10}
    assert list(found) == sorted(found)
    named = runs_of(capsys, "orders-sync", "hourly", "orders-sync", "-n", "1")
    assert list(named) == ["orders-sync", "hourly"]


def test_text_has_a_table_of_all_and_a_list_for_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    table = run(capsys, "next").splitlines()
    assert table[0].split() == ["JOB", "NEXT", "RUN", "IN", "THEN"]
    assert [line.split()[0] for line in table[1:]] == ["hourly", "orders-sync", "manual"]
    listed = run(capsys, "next", "orders-sync", "manual", "--from", "2027-03-27", "--to", "2027-03-28")
    assert "! 02:30 does not exist on Sun 2027-03-28, skipped" in listed
    assert "\n\nmanual\n    on demand: it has no schedule\n" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--from", "tomorrow"],
            "error: --from: `tomorrow` is no time; write `2h` ago or `+2h` from now, a time such as",
        ),
        (["--to", "2027-02-30"], "error: --to: there is no date `2027-02-30`"),
        (["--to", "9999-12-31"], "error: --to: `9999-12-31` is out of range"),
        (["--from", "0900-01-01T00:00:00Z"], "is out of range; Temporal's calendars end with the year 2100"),
        (["--from", "0001-01-01T00:00:00+14:00"], "error: --from: there is no time"),
        (["--from", "2027-10-31T02:30"], "`2027-10-31T02:30:00` comes twice in Europe/Berlin; add the offset"),
        (["--to", "2h"], "error: --to is before --from"),
        (["--from", "2027-03-28", "--to", "2027-03-27"], "error: --to is before --from"),
        (["--to", "2020-01-01"], "error: --to is before --from"),
        (["--tz", "Berlin"], "did you mean `Europe/Berlin`?"),
        (["-n", "0"], "Invalid value for '--count'"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_of_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in run(capsys, "next", *arguments, code=64)


def test_an_unknown_name_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "next", "order-sync", code=1)
    assert said == "error: no spec names a job `order-sync`; did you mean `orders-sync`?\n"


def test_mistakes_elsewhere_are_said_where_all_jobs_are_meant(capsys: pytest.CaptureFixture[str]) -> None:
    Path("specs/broken.yaml").write_text("{name: broken, queue: q, workflow: {type: W}, schedule: {cron: x}}\n")
    assert group.run(["next"]) == 1
    captured = capsys.readouterr()
    assert "orders-sync" in captured.out
    assert "specs/broken.yaml:1" in captured.err
    assert run(capsys, "next", "hourly")
    assert "the job `broken` has mistakes" in run(capsys, "next", "broken", code=1)
    assert group.run(["calendar"]) == 1
    assert "specs/broken.yaml:1" in capsys.readouterr().err


def test_the_calendar_is_that_of_the_zone_that_all_jobs_mean(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "calendar", "--from", "2026-11-24")
    assert text.startswith("Runs from Tue 2026-11-24 to Mon 2026-11-30, by the clock of Europe/Berlin;")
    assert "all queues  2 jobs, 175 runs\n" in text
    with Path("specs/tokyo.yaml").open("w", encoding="utf-8") as file:
        file.write(
            '{name: tokyo, queue: q, workflow: {type: W}, schedule: {cron: "0 9 * * *", timezone: Asia/Tokyo}}\n'
        )
    assert "by the clock of UTC;" in run(capsys, "calendar")
    assert "by the clock of Asia/Tokyo;" in run(capsys, "calendar", "--tz", "Asia/Tokyo")
    assert "by the clock of Europe/Berlin;" in run(capsys, "calendar", "--queue", "orders")


def test_the_calendar_shows_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "calendar", "--day", "--from", "2026-11-24", "--queue", "orders")
    assert text.startswith("Runs on Tue 2026-11-24,")
    assert "other" not in text
    page = run(capsys, "calendar", "--output", "html", "--from", "2026-11-24")
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.endswith("</html>\n")
    assert page.count("<table>") == 3


def test_what_has_very_many_runs_is_cut_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2026-01-01", "--to", "2028-01-01", "--output", "json")
    assert group.run(["next", "hourly", *span]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("Z") == 10_000
    assert captured.err == "Only the first 10,000 runs are shown of hourly; -n says how many.\n"
    assert group.run(["next", "hourly", *span, "-n", "11000"]) == 0
    captured = capsys.readouterr()
    assert (captured.out.count("Z"), captured.err) == (11_000, "")


def test_a_project_without_jobs_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("specs/jobs.yaml").unlink()
    assert group.run(["next"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "There is no job.\n")
    assert runs_of(capsys) == {}


@pytest.mark.parametrize("day", ["2026-11-24T00:00:00Z", "soon", "1969-12-31"])
def test_the_calendar_begins_with_a_date(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"error: --from: `{day}` is" in run(capsys, "calendar", "--from", day, code=64)


def test_a_queue_that_no_job_has_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "calendar", "--queue", "order", code=1)
    assert said == "error: no job has the task queue `order`; did you mean `orders` or `other`?\n"
