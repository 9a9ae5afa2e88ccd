"""The commands for runs and live schedules, as far as no server is needed for them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobspec.cli import group
from jobspec.cli.commands import runs
from jobspec.cli.commands.schedules import OVERLAPS
from jobspec.cli.group import COMMANDS, SECTIONS
from jobspec.cli.opened_job import OpenedJob
from jobspec.cli.options import ConnectionOptions, TargetOptions
from jobspec.cli.run_wait import Progress
from jobspec.cli.specs import open_specs
from jobspec.jobs.definition import Definition
from jobspec.render.clock import Clock
from jobspec.render.status_text import render_status, summarize_status
from jobspec.render.tables import Style
from jobspec.results import JobOverview, JobState, RunSummary, Status
from jobspec.spec.schedule import OverlapPolicy

if TYPE_CHECKING:
    from pathlib import Path

SPECS = """\
jobs:
- {name: orders-sync, queue: q, workflow: {type: W}, schedule: {interval: 1h}}
- {name: orders-report, queue: q, workflow: {type: W}}
- {name: broken, queue: q, workflow: {type: W}, schedule: {interval: 5}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "jobs.yaml").write_text(SPECS)
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n')
    monkeypatch.chdir(tmp_path)
    for variable in ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_every_command_stands_below_one_heading() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)


