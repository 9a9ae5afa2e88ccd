"""One job that is opened for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobspec.cli.opened_job import OpenedJob
from jobspec.cli.options import ConnectionOptions, TargetOptions
from jobspec.cli.specs import open_specs
from jobspec.library.definition import Definition

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
