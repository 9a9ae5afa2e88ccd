"""A project in a directory of the test's own: its files, its plans, and the command line run in it."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dev_servers import eventually
from temporalio.api.schedule.v1 import SchedulePatch
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DeleteScheduleRequest,
    DescribeScheduleRequest,
    PatchScheduleRequest,
    UpdateScheduleRequest,
)

from jobspec.cli.session import plan_specs
from jobspec.cli.specs import open_specs
from jobspec.planning.apply import Assignment, Outcome, apply_plan
from jobspec.planning.guards import parse_allowances
from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest
    from temporalio.api.schedule.v1 import Schedule
    from temporalio.api.workflowservice.v1 import DescribeScheduleResponse
    from temporalio.client import Client

    from jobspec.planning.planner import Planned

COMMAND_SECONDS = 60.0
"""How long a command may take; one that hangs fails its test instead of the whole run."""


def job(name: str = "a", *lines: str, every: str = "1h") -> str:
    """Write a job as YAML; `lines` go below `schedule`."""
    head = f"name: {name}\nqueue: q\nworkflow: {{type: W}}\nschedule:\n  interval: {every}\n"
    return head + "".join(f"  {line}\n" for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a command left."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """All that it wrote."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of a schedule that a write moves: two equal ones mean that nothing was written."""

    token: bytes
    updated_at: bytes
    body: bytes
    memo: dict[str, bytes]
    search_attributes: dict[str, bytes]