def test_what_is_repeated_for_speed_is_right() -> None:
    assert set(runs.STATUSES) == {status.value for status in Status} - {"unknown"}
    assert set(OVERLAPS) == {policy.value for policy in OverlapPolicy}


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("run orders-synk", 1, "no spec names a job `orders-synk`; did you mean `orders-sync`"),
        ("runs broken", 1, "error[JS210]: `5` has no unit"),
        ("cancel broken", 1, "the job `broken` has mistakes"),
        ("pause orders-sync nix", 1, "no spec names a job `nix`"),
        ("stats orders-sync nix", 1, "no spec names a job `nix`"),
        ("run orders-sync --input {", 64, "--input: this is no JSON"),
        ("run orders-sync --input 1 --arg 2", 64, "not both"),
        ("run orders-sync --id=", 64, "--id is empty"),
        ("run orders-sync --patience soon", 64, "`soon` is no duration"),
        ("signal orders-sync release --arg x", 64, "--arg: this is no JSON"),
        ("query orders-sync", 64, "Missing argument 'QUERY'"),
        ("runs orders-sync --since yesterday", 64, "`yesterday` is no time"),
        ("runs orders-sync --tz Mars", 64, "there is no time zone `Mars`"),
        ("runs orders-sync --status done", 64, "'done' is not one of"),
        ("runs orders-sync --page-token %", 64, "this is no page token"),
        ("describe orders-sync --run-id r", 64, "name the workflow id with -w"),
        ("history orders-sync --max-events 0", 64, "0 is not in the range"),
        ("terminate orders-sync --run-id r", 64, "name the workflow id with -w"),
        *(
            (f"{verb} orders-sync --workflow-id=", 64, "-w is empty")
            for verb in ("describe", "history", "cancel", "terminate")
        ),
        *((f"{verb} orders-sync word --workflow-id=", 64, "-w is empty") for verb in ("signal", "query")),
        ("cancel orders-sync -w a --run-id=", 64, "--run-id is empty"),
        ("pause", 64, "Missing argument 'NAME...'"),
        ("backfill orders-sync --from 1h", 64, "Missing option '--to'"),
        ("backfill orders-sync --from 1h --to 2h", 64, "must start before it ends"),
        ("backfill orders-sync --from 1h --to 2999-01-01T00:00:00Z", 64, "still to come"),
        ("backfill orders-sync --from 1000h --to 1h", 3, "that is more than 100 runs"),
        ("backfill orders-report --from 2h --to 1h", 1, "has no schedule"),
        ("status --env staging", 64, "no environment `staging`"),
    ],
)
def test_what_cannot_work_is_said_before_anybody_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, said: str
) -> None:
    if "--env" in line:
        (project / "jobspec.toml").write_text('project = "shop"\n[env.prod]\n')
    assert group.run(line.split()) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_mistakes_of_other_jobs_are_mentioned_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2026-01-01", "--to", "2026-01-01", "--tz", "Asia/Tokyo", "--dry-run")
    assert group.run(["backfill", "orders-sync", *span]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[:2] == ["2026-01-01 00:00:00", "2026-01-01 01:00:00"]
    assert len(captured.out.splitlines()) == 24
    assert captured.err.splitlines() == [
        "warning: another spec has a mistake; `jobspec validate` shows it",
        "24 runs; times are those of Asia/Tokyo.",
        "Nothing was asked for.",
    ]


def test_a_backfill_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T01:30:00Z")
    assert group.run(["backfill", "orders-sync", *span, "--dry-run", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "kind": "backfill",
        "version": 1,
        "job": "orders-sync",
        "times": ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"],
        "requested": False,
    }


def test_a_command_that_is_named_can_be_typed_as_it_is(project: Path) -> None:
    connection = ConnectionOptions(profile="my profile", namespace="shop")
    job = OpenedJob(
        specs=open_specs(None),
        definition=Definition("a", "q", workflow="m:W"),
        target=TargetOptions(environment="prod", connection=connection),
    )
    assert (
        job.command("describe", "-w", "x y")
        == "jobspec describe a -w 'x y' --env prod --profile 'my profile' --namespace shop"
    )


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
CLOCK = Clock(zone=UTC, name="UTC", now=NOW)
FAILED = RunSummary(
    workflow_id="a-1",
    run_id="r",
    workflow_type="W",
    task_queue="q",
    status=Status.TIMED_OUT,
    started_at=NOW - timedelta(hours=2),
    closed_at=NOW - timedelta(hours=1),
)
JOBS = (
    JobOverview(
        name="a",
        state=JobState.ACTIVE,
        differences=("schedule.cron", "input", "queue", "memo"),
        next_run=NOW + timedelta(hours=1),
        last_run=FAILED,
        running=2,
        running_since=NOW - timedelta(minutes=1),
    ),
    JobOverview(name="b", state=JobState.PAUSED, message="by \x1b[2Jjane"),
    JobOverview(name="c", state=JobState.RETIRED, delete_after=NOW),
)


def test_how_jobs_stand() -> None:
    assert render_status(JOBS, CLOCK, Style()) == (
        "JOB  STATE    NEXT RUN (UTC)       LAST RUN             RUNNING      REMARK\n"
        "a    active   2026-07-01 13:00:00  timed out 1h00m ago  2 for 1m00s"
        "  differs from its spec in schedule.cron, input, queue, …\n"
        "b    paused   -                    -                    -            by \\u001b[2Jjane\n"
        "c    retired  -                    -                    -"
        "            deleted by the first apply after 2026-07-01 12:00:00\n"
    )
    assert summarize_status(JOBS) == (
        "3 jobs: 1 active, 1 paused, 1 retired, 1 unlike their specs, 1 whose last run failed."
    )
    assert summarize_status(()) == "There are no jobs."


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_line_per_change_where_nobody_looks() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for told in ("a", "a", "b\x1b[2J"):
        progress.tell(told)
    progress.note("gone")
    progress.close()
    assert stream.getvalue() == "0s  a\n0s  b\\u001b[2J\ngone\n"


def test_progress_is_one_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "12")
    stream = Screen()
    progress = Progress(stream)
    progress.tell("a long sentence")
    progress.note("gone")
    progress.tell("b")
    progress.close()
    assert stream.getvalue() == "\r\x1b[2K0s  a l…nce\r\x1b[2Kgone\n\r\x1b[2K0s  b\r\x1b[2K"


def test_a_dumb_terminal_gets_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Screen()
    progress = Progress(stream)
    progress.tell("a")
    progress.close()
    assert stream.getvalue() == "0s  a\n"


def test_progress_that_nobody_reads_is_no_failure() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.isatty()
    progress.tell("a")
