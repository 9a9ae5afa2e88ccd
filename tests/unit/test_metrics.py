"""Figures for Prometheus, and the page that names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from reports import CHANGE, Reading, make_report

from jobspec.cli.commands.reconcile import reconcile_command
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.guards import Refusal
from jobspec.reconcile.job_states import Picture, State, draw_picture
from jobspec.reconcile.metrics import Metrics
from jobspec.reconcile.report import Cause, Withheld


class Watching:
    mode = None
    missed = 0


def test_figures_count_what_was_done(tmp_path: Path) -> None:
    metrics = Metrics("1.2.3")
    for status in WriteStatus:
        metrics.count_outcome(Outcome(change=CHANGE, status=status))
    refusal = Refusal(guard="deletes", message="", override="")
    withheld = Withheld(change=CHANGE, cause=Cause.GUARD, message="")
    report = make_report(reading=Reading("x", "y"), refusals=[refusal], withheld={"a": withheld}, seconds=0.3)
    metrics.count_cycle(report, draw_picture(report, Picture()))
    metrics.count_sweep(3)

    watching: Any = Watching()
    lines = set(metrics.render(watch=watching, oldest=7.0).decode().splitlines())

    assert lines >= {
        'jobspec_build_info{version="1.2.3"} 1.0',
        'jobspec_cycles_total{result="converged"} 1.0',
        'jobspec_cycles_total{result="unreachable"} 0.0',
        'jobspec_cycle_duration_seconds_bucket{le="0.5"} 1.0',
        "jobspec_last_success_timestamp_seconds 1.7723664003e+09",
        'jobspec_changes_total{action="update",reason="drift"} 1.0',
        "jobspec_noop_writes_total 0.0",
        'jobspec_write_failures_total{action="update"} 1.0',
        "jobspec_conflicts_total 1.0",
        'jobspec_guard_refusals_total{guard="deletes"} 1.0',
        'jobspec_withheld_changes{cause="guard"} 1.0',
        "jobspec_load_errors 2.0",
        'jobspec_jobs{state="held"} 1.0',
        'jobspec_jobs{state="synced"} 0.0',
        'jobspec_described_total{for="sweep"} 3.0',
        "jobspec_oldest_verification_seconds 7.0",
    }
    assert not any("_created" in line for line in lines)


def test_the_page_for_operators_names_all_figures_and_states() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reconciler.md").read_text()
    watching: Any = Watching()
    lines = Metrics("1").render(watch=watching, oldest=0.0).decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert names == set(re.findall(r"^\| `(jobspec_\w+)`", page, re.MULTILINE))
    assert {state.value for state in State} == set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) - {"text"}


def test_the_page_for_operators_names_all_options() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reconciler.md").read_text()
    options = {
        option for parameter in reconcile_command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert options - set(re.findall(r"`(--[a-z-]+)", page)) == set()
