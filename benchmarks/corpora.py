"""The spec files that are measured: the real ones of prow/, and as many made-up ones as wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROW = Path(__file__).parent / "prow"

MADE_UP_FILES = 10_000
DIRECTORIES = 100

_TEMPLATE = """\
# yaml-language-server: $schema=../../schemas/job.schema.json
name: orders-sync-{number:05}
description: Pull new orders of shop {number} into the warehouse
owner: team-{team}
tags: [orders, hourly, shop]
queue: sync-orders-{team}
workflow: shop.workflows:SyncOrders
activities: [shop.activities:fetch_orders, shop.activities:store]
input:
  region: eu-central-{team}
  batch_size: {batch}
  dry_run: false
input_model: shop.models:OrdersInput
run:
  execution_timeout: 2h
  run_timeout: 1h
  retry_policy:
    initial_interval: 1s
    backoff_coefficient: 2.0
    maximum_attempts: 3
    non_retryable_error_types: [BadOrder]
schedule:
  cron: "{minute} {hour} * * MON-FRI"
  timezone: Europe/Berlin
  jitter: 30s
  overlap: buffer_one
  catchup_window: 1h
"""


def write_project(directory: Path, count: int = MADE_UP_FILES) -> None:
    """Write a project with as many files of one job each, spread over directories.

    No two crons of the first 1,440 files are equal, so that little of what is computed for one can serve the next.
    """
    (directory / "jobspec.toml").write_text('project = "made-up"\n')
    for number in range(count):
        team = number % DIRECTORIES
        text = _TEMPLATE.format(
            number=number, team=team, batch=100 + number % 900, minute=number % 60, hour=number // 60 % 24
        )
        path = directory / "specs" / f"team-{team:02}" / f"orders-sync-{number:05}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def list_files(directory: Path) -> Iterator[Path]:
    """List the spec files of a project."""
    return (path for path in sorted((directory / "specs").rglob("*.yaml")) if path.is_file())