@dataclass(kw_only=True)
class Project:
    """A project `shop` in a directory, which is the working directory, and a connection to its namespace."""

    directory: Path
    client: Client
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, directory: Path, client: Client, monkeypatch: pytest.MonkeyPatch, settings: str = "") -> Project:
        """Make an empty project; `settings` are more lines of jobspec.toml."""
        monkeypatch.chdir(directory)
        project = cls(directory=directory, client=client)
        (directory / "specs").mkdir()
        project.configure(settings)
        return project

    def configure(self, settings: str) -> None:
        """Write jobspec.toml anew."""
        self.write(f'project = "shop"\n{settings}', to="jobspec.toml")

    def write(self, *texts: str, to: str = "specs/jobs.yaml") -> Path:
        """Write a file; several texts become several jobs of one file."""
        path = self.directory / to
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[0] if len(texts) == 1 else _join_jobs(texts), encoding="utf-8")
        return path

    def remove(self, path: str = "specs/jobs.yaml") -> None:
        """Remove a file."""
        (self.directory / path).unlink()

    async def plan(self, *allow: str, env: str | None = None, later: timedelta = timedelta(0)) -> Planned:
        """Plan as the command would, `later` than now."""
        specs = open_specs(env)
        specs = replace(specs, now=specs.now + later)
        return await plan_specs(specs, Schedules(self.client), parse_allowances(allow))

    async def carry_out(self, planned: Planned) -> dict[str, Outcome]:
        """Carry out a plan that no guard refuses, and wait until lists show what was written."""
        assert not planned.refusals, planned.refusals
        assignment = Assignment(schedules=Schedules(self.client), desired=planned.desired, terms=planned.terms)
        outcomes = {outcome.change.name: outcome async for outcome in apply_plan(planned.plan, assignment)}
        await self.until_listed(*planned.desired)
        return outcomes

    async def apply(self, *allow: str, env: str | None = None, later: timedelta = timedelta(0)) -> dict[str, str]:
        """Plan and apply; returns action and status of each change, such as `create done`."""
        outcomes = await self.carry_out(await self.plan(*allow, env=env, later=later))
        return {
            name: f"{outcome.change.action} {outcome.status}"
            for name, outcome in sorted(outcomes.items(), key=lambda item: item[0])
        }

    async def until_listed(self, *names: str) -> None:
        """Wait until a list shows the mark that each schedule has."""
        schedules = Schedules(self.client)
        described = await schedules.describe_all(names)
        marks = {name: live.project for name, live in described.items() if isinstance(live, LiveSchedule)}

        async def listed() -> None:
            shown = {entry.name: entry.project for entry in await schedules.list()}
            assert marks.items() <= shown.items()

        await eventually(listed)

    async def run(self, *arguments: str, environment: Mapping[str, str | None] | None = None) -> Finished:
        """Run the command line in a process of its own, without a terminal."""
        process = await self.start(*arguments, environment=environment)
        return await finish(process)

    async def start(
        self, *arguments: str, environment: Mapping[str, str | None] | None = None, **streams: Any
    ) -> asyncio.subprocess.Process:
        """Start the command line in a process of its own."""
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jobspec", *arguments),
            cwd=self.directory,
            env=self.make_environment(environment or {}),
            **{"stdin": asyncio.subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, **streams},
        )

    def make_environment(self, more: Mapping[str, str | None]) -> dict[str, str]:
        """Make the variables of a process: nothing of this machine's configuration of Temporal; None unsets one."""
        variables = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")},
            "HOME": str(self.directory),
            "XDG_CONFIG_HOME": str(self.directory / ".config"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": self.client.namespace,
            **self.environment,
            **more,
        }
        return {key: value for key, value in variables.items() if value is not None}

    async def describe(self, name: str = "a") -> DescribeScheduleResponse:
        """Read a schedule raw."""
        request = DescribeScheduleRequest(namespace=self.client.namespace, schedule_id=name)
        return await self.client.workflow_service.describe_schedule(request)

    async def snapshot(self, name: str = "a") -> Snapshot:
        """Take down all of a schedule that a write moves."""
        return await take_snapshot(self.client, name)

    async def pause_of(self, name: str = "a") -> tuple[bool, str]:
        """Read paused and note."""
        state = (await self.describe(name)).schedule.state
        return state.paused, state.notes

    async def exists(self, name: str = "a") -> bool:
        """Whether there is a schedule of that name."""
        return await Schedules(self.client).describe(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody else, who writes raw and unguarded."""

    client: Client

    async def create(self, name: str, schedule: Schedule, **more: Any) -> None:
        """Create a schedule; `more` are fields of the request."""
        request = CreateScheduleRequest(
            namespace=self.client.namespace, schedule_id=name, schedule=schedule, request_id=str(uuid.uuid4()), **more
        )
        await self.client.workflow_service.create_schedule(request)

    async def edit(self, change: Callable[[Schedule], Any], name: str = "a") -> None:
        """Change a schedule in place; it is done when this returns, also where updates are queued."""
        request = DescribeScheduleRequest(namespace=self.client.namespace, schedule_id=name)
        schedule = (await self.client.workflow_service.describe_schedule(request)).schedule
        change(schedule)
        await self.client.workflow_service.update_schedule(
            UpdateScheduleRequest(
                namespace=self.client.namespace, schedule_id=name, schedule=schedule, request_id=str(uuid.uuid4())
            )
        )
        await self.client.workflow_service.describe_schedule(request)

    async def pause(self, note: str, name: str = "a") -> None:
        """Pause as the UI does."""
        await self._patch(name, SchedulePatch(pause=note))

    async def unpause(self, note: str, name: str = "a") -> None:
        """Unpause as the UI does."""
        await self._patch(name, SchedulePatch(unpause=note))

    async def _patch(self, name: str, patch: SchedulePatch) -> None:
        request = PatchScheduleRequest(
            namespace=self.client.namespace, schedule_id=name, patch=patch, request_id=str(uuid.uuid4())
        )
        await self.client.workflow_service.patch_schedule(request)

    async def delete(self, name: str = "a") -> None:
        """Delete a schedule."""
        request = DeleteScheduleRequest(namespace=self.client.namespace, schedule_id=name)
        await self.client.workflow_service.delete_schedule(request)


async def take_snapshot(client: Client, name: str) -> Snapshot:
    """Take down all of a schedule that a write moves."""
    request = DescribeScheduleRequest(namespace=client.namespace, schedule_id=name)
    response = await client.workflow_service.describe_schedule(request)
    return Snapshot(
        token=response.conflict_token,
        updated_at=response.info.update_time.SerializeToString(),
        body=response.schedule.SerializeToString(deterministic=True),
        memo={key: value.SerializeToString() for key, value in response.memo.fields.items()},
        search_attributes={key: value.data for key, value in response.search_attributes.indexed_fields.items()},
    )


async def finish(process: asyncio.subprocess.Process, text: bytes | None = None) -> Finished:
    """Wait until a command ends; one that hangs is killed and fails the test."""
    try:
        stdout, stderr = await asyncio.wait_for(process.communicate(text), COMMAND_SECONDS)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Finished(code=process.returncode, stdout=(stdout or b"").decode(), stderr=(stderr or b"").decode())


def _join_jobs(texts: tuple[str, ...]) -> str:
    entries = ["- " + text.strip().replace("\n", "\n  ") for text in texts]
    return "jobs:\n" + "\n".join(entries) + "\n"
