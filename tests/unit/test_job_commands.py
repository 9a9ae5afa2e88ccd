"""The commands for runs and live schedules, as far as no server is needed for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from jobspec.cli import group
from jobspec.cli.commands import runs
from jobspec.cli.commands.run import run_command
from jobspec.cli.commands.schedules import OVERLAPS
from jobspec.results import Status
from jobspec.spec.schedule import OverlapPolicy

if TYPE_CHECKING:
    from pathlib import Path

SPECS = """\
jobs:
- {name: orders-sync, queue: q, workflow: {type: W}, schedule: {interval: 1h}}
- {name: orders-report, queue: q, workflow: {type: W}}
- {name: broken, queue: q, workflow: {type: W}, schedule: {interval: 5}}
"""


def test_the_help_of_run_says_what_only_trigger_sends() -> None:
    shown = " ".join(CliRunner().invoke(run_command, ["--help"]).output.split())
    assert "what only the live schedule has, such as headers, use `jobspec trigger`" in shown


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "jobs.yaml").write_text(SPECS)
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n')
    monkeypatch.chdir(tmp_path)
    for variable in ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


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
