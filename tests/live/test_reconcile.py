"""Cycles against a real server: what is written, what is left alone, and which requests that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from google.protobuf.duration_pb2 import Duration
from projects import job
from reconciling import SETTINGS, Cycles, reconciling, tell
from sample_schedules import message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.schedule.v1 import Schedule

from jobspec.errors import NamespaceNotFoundError, RequestError
from jobspec.reconcile.metrics import is_noop
from jobspec.reconcile.report import Result, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from dev_servers import Server
    from projects import Project, Stranger


def make_cycles(project: Project) -> Cycles:
    return Cycles(project.directory, project.client)


async def settle(cycles: Cycles, project: Project, *names: str) -> None:
    """Run cycles until all is written and known, lists included."""
    await cycles.run()
    await project.until_listed(*names)

    async def is_known() -> None:
        report = await cycles.run()
        assert not report.outcomes
        assert not cycles.gateway.described

    await eventually(is_known)


async def test_files_become_schedules_and_changes_follow(project: Project) -> None:
    project.write(job("a"), job("b"))

    async with reconciling(project.directory, project.client) as daemon:

        async def has(**expected: int) -> None:
            found = {name: (await project.describe(name)).schedule.spec.interval[0].interval.seconds for name in "ab"}
            assert found == expected

        await eventually(lambda: has(a=3600, b=3600))
        project.write(job("a"), job("b", every="2h"))
        await eventually(lambda: has(a=3600, b=7200))

        project.write(job("a"))

        async def is_retired() -> None:
            assert {each.name: each.state.value for each in daemon.status.picture.list()} == {
                "a": "synced",
                "b": "retired",
            }

        await eventually(is_retired)
        assert (await project.pause_of("b"))[0]


async def test_a_cycle_without_news_asks_for_the_list_alone(project: Project, other: Stranger) -> None:
    await other.create("foreign", message())
    await other.create("nobodys", message())
    names = [f"job-{number}" for number in range(20)]
    project.write(*map(job, names), job("foreign"), job("over", "end_at: 2020-01-01T00:00:00Z"))
    cycles = make_cycles(project)
    await settle(cycles, project, *names)

    for is_full in (True, False):
        report = await cycles.run(is_full=is_full)
        assert (report.outcomes, cycles.gateway.described) == ((), [])
        assert cycles.gateway.lists == is_full
    assert cycles.states() == {**dict.fromkeys(names, "synced"), "foreign": "held", "over": "completed"}


# How drift is found: by the list at once, or by the sweep


def edit_spec(schedule: Schedule) -> None:
    schedule.spec.interval[0].interval.CopyFrom(Duration(seconds=60))


def edit_type(schedule: Schedule) -> None:
    schedule.action.start_workflow.workflow_type.name = "Other"


def edit_policies(schedule: Schedule) -> None:
    schedule.policies.catchup_window.CopyFrom(Duration(seconds=60))


def edit_input(schedule: Schedule) -> None:
    schedule.action.start_workflow.input.payloads[0].data = b'{"n":2}'


def edit_options(schedule: Schedule) -> None:
    schedule.action.start_workflow.workflow_run_timeout.CopyFrom(Duration(seconds=60))


def edit_queue(schedule: Schedule) -> None:
    schedule.action.start_workflow.task_queue.name = "other"


IN_THE_LIST: dict[str, Callable[[Schedule], None]] = {"spec": edit_spec, "type": edit_type}
KEYWORD = {"encoding": b"json/plain", "type": b"Keyword"}
IN_NO_LIST: dict[str, Callable[[Schedule], None]] = {
    "policies": edit_policies,
    "input": edit_input,
    "options": edit_options,
    "queue": edit_queue,
}


def with_input(name: str) -> str:
    return job(name) + "input: {n: 1}\n"


async def test_how_fast_each_kind_of_drift_is_found(project: Project, other: Stranger) -> None:
    kinds = [*IN_THE_LIST, *IN_NO_LIST, "deleted", "paused", "kept", "same"]
    project.write(*map(with_input, kinds[:-2]), job("kept", "paused: true"), with_input("same"))
    cycles = make_cycles(project)
    await settle(cycles, project, *kinds)

    for name, edit in {**IN_THE_LIST, **IN_NO_LIST}.items():
        await other.edit(edit, name)
    await other.delete("deleted")
    await other.pause("for now", "paused")
    await other.unpause("go on", "kept")

    # The list, at the next full cycle: what it shows, and nothing else is described.
    found: dict[str, str] = {}
    described: set[str] = set()

    async def is_found() -> None:
        found.update(tell(await cycles.run()))
        described.update(cycles.gateway.described)
        assert found.keys() == {*IN_THE_LIST, "deleted", "kept"}
        assert "paused" in described

    await eventually(is_found)
    assert set(found.values()) == {"update drift done", "create drift done"}
    assert described == {*IN_THE_LIST, "deleted", "paused", "kept"}
    assert (await project.pause_of("kept"))[0]
    assert await project.pause_of("paused") == (True, "for now")

    # The sweep, within its period: all the rest.
    live = cycles.memory.live
    look = await live.read(cycles.gateway.schedules, live.find_oldest(len(live)))
    assert look.news == {*IN_NO_LIST}
    report = await cycles.run(is_full=False)
    assert tell(report) == dict.fromkeys(IN_NO_LIST, "update drift done")
    assert not any(is_noop(outcome) for outcome in report.outcomes)
    assert set(cycles.states().values()) == {"synced"}
    await settle(cycles, project, *kinds)


@pytest.mark.parametrize("is_full", [True, False])
async def test_a_missing_namespace_is_no_failure_of_each_job(
    project: Project, server: Server, *, is_full: bool
) -> None:
    project.write(job("a"), job("b"))
    report = await Cycles(project.directory, server.client("no-such-namespace")).run(is_full=is_full)
    assert (report.result, report.planned) == (Result.FAILED, None)
    assert isinstance(report.error, NamespaceNotFoundError)


async def test_a_changed_file_costs_its_jobs_and_no_list(project: Project) -> None:
    names = [f"job-{number}" for number in range(10)]
    for name in names:
        project.write(job(name), to=f"specs/{name}.yaml")
    cycles = make_cycles(project)
    await settle(cycles, project, *names)

    project.write(job("job-3", every="2h"), to="specs/job-3.yaml")
    project.write(job("new"), to="specs/new.yaml")
    report = await cycles.run(is_full=False)

    assert tell(report) == {"job-3": "update changed done", "new": "create new done"}
    assert cycles.gateway.lists == 0
    assert {*cycles.gateway.described} == {"job-3", "new"}


async def test_comments_and_descriptions_change_nothing(project: Project) -> None:
    project.write(job("a"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a")
    before = await project.snapshot("a")

    project.write("# a comment\n" + job("a") + "description: new\n")
    report = await cycles.run(is_full=False)

    assert report.outcomes == ()
    assert await project.snapshot("a") == before
    [standing] = cycles.picture.list()
    assert str(standing.find_source()) == "specs/jobs.yaml:2"  # type: ignore[misc]


async def test_a_list_that_lags_behind_is_not_believed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"job-{number}" for number in range(12)]
    project.write(*map(job, names))
    cycles = make_cycles(project)
    await settle(cycles, project, *names)
    before = [await project.snapshot(name) for name in names]
    whole = cycles.gateway.schedules.list

    async def without_some() -> Any:
        return tuple(entry for entry in await whole() if entry.name > "job-5")

    async def empty() -> Any:
        return ()

    for shown in (without_some, empty):
        monkeypatch.setattr(cycles.gateway.schedules, "list", shown)
        assert (await cycles.run()).outcomes == ()
        fresh = make_cycles(project)
        monkeypatch.setattr(fresh.gateway.schedules, "list", shown)
        assert (await fresh.converge()).outcomes == ()
    project.write(*map(job, names[1:]))
    await cycles.run()
    assert tell(await cycles.run()) == {"job-0": "retire removed done"}
    assert [await project.snapshot(name) for name in names[1:]] == before[1:]


async def test_what_could_not_be_read_is_read_again_without_a_list(
    project: Project, other: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(job("a"), job("b"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b")
    describe = cycles.gateway.schedules.describe

    async def fail(name: str) -> Any:
        if name == "b":
            raise RequestError("not now")
        return await describe(name)

    await other.edit(edit_spec, "b")
    monkeypatch.setattr(cycles.gateway.schedules, "describe", fail)

    async def is_failed() -> None:
        assert (await cycles.run()).look.failed == 1

    await eventually(is_failed)
    assert cycles.states() == {"a": "synced", "b": "failed"}
    assert (await cycles.run(is_full=False)).look.failed == 1

    monkeypatch.undo()
    assert tell(await cycles.run(is_full=False)) == {"b": "update drift done"}
    assert cycles.gateway.lists == 0
    assert {*cycles.gateway.described} == {"b"}
    assert cycles.states() == {"a": "synced", "b": "synced"}


# Isolation


async def test_a_broken_file_freezes_its_jobs_and_stops_pruning_and_nothing_else(project: Project) -> None:
    for name in ("a", "b", "gone"):
        project.write(job(name), to=f"specs/{name}.yaml")
    project.write(job("c1"), job("c2"), to="specs/c.yaml")
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b", "gone", "c1", "c2")
    frozen = [await project.snapshot(name) for name in ("a", "c1", "gone")]

    project.write("name: [", to="specs/a.yaml")
    project.write(job("c1") + "nonsense: 1\n", job("c2", every="2h"), to="specs/c.yaml")
    project.write(job("b", every="2h"), to="specs/b.yaml")
    project.remove("specs/gone.yaml")
    report = await cycles.converge()

    assert report.result is Result.CONVERGED
    assert cycles.states() == {"a": "held", "b": "synced", "c1": "invalid", "c2": "synced", "gone": "held"}
    assert [await project.snapshot(name) for name in ("a", "c1", "gone")] == frozen
    for name in ("b", "c2"):
        assert (await project.describe(name)).schedule.spec.interval[0].interval.seconds == 7200

    restarted = make_cycles(project)
    for _ in range(3):
        assert (await restarted.run()).outcomes == ()
    assert restarted.states() == cycles.states()
    assert [await project.snapshot(name) for name in ("a", "c1", "gone")] == frozen

    project.write(job("a"), to="specs/a.yaml")
    project.write(job("c1"), job("c2", every="2h"), to="specs/c.yaml")
    assert tell(await restarted.converge()) == {"gone": "retire removed done"}
    assert restarted.states() == {**dict.fromkeys(("a", "b", "c1", "c2"), "synced"), "gone": "retired"}


async def test_a_broken_project_file_freezes_everything(project: Project) -> None:
    project.write(job("a"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a")

    project.write(job("a", every="2h"))
    for text, said in (
        ("project = ", "is broken"),
        ('specs = ["specs"]', "has no id"),
        ('project = "shop"\ndata_converter = "x:y"\n', "start the daemon anew"),
    ):
        project.write(text, to="jobspec.toml")
        report = await cycles.run()
        assert (report.result, report.planned, report.outcomes) == (Result.FAILED, None, ())
        assert said in str(report.error)
    project.configure("")
    assert tell(await cycles.run()) == {"a": "update changed done"}


async def test_an_environment_that_has_moved_to_another_namespace_freezes_everything(project: Project) -> None:
    place = f'[env.dev]\nnamespace = "{project.client.namespace}"\n'
    project.configure(place)
    project.write(job("a"))
    cycles = Cycles(project.directory, project.client, replace(SETTINGS, environment="dev"))
    assert tell(await cycles.run()) == {"a": "create new done"}

    project.configure('[env.dev]\nnamespace = "elsewhere"\n')
    project.write(job("a", every="2h"))
    report = await cycles.run()
    assert (report.result, report.planned, report.outcomes) == (Result.FAILED, None, ())
    assert "the environment `dev` is in the namespace `elsewhere`" in str(report.error)
    project.configure(place)
    assert tell(await cycles.run()) == {"a": "update changed done"}


async def test_directories_that_are_gone_or_empty_take_nothing_with_them(project: Project) -> None:
    project.write(job("a"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a")
    before = await project.snapshot("a")
    specs = project.directory / "specs"

    for prepare in (lambda: specs.rename(project.directory / "away"), specs.mkdir):
        prepare()
        for each in (cycles, make_cycles(project)):
            report = await each.converge()
            assert (report.outcomes, each.states()) == ((), {"a": "held"})
            assert "--allow empty" in report.withheld["a"].message
    assert await project.snapshot("a") == before


# Going, coming back, and who may go


async def test_a_job_goes_only_after_two_equal_looks_and_comes_back_as_it_was(
    project: Project, other: Stranger
) -> None:
    project.write(job("a"), job("b"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b")
    await other.pause("mine", "b")

    project.write(job("a"))
    first = await cycles.run(is_full=False)
    assert (first.outcomes, first.unconfirmed, cycles.states()["b"]) == ((), True, "held")
    project.write(job("a"), job("c"))
    second = await cycles.run(is_full=False)
    assert (tell(second), second.unconfirmed) == ({"c": "create new done"}, True)
    third = await cycles.run(is_full=False)
    assert tell(third) == {"b": "retire removed done"}
    assert cycles.states() == {"a": "synced", "b": "retired", "c": "synced"}

    project.write(job("a"), job("b"), job("c"))
    assert tell(await cycles.run(is_full=False)) == {"b": "restore changed done"}
    assert await project.pause_of("b") == (True, "mine")


async def test_a_retired_job_is_deleted_when_its_time_is_over(project: Project) -> None:
    project.configure('[prune]\ngrace = "1s"\n')
    project.write(job("a"), job("b"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b")
    project.write(job("a"))
    assert tell(await cycles.converge()) == {"b": "retire removed done"}

    async def is_deleted() -> None:
        assert tell(await cycles.run()) == {"b": "delete removed done"}

    await eventually(is_deleted)
    assert not await project.exists("b")
    assert cycles.states() == {"a": "synced"}


async def test_a_guard_withholds_the_removals_and_nothing_else(project: Project) -> None:
    names = [f"job-{number}" for number in range(7)]
    project.write(*map(job, names))
    cycles = make_cycles(project)
    await settle(cycles, project, *names)

    project.write(job("job-0", every="2h"))
    report = await cycles.run()
    assert tell(report) == {"job-0": "update changed done"}
    report = await cycles.run()
    assert (report.outcomes, report.result) == ((), Result.PENDING)
    assert cycles.states() == {"job-0": "synced", **dict.fromkeys(names[1:], "held")}
    assert "`jobspec apply --allow deletes=6`" in report.withheld["job-1"].message
    report = await cycles.run(prunes=False)
    assert report.planned
    assert (report.planned.refusals, report.result) == ((), Result.CONVERGED)

    await project.apply("deletes=6")
    await cycles.run()
    assert cycles.states() == {"job-0": "synced", **dict.fromkeys(names[1:], "retired")}


async def test_without_pruning_or_in_a_dry_run_nothing_goes_or_nothing_changes(project: Project) -> None:
    project.write(job("a"), job("b"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b")
    before = await project.snapshot("a")

    project.write(job("a", every="2h"), job("c"))
    report = await cycles.converge(is_dry_run=True)
    assert (report.outcomes, cycles.states()) == ((), dict.fromkeys("abc", "drifted"))
    assert await project.snapshot("a") == before

    report = await cycles.run(prunes=False)
    assert tell(report) == {"a": "update changed done", "c": "create new done"}
    assert cycles.states() == {"a": "synced", "b": "held", "c": "synced"}


# Others who write for the same project


async def test_a_job_that_another_writer_keeps_changing_back_is_contended(project: Project, other: Stranger) -> None:
    project.write(job("a"), job("b"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a", "b")

    for _ in range(2):
        await other.edit(edit_as_rival, "a")

        async def is_repaired() -> None:
            assert tell(await cycles.run()) == {"a": "update drift done"}

        await eventually(is_repaired)
    await other.edit(edit_as_rival, "a")
    await other.edit(edit_spec, "b")

    async def is_contended() -> None:
        assert "b" in tell(await cycles.run())
        assert cycles.states()["a"] == "contended"

    await eventually(is_contended)
    report = await cycles.run()
    assert (report.outcomes, report.result) == ((), Result.PENDING)
    assert "2 times" in report.withheld["a"].message
    assert (await project.describe("a")).schedule.action.start_workflow.workflow_type.name == "Rival"

    project.write(job("a", every="3h"), job("b"))
    assert tell(await cycles.run()) == {"a": "update changed done"}


def edit_as_rival(schedule: Schedule) -> None:
    schedule.action.start_workflow.workflow_type.name = "Rival"


async def test_two_daemons_of_different_files_stop_fighting(project: Project) -> None:
    project.write(job("a"), job("b"))
    project.write('project = "shop"\n', to="old/jobspec.toml")
    project.write(job("a", every="2h"), to="old/specs/jobs.yaml")
    both = make_cycles(project), Cycles(project.directory / "old", project.client)
    writes: list[tuple[int, str, str]] = []

    async def is_over() -> None:
        for number, cycles in enumerate(both):
            changes = [outcome.change for outcome in (await cycles.run()).outcomes]
            writes.extend((number, change.name, change.action.value) for change in changes)
        assert [cycles.states() for cycles in both] in (
            [{"a": "contended", "b": "contended"}, {"a": "synced", "b": "retired"}],
            [{"a": "synced", "b": "synced"}, {"a": "contended", "b": "contended"}],
            [{"a": "contended", "b": "synced"}, {"a": "synced", "b": "contended"}],
            [{"a": "synced", "b": "contended"}, {"a": "contended", "b": "retired"}],
        )

    await eventually(is_over)
    assert all(writes.count(write) <= 3 for write in writes), writes


async def test_two_daemons_of_the_same_files_leave_each_other_in_peace(project: Project, other: Stranger) -> None:
    names = [f"job-{number}" for number in range(6)]
    project.write(*map(job, names))
    both = make_cycles(project), make_cycles(project)
    await asyncio.gather(*(cycles.run() for cycles in both))
    await project.until_listed(*names)
    for every in ("2h", "3h"):
        project.write(*(job(name, every=every) for name in names))
        await asyncio.gather(*(cycles.run() for cycles in both))
    await other.delete("job-0")
    await other.edit(edit_spec, "job-1")
    project.write(*(job(name, every="3h") for name in names[:-1]))
    for _ in range(3):
        reports = await asyncio.gather(*(cycles.run() for cycles in both))
    await project.until_listed(*names)

    async def is_settled() -> None:
        reports = await asyncio.gather(*(cycles.run() for cycles in both))
        assert not any(report.outcomes for report in reports)

    await eventually(is_settled)
    for cycles in both:
        assert cycles.states() == {**dict.fromkeys(names[:-1], "synced"), "job-5": "retired"}
    assert not any(is_noop(outcome) for report in reports for outcome in report.outcomes)


async def test_what_is_not_ours_is_never_touched(project: Project, other: Stranger) -> None:
    await other.create("theirs", message())
    await other.create("bystander", message())
    before = [await project.snapshot(name) for name in ("theirs", "bystander")]
    project.write(job("theirs"), job("ours"))
    cycles = make_cycles(project)
    await settle(cycles, project, "ours")
    project.write(job("ours"))
    await cycles.converge()

    assert cycles.states() == {"ours": "synced"}
    assert [await project.snapshot(name) for name in ("theirs", "bystander")] == before


@pytest.mark.parametrize("server", ["workflow"], indirect=True)  # the other one takes no such schedule
async def test_malformed_schedules_disturb_nobody_else_and_stay(project: Project, other: Stranger) -> None:
    strange = Schedule()
    strange.spec.interval.add().interval.FromSeconds(3600)
    ours = SearchAttributes(indexed_fields={"JobspecProject": Payload(metadata=KEYWORD, data=b'"shop"')})
    await other.create("theirs", strange)
    await other.create("bystander", strange)
    for name in ("own", "orphan"):
        await other.create(name, strange, search_attributes=ours)
    names = ("theirs", "bystander", "own", "orphan")
    project.configure('[prune]\ngrace = "0s"\n')
    project.write(job("theirs"), job("own"), job("good"))
    cycles = make_cycles(project)
    await settle(cycles, project, "good")

    async def is_known() -> None:
        assert (await cycles.converge()).outcomes == ()
        assert cycles.states() == {"theirs": "held", "own": "failed", "orphan": "failed", "good": "synced"}

    await eventually(is_known)
    report = await cycles.run()
    assert (report.outcomes, report.look.failed, cycles.gateway.described) == ((), 0, [])
    for name in names:
        assert (await project.describe(name)).conflict_token


async def test_a_schedule_that_is_handed_over_is_let_go(project: Project) -> None:
    project.write(job("a"))
    cycles = make_cycles(project)
    await settle(cycles, project, "a")
    live = await cycles.gateway.schedules.describe("a")
    assert live is not None
    await cycles.gateway.schedules.mark(live, "payroll")

    async def is_held() -> None:
        await cycles.run()
        assert cycles.states() == {"a": "held"}

    await eventually(is_held)
    project.write(job("b"))
    assert tell(await cycles.converge()) == {}
    assert await project.pause_of("a") == (False, "")


async def test_the_sweep_of_a_daemon_mends_what_no_list_shows(project: Project, other: Stranger) -> None:
    project.write(with_input("a"), with_input("b"))
    settings = replace(SETTINGS, interval=timedelta(hours=1), sweep=timedelta(seconds=2))
    async with reconciling(project.directory, project.client, settings) as daemon:

        async def is_synced() -> None:
            assert [each.state.value for each in daemon.status.picture.list()] == ["synced", "synced"]

        await eventually(is_synced)
        await other.edit(edit_input, "b")

        async def is_mended() -> None:
            assert (await project.describe("b")).schedule.action.start_workflow.input.payloads[0].data == b'{"n":1}'
            document = await daemon.status.make_document()
            assert Trigger.DRIFT.value in [cycle.trigger for cycle in document.cycles]

        await eventually(is_mended)
