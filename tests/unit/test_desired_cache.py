"""What the daemon remembers of what jobs ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import BugError
from jobspec.planning.desired import Conversion, DesiredState, JobSet
from jobspec.reconcile import desired_cache
from jobspec.reconcile.desired_cache import DesiredCache
from jobspec.spec.loaded_jobs import Job
from jobspec.spec.model import JobSpec
from jobspec.spec.workspace import load_workspace, open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_spec(name: str, **schedule: Any) -> JobSpec:
    return JobSpec.model_validate(
        {"name": name, "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": "1h", **schedule}}
    )


async def update(cache: DesiredCache, *specs: JobSpec, later: timedelta = timedelta(0)) -> DesiredState:
    conversion = Conversion(converter=pydantic_data_converter, namespace="n", now=NOW + later)
    return await cache.update(JobSet(specs={spec.name: spec for spec in specs}), conversion)


async def test_only_what_has_changed_is_converted() -> None:
    cache, a, b = DesiredCache(), make_spec("a"), make_spec("b")
    before = await update(cache, a, b)
    assert cache.changed == {"a", "b"}
    after = await update(cache, a, make_spec("b", interval="2h"))
    assert cache.changed == {"b"}
    assert after.jobs["a"] is before.jobs["a"]
    assert after.jobs["b"] != before.jobs["b"]


async def test_a_job_that_asks_for_the_same_keeps_what_is_compared() -> None:
    cache = DesiredCache()
    before = (await update(cache, make_spec("a"))).jobs["a"]
    after = (await update(cache, make_spec("a"))).jobs["a"]
    assert cache.changed == {"a"}
    assert after.canonical is before.canonical
    assert after == before


async def test_jobs_that_left_are_forgotten() -> None:
    cache, on_demand = DesiredCache(), JobSpec.model_validate({"name": "b", "queue": "q", "workflow": {"type": "W"}})
    await update(cache, make_spec("a"), make_spec("b"), make_spec("c"))
    state = await update(cache, make_spec("a"), on_demand)
    assert (sorted(state.jobs), sorted(state.on_demand)) == (["a"], ["b"])


async def test_a_job_is_completed_once_its_last_run_is_past() -> None:
    cache = DesiredCache()
    ends, endless = make_spec("ends", end_at=(NOW + timedelta(hours=5)).isoformat()), make_spec("endless")
    states = [await update(cache, ends, endless, later=timedelta(hours=hours)) for hours in (0, 1, 4, 6, 7)]
    assert [state.jobs["ends"].is_completed for state in states] == [False, False, False, True, True]
    assert not any(state.jobs["endless"].is_completed for state in states)
    assert states[0].jobs["ends"] is states[2].jobs["ends"]
    assert states[0].jobs["ends"] == states[3].jobs["ends"]  # it asks for what it asked for


async def test_a_job_that_cannot_be_converted_fails_alone_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, a, bad = DesiredCache(), make_spec("a"), make_spec("bad", end_at="2030-01-01T00:00:00Z")

    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(desired_cache, "next_run", fail)
        state = await update(cache, a, bad)
    assert (sorted(state.jobs), sorted(state.failed)) == (["a"], ["bad"])
    assert isinstance(state.failed["bad"], BugError)
    state = await update(cache, a, bad)
    assert (sorted(state.jobs), sorted(state.failed)) == (["a", "bad"], [])


async def test_where_a_job_is_written_is_looked_up_once_as_long_as_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It scans the file, and a job that is held is asked in each cycle."""
    (tmp_path / "jobspec.toml").write_text('project = "shop"\n')
    (tmp_path / "specs").mkdir()
    text = "name: a\nqueue: q\nworkflow: {type: W}\nschedule: {interval: 1h}\n"
    (tmp_path / "specs" / "a.yaml").write_text(text)
    scans, line = [], vars(Job)["line"]

    def look(job: Job) -> Any:
        scans.append(job.spec.name)
        return line.fget(job)

    monkeypatch.setattr(Job, "line", property(look))
    cache, conversion = DesiredCache(), Conversion(converter=pydantic_data_converter, namespace="n", now=NOW)

    async def find(loaded: Any) -> str:
        return str((await cache.update(JobSet.of_files(loaded, None), conversion)).jobs["a"].source)

    loaded = open_workspace(load_workspace(tmp_path), env=None, now=NOW)
    assert [await find(loaded) for _ in range(3)] == ["specs/a.yaml:1"] * 3
    assert len(scans) == 1
    (tmp_path / "specs" / "a.yaml").write_text(f"# moved\n{text}")
    moved = open_workspace(load_workspace(tmp_path), env=None, now=NOW)
    assert [await find(moved) for _ in range(2)] == ["specs/a.yaml:2"] * 2
