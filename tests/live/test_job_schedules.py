"""A job's own schedule, through the library: applied, paused, resumed, deleted, listed; nobody else's is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from projects import Snapshot, Stranger, take_snapshot
from sample_schedules import message
from temporalio.api.common.v1 import Memo, Payload

import jobspec
from jobspec import (
    ApplyError,
    Definition,
    ForeignScheduleError,
    InvalidDefinitionError,
    JobspecError,
    NamespaceNotFoundError,
    NoScheduleError,
    RefusedError,
    Registry,
    ScheduleNotFoundError,
    ScheduleOutcome,
    ScheduleSpec,
    UsageError,
    WorkflowRef,
)
from jobspec.planning.pauses import Pause, retire
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dev_servers import Server
    from temporalio.client import Client

    Method = Callable[[Definition[Any], Client], Awaitable[object]]

START = datetime(2026, 3, 1, tzinfo=UTC)
ON_CALL = "on call: Ann"


def define(name: str = "a", every: str | None = "1h", *, project: str | None = "shop", **more: Any) -> Definition[Any]:
    """Make a job; `more` goes into its schedule, and `input` to the job."""
    given = {"input": more.pop("input")} if "input" in more else {}
    schedule = None if every is None else ScheduleSpec.model_validate({"interval": every, **more})
    return Definition(name, "q", workflow=WorkflowRef(type="W"), schedule=schedule, project=project, **given)


METHODS: dict[str, Method] = {
    "apply": lambda job, client: job.apply_schedule(client),
    "delete": lambda job, client: job.delete_schedule(client),
    "pause": lambda job, client: job.pause_schedule(client, "x"),
    "resume": lambda job, client: job.resume_schedule(client, "x"),
    "trigger": lambda job, client: job.trigger_schedule(client),
    "backfill": lambda job, client: job.backfill_schedule(client, START, START + timedelta(hours=2)),
}
"""All that writes."""

READING: dict[str, Method] = {"describe": lambda job, client: job.describe_schedule(client)}


async def snapshot(client: Client, name: str = "a") -> Snapshot:
    return await take_snapshot(client, name)


async def is_unplanned(client: Client, *jobs: Definition[Any]) -> bool:
    """Whether a plan of the jobs is empty."""
    plan = (await jobspec.plan(client, Registry(*jobs, project="shop"))).plan
    return (plan.changes, plan.held, plan.unchanged) == ((), (), len(jobs))


async def retire_live(client: Client) -> None:
    schedules = Schedules(client)
    live = await schedules.describe("a")
    assert live is not None
    retired = retire(Pause(paused=live.paused, note=live.note), now=datetime.now(UTC), grace=timedelta(days=1))
    await schedules.update(live, None, paused=True, note=retired.note)


async def test_applying_creates_then_does_nothing_then_updates(client: Client) -> None:
    assert await define().apply_schedule(client) == ScheduleOutcome(name="a", action="create")
    before = await snapshot(client)
    assert await define().apply_schedule(client) == ScheduleOutcome(name="a")
    assert await snapshot(client) == before
    changed = define(every="2h")
    assert await changed.apply_schedule(client) == ScheduleOutcome(name="a", action="update")
    assert await is_unplanned(client, changed)


async def test_applying_keeps_an_operators_pause_and_restores_what_is_retired(client: Client, other: Stranger) -> None:
    await define().apply_schedule(client)
    await other.pause(ON_CALL)
    assert await define(every="2h").apply_schedule(client) == ScheduleOutcome(name="a", action="update")
    assert (await define().describe_schedule(client)).note == ON_CALL
    await retire_live(client)
    assert await define(every="2h").apply_schedule(client) == ScheduleOutcome(name="a", action="restore")
    detail = await define(every="2h").describe_schedule(client)
    assert (detail.paused, detail.note, detail.differences) == (True, ON_CALL, ())


async def test_a_job_that_will_never_run_again_is_not_created(client: Client) -> None:
    over = define(end_at="2026-01-01T00:00:00Z")
    assert await over.apply_schedule(client) == ScheduleOutcome(name="a")
    with pytest.raises(ScheduleNotFoundError):
        await over.describe_schedule(client)


def marked(project: str) -> dict[str, Any]:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=f'"{project}"'.encode())
    return {"memo": Memo(fields={"jobspec": payload})}


@pytest.mark.parametrize(
    ("mark", "hint"), [({}, "jobspec adopt a`"), (marked("payroll"), "jobspec adopt a --from payroll`")]
)
async def test_what_is_not_ours_is_told_of_and_never_written(
    client: Client, other: Stranger, mark: dict[str, Any], hint: str
) -> None:
    await other.create("a", message(), **mark)
    before = await snapshot(client)
    for name, write in METHODS.items():
        with pytest.raises(ForeignScheduleError, match=hint) as caught:
            await write(define(), client)
        # Where several are done to at once, each must tell which one it is about.
        assert name == "apply" or str(caught.value).startswith("the job `a` has no schedule of its own: ")
    assert await snapshot(client) == before
    detail = await define().describe_schedule(client)
    assert detail.project == ("payroll" if mark else None)
    assert detail.fields["workflow"] == "T"
    assert detail.differences == ("run.workflow_id", "workflow")


async def test_what_bears_a_former_id_of_the_project_is_ours(client: Client, other: Stranger) -> None:
    await other.create("a", message(), **marked("store"))
    ours = Definition.from_spec(define().spec, project="shop", also_owns=["store"])
    assert (await ours.apply_schedule(client)).action == "update"
    assert (await ours.pause_schedule(client, "x")).changed
    await ours.delete_schedule(client)


@pytest.mark.parametrize("method", [*METHODS.values(), *READING.values()], ids=[*METHODS, *READING])
async def test_every_method_says_what_is_missing(client: Client, server: Server, method: Method) -> None:
    elsewhere = server.client("no-such-namespace")
    with pytest.raises(NamespaceNotFoundError, match="no-such-namespace"):
        await method(define(), elsewhere)
    with pytest.raises(NoScheduleError, match="the job `a` has no schedule"):
        await method(define(every=None), client)
    if method is not METHODS["apply"]:
        with pytest.raises(ScheduleNotFoundError, match="there is no schedule `a`"):
            await method(define(), client)
    if method not in READING.values():
        with pytest.raises(InvalidDefinitionError, match="the job `a` has no project"):
            await method(define(project=None), client)


async def test_a_pause_says_who_and_why_and_no_plan_undoes_it(client: Client) -> None:
    job = define()
    await job.apply_schedule(client)
    paused = await job.pause_schedule(client, "the warehouse moves", by="ann@shop")
    assert (paused.paused, paused.note, paused.changed) == (True, "the warehouse moves (paused by ann@shop)", True)
    assert await is_unplanned(client, job)
    before = await snapshot(client)
    again = await job.pause_schedule(client, "something else", by="bob@shop")
    assert (again.note, again.changed) == (paused.note, False)
    assert await snapshot(client) == before
    resumed = await job.resume_schedule(client)
    assert (resumed.paused, resumed.note, resumed.changed) == (False, f"resumed by {client.identity}", True)
    assert not (await job.resume_schedule(client, by="ann@shop")).changed
    assert (await job.describe_schedule(client)).note == resumed.note
    assert await is_unplanned(client, job)


async def test_a_job_that_sets_paused_is_neither_paused_nor_resumed_by_hand(client: Client) -> None:
    job = define(paused="Waiting")
    await job.apply_schedule(client)
    before = await snapshot(client)
    for method in (METHODS["pause"], METHODS["resume"]):
        with pytest.raises(RefusedError, match=r"sets `schedule\.paused` itself"):
            await method(job, client)
    assert await snapshot(client) == before


async def test_a_pause_replaces_one_that_the_next_apply_would_undo(client: Client) -> None:
    await define(paused="Waiting").apply_schedule(client)
    job = define()
    paused = await job.pause_schedule(client, "on call", by="ann@shop")
    assert (paused.note, paused.changed) == ("on call (paused by ann@shop)", True)
    assert await is_unplanned(client, job)


async def test_what_is_retired_is_neither_paused_nor_resumed(client: Client) -> None:
    await define().apply_schedule(client)
    await retire_live(client)
    before = await snapshot(client)
    for method in (METHODS["pause"], METHODS["resume"]):
        with pytest.raises(RefusedError, match="apply the job, which restores it"):
            await method(define(), client)
    assert await snapshot(client) == before


async def test_a_reason_that_cannot_be_written_changes_nothing(client: Client) -> None:
    await define().apply_schedule(client)
    before = await snapshot(client)
    for reason in ("x" * 1001, "jobspec: paused by the spec: x"):
        with pytest.raises(UsageError):
            await define().pause_schedule(client, reason)
    assert await snapshot(client) == before


async def test_deleting_is_done_at_once_also_where_the_job_no_longer_has_a_schedule(client: Client) -> None:
    await define().apply_schedule(client)
    on_demand = define(every=None)
    assert (await on_demand.describe_schedule(client)).differences == ("schedule",)
    await on_demand.delete_schedule(client)
    with pytest.raises(ScheduleNotFoundError):
        await define().delete_schedule(client)


async def test_a_deletion_survives_an_edit_at_the_same_time(
    client: Client, other: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await define().apply_schedule(client)
    delete = Schedules.delete

    async def delete_late(schedules: Schedules, live: Any) -> None:
        monkeypatch.undo()
        await other.pause(ON_CALL)
        await delete(schedules, live)

    monkeypatch.setattr(Schedules, "delete", delete_late)
    await define().delete_schedule(client)
    assert await Schedules(client).describe("a") is None


async def test_applying_many_goes_on_past_what_fails_and_tells_of_all(client: Client, other: Stranger) -> None:
    await other.create("foreign", message())
    await define("same").apply_schedule(client)
    await define("old").apply_schedule(client)
    odd = define("unconvertible").spec.model_copy(update={"input": object()})
    unconvertible = Definition.from_spec(odd, project="shop")
    registry = Registry(
        *(define("new"), define("same"), define("old", "2h"), define("foreign"), unconvertible),
        define("on-demand", every=None),
        project="shop",
    )
    with pytest.raises(ApplyError, match="2 of 5 schedules could not be applied") as raised:
        await registry.apply_schedules(client)
    told = {outcome.name: outcome.action or type(outcome.error).__name__ for outcome in raised.value.outcomes}
    assert list(told.items()) == [
        ("foreign", "ForeignScheduleError"),
        ("new", "create"),
        ("old", "update"),
        ("same", "NoneType"),
        ("unconvertible", "InvalidDefinitionError"),
    ]
    assert all(isinstance(outcome.error, JobspecError | None) for outcome in raised.value.outcomes)
    assert await is_unplanned(client, define("new"), define("same"), define("old", "2h"))


async def test_applying_many_without_a_project_or_a_namespace_writes_nothing(client: Client, server: Server) -> None:
    jobs = [define("a"), define("b", project=None)]
    with pytest.raises(InvalidDefinitionError, match="the job `b` has no project"):
        await Registry(*jobs).apply_schedules(client)
    assert await Schedules(client).describe("a") is None
    with pytest.raises(NamespaceNotFoundError):
        await Registry(*jobs, project="shop").apply_schedules(server.client("no-such-namespace"))


async def test_a_list_shows_our_own_in_name_order(client: Client, other: Stranger) -> None:
    registry = Registry(define("b"), define("a"), project="shop")
    await other.create("a-foreign", message())
    await registry.apply_schedules(client)
    await registry["b"].pause_schedule(client, "x", by="ann")

    async def listed() -> None:
        found = await registry.list_schedules(client)
        assert [(one.name, one.project, one.paused, one.note) for one in found] == [
            ("a", "shop", False, ""),
            ("b", "shop", True, "x (paused by ann)"),
        ]
        assert found[0].workflow_type == "W"
        assert len(found[0].next_runs) >= 5

    await eventually(listed)
    with pytest.raises(InvalidDefinitionError, match="has no project"):
        await Registry(define(project=None)).list_schedules(client)
