"""A bug that one job brings out is that job's failure, at whatever stage, and no other's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from projects import job
from reconciling import Cycles, tell

from jobspec.planning import apply, decide, desired, planner
from jobspec.planning.apply import WriteStatus
from jobspec.reconcile import job_states, live_cache
from jobspec.reconcile.contention import Contention
from jobspec.reconcile.report import Result
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Callable

    from projects import Project

pytestmark = pytest.mark.parametrize("server", ["chasm"], indirect=True)

QUOTED = "what the job says"
BAD_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class Stage:
    """Where something goes wrong: a function, which of its arguments names the job, and when a schedule must be there.

    Attributes:
        owner: Its module or class.
        name: Its name there.
        names: Tells from its arguments whether they are about the job.
        is_later: Whether it takes a cycle that already went well to get there.
    """

    owner: Any
    name: str
    names: Callable[..., bool]
    is_later: bool = False


def _is_bad(live: Any) -> bool:
    return bool(getattr(live, "name", "") == "bad")


def _is_about(canonical: Any) -> bool:
    return bool(canonical.workflow_id == "bad")


STAGES = {
    "desired": Stage(desired, "canonicalize", lambda message: _is_about(message.action.start_workflow)),
    "completed": Stage(desired, "has_run", lambda timetable, _: timetable.intervals[0].every == BAD_SECONDS),
    "observed": Stage(Schedules, "describe", lambda _, name: name == "bad"),
    "compared": Stage(live_cache, "_is_same", lambda *lives: any(map(_is_bad, lives)), is_later=True),
    "decided": Stage(planner, "decide", lambda name, *_, **__: name == "bad"),
    "explained": Stage(decide, "explain_difference", lambda before, _: _is_about(before), is_later=True),
    "admitted": Stage(Contention, "judge", lambda _, change, __: change.name == "bad"),
    "written": Stage(Schedules, "create", lambda _, name, *__, **___: name == "bad"),
    "decided again": Stage(apply, "decide", lambda name, *_, **__: name == "bad", is_later=True),
    "verified": Stage(Schedules, "_read_back", lambda _, before, __: before.name == "bad", is_later=True),
    "noted": Stage(Contention, "note", lambda _, change, __: change.name == "bad"),
    "shown": Stage(job_states, "_stand_tried", lambda outcome: outcome.change.name == "bad"),
}


def break_stage(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """Raise where the job is concerned."""
    inner = getattr(stage.owner, stage.name)

    def outer(*arguments: Any, **options: Any) -> Any:
        if stage.names(*arguments, **options):
            raise ZeroDivisionError(QUOTED)
        return inner(*arguments, **options)

    monkeypatch.setattr(stage.owner, stage.name, outer)


@pytest.fixture(autouse=True)
def _no_bug_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.errors._reported", set())


@pytest.mark.parametrize("stage", STAGES)
async def test_in_a_cycle(
    project: Project, stage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cycles, where = Cycles(project.directory, project.client), STAGES[stage]
    project.write(job("a"), job("bad", every="2h"), job("z"))
    if where.is_later:
        await cycles.run()
        project.write(job("a", every="5h"), job("bad", every="6h"), job("z", every="5h"))
    with caplog.at_level(logging.ERROR), monkeypatch.context() as broken:
        break_stage(broken, where)
        reports = [await cycles.run(), await cycles.run()]
    good = "update changed done" if where.is_later else "create new done"
    done = {name: what for report in reports for name, what in tell(report).items() if name != "bad"}
    assert done == {"a": good, "z": good}
    assert cycles.states() | {"bad": ""} == {"a": "synced", "bad": "", "z": "synced"}
    bugs = [record for record in caplog.records if "a bug in jobspec (ZeroDivisionError" in record.getMessage()]
    assert len({record.getMessage() for record in bugs}) == len(bugs) >= 1
    assert all(record.exc_info for record in bugs)
    assert QUOTED not in caplog.text
    mended = await cycles.run()
    assert mended.result is Result.CONVERGED
    assert cycles.states() == dict.fromkeys(("a", "bad", "z"), "synced")


@pytest.mark.parametrize("stage", ["desired", "observed", "decided", "written", "verified", "decided again"])
async def test_in_an_apply(project: Project, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where = STAGES[stage]
    project.write(job("a"), job("bad", every="2h"), job("z"))
    if where.is_later:
        await project.apply()
        project.write(job("a", every="5h"), job("bad", every="6h"), job("z", every="5h"))
    with monkeypatch.context() as broken:
        break_stage(broken, where)
        planned = await project.plan()
        outcomes = await project.carry_out(planned)
    assert {name: outcomes[name].status for name in "az"} == dict.fromkeys("az", WriteStatus.DONE)
    failed = [held.message for held in planned.plan.held]
    failed += [outcomes[name].message for name in outcomes if name == "bad"]
    assert len(failed) == 1
    assert "a bug in jobspec (ZeroDivisionError" in failed[0]
    assert QUOTED not in failed[0]
