"""Jobs that will never run again: never created, and while they are live compared like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import job

if TYPE_CHECKING:
    from projects import Project

PAST = "end_at: 2020-01-01T00:00:00Z"


def once(year: int, name: str = "a") -> str:
    return job(name).replace("interval: 1h", f"calendar: {{year: {year}, month: 1, day_of_month: 1}}")


@pytest.mark.parametrize("text", [job("a", PAST), once(2020), once(2030).rstrip() + f"\n  {PAST}\n"])
async def test_a_job_that_is_over_is_never_created(project: Project, text: str) -> None:
    project.write(text, job("b"))
    planned = await project.plan()
    assert planned.plan.completed == ("a",)
    assert await project.apply() == {"b": "create done"}
    assert not await project.exists()
    finished = await project.run("apply", "--yes")
    assert finished.code == 0, finished.text
    assert "1 completed" in finished.stdout


async def test_a_live_job_that_is_over_is_updated_and_left_alone_afterwards(project: Project) -> None:
    project.write(job())
    await project.apply()
    project.write(job("a", PAST))
    assert await project.apply() == {"a": "update done"}
    before = await project.snapshot()
    planned = await project.plan()
    assert (planned.plan.completed, planned.plan.unchanged) == ((), 1)
    assert await project.apply() == {}
    assert await project.snapshot() == before
    project.write(job("a", PAST, every="2h"))
    assert await project.apply() == {"a": "update done"}
    project.write(once(2020))
    assert await project.apply() == {"a": "update done"}
    assert await project.apply() == {}


async def test_a_job_that_is_over_and_leaves_is_retired(project: Project) -> None:
    project.write(job(), job("keep"))
    await project.apply()
    project.write(job("a", PAST), job("keep"))
    await project.apply()
    project.write(job("keep"))
    assert await project.apply() == {"a": "retire done"}


async def test_a_retired_job_that_comes_back_over_is_restored(project: Project) -> None:
    project.write(job(), job("keep"))
    await project.apply()
    project.write(job("keep"))
    await project.apply()
    project.write(job("a", PAST), job("keep"))
    assert await project.apply() == {"a": "restore done"}
    assert await project.apply() == {}


async def test_a_job_with_runs_to_come_is_created(project: Project) -> None:
    project.write(once(2095), job("b", "start_at: 2095-01-01T00:00:00Z"))
    assert await project.apply() == {"a": "create done", "b": "create done"}
    assert await project.apply() == {}
