"""What leaves the specs is retired, comes back as it was, and is deleted after its grace time; guards count it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from projects import job

from jobspec.planning.pauses import Pause, read_retirement

if TYPE_CHECKING:
    from projects import Project, Stranger

DAYS = timedelta(days=2)
"""More than the default grace time."""

on_one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)


async def leave(project: Project) -> None:
    """Apply `a` and `keep`, then take `a` out of the specs."""
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job())
    await project.apply()
    project.remove()


async def test_a_job_that_leaves_is_retired_and_tells_so(project: Project, other: Stranger) -> None:
    await leave(project)
    await other.pause("on call: Ann")
    before = (await project.describe()).schedule
    assert await project.apply() == {"a": "retire done"}
    paused, note = await project.pause_of()
    retirement = read_retirement(Pause(paused=paused, note=note))
    assert retirement is not None
    assert retirement.delete_after - retirement.since == timedelta(hours=24)
    assert retirement.before == Pause(paused=True, note="on call: Ann")
    after = (await project.describe()).schedule
    for part in ("spec", "action", "policies"):
        assert getattr(after, part) == getattr(before, part)


async def test_a_retired_job_is_left_alone_until_its_grace_time_is_over(project: Project) -> None:
    await leave(project)
    await project.apply()
    before = await project.snapshot()
    planned = await project.plan(later=timedelta(hours=23))
    assert (planned.plan.changes, planned.plan.retired) == ((), ("a",))
    assert await project.apply(later=timedelta(hours=23)) == {}
    assert await project.snapshot() == before
    assert await project.apply(later=DAYS) == {"a": "delete done"}
    assert not await project.exists()
    assert await project.apply(later=DAYS) == {}
    assert await project.exists("keep")


async def test_a_grace_time_of_a_second_ends_by_itself(project: Project) -> None:
    project.configure('prune = {grace = "1s"}')
    await leave(project)
    assert await project.apply() == {"a": "retire done"}

    async def deleted() -> None:
        assert await project.apply() == {"a": "delete done"}

    await eventually(deleted)
    assert not await project.exists()


async def test_a_job_that_comes_back_is_restored_with_its_pause_and_its_new_spec(
    project: Project, other: Stranger
) -> None:
    await leave(project)
    await other.pause("on call: Ann")
    await project.apply()
    project.write(job(every="2h"))
    assert await project.apply() == {"a": "restore done"}
    assert await project.pause_of() == (True, "on call: Ann")
    assert (await project.describe()).schedule.spec.interval[0].interval.seconds == 7200
    assert await project.apply() == {}


async def test_a_job_that_comes_back_after_its_grace_time_is_restored_too(project: Project, other: Stranger) -> None:
    await leave(project)
    await other.unpause("checked")
    await project.apply()
    project.write(job())
    assert await project.apply(later=DAYS) == {"a": "restore done"}
    assert await project.pause_of() == (False, "checked")


async def test_a_job_that_comes_back_paused_by_its_spec_unpauses_with_it(project: Project) -> None:
    await leave(project)
    await project.apply()
    project.write(job("a", "paused: Waiting"))
    assert await project.apply() == {"a": "restore done"}
    assert await project.pause_of() == (True, "jobspec: paused by the spec: Waiting")
    assert await project.apply() == {}
    project.write(job())
    await project.apply()
    assert await project.pause_of() == (False, "")


async def test_a_spec_pause_outlives_a_retirement(project: Project) -> None:
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job("a", "paused: Waiting"))
    await project.apply()
    paused = await project.pause_of()
    project.remove()
    await project.apply()
    project.write(job("a", "paused: Waiting"))
    assert await project.apply() == {"a": "restore done"}
    assert await project.pause_of() == paused


@pytest.mark.parametrize("act", ["unpauses", "edits the note", "unpauses and keeps the note"])
async def test_what_an_operator_takes_in_hand_is_retired_anew_and_not_deleted(
    project: Project, other: Stranger, act: str
) -> None:
    await leave(project)
    await project.apply()
    if act == "unpauses":
        await other.unpause("still needed")
    elif act == "edits the note":
        await other.pause("still needed, do not delete")
    else:
        await other.edit(lambda schedule: setattr(schedule.state, "paused", False))
    theirs = await project.pause_of()
    if act == "unpauses and keeps the note":
        theirs = (False, "")  # the note is ours, and says nothing any more
    assert await project.apply(later=DAYS) == {"a": "retire done"}
    paused, note = await project.pause_of()
    retirement = read_retirement(Pause(paused=paused, note=note))
    assert retirement is not None
    assert (retirement.before.paused, retirement.before.note) == theirs
    assert await project.apply(later=2 * DAYS) == {"a": "delete done"}


async def test_without_a_grace_time_what_leaves_is_deleted_at_once(project: Project) -> None:
    project.configure('prune = {grace = "0s"}')
    await leave(project)
    assert await project.apply() == {"a": "delete done"}
    assert not await project.exists()


async def test_a_job_that_loses_its_schedule_leaves(project: Project) -> None:
    project.write(job())
    await project.apply()
    project.write("name: a\nqueue: q\nworkflow: {type: W}\n")
    assert await project.apply() == {"a": "retire done"}


async def test_a_job_that_moves_to_another_file_does_not_leave(project: Project) -> None:
    project.write(job())
    await project.apply()
    project.remove()
    project.write(job(), to="specs/deep/er/moved.yaml")
    assert await project.apply() == {}


async def test_a_rename_retires_nothing_where_the_new_name_cannot_be_created(project: Project) -> None:
    await leave(project)
    project.write(job("b") + "run: {search_attributes: {NotRegistered: x}}\n")
    assert await project.apply() == {"a": "retire skipped", "b": "create failed"}
    assert await project.pause_of() == (False, "")


async def test_what_is_not_ours_is_never_pruned(project: Project, other: Stranger) -> None:
    await leave(project)
    await project.until_listed("a")
    await other.create("theirs", (await project.describe("keep")).schedule)
    await project.until_listed("theirs")
    before = await project.snapshot("theirs")
    assert await project.apply() == {"a": "retire done"}
    assert await project.apply(later=DAYS) == {"a": "delete done"}
    assert await project.snapshot("theirs") == before


@on_one_back_end
async def test_more_deletions_than_allowed_are_refused_and_shown_and_named(project: Project) -> None:
    project.configure("guards = {max_deletes = 2}")
    names = ["a", "b", "c"]
    project.write(*map(job, names))
    project.write(job("keep"), to="specs/keep.yaml")
    await project.apply()
    project.remove()
    before = {name: await project.snapshot(name) for name in names}
    refused = await project.run("apply", "--yes")
    assert refused.code == 3, refused.text
    assert refused.stdout.count("- retire") == 3
    assert "--allow deletes=3" in refused.stdout
    assert "--allow deletes=3" in refused.stderr
    too_few = await project.run("apply", "--yes", "--allow", "deletes=2")
    assert too_few.code == 3, too_few.text
    assert (await project.run("plan")).code == 3
    assert {name: await project.snapshot(name) for name in names} == before
    allowed = await project.run("apply", "--yes", "--allow", "deletes=3")
    assert (allowed.code, allowed.stdout.splitlines()[-1]) == (0, "3 retired"), allowed.text


async def test_deletions_after_their_grace_time_are_not_counted_again(project: Project) -> None:
    project.configure("guards = {max_deletes = 1}")
    names = ["a", "b", "c"]
    project.write(*map(job, names))
    project.write(job("keep"), to="specs/keep.yaml")
    await project.apply()
    project.remove()
    assert [refusal.override for refusal in (await project.plan()).refusals] == ["--allow deletes=3"]
    await project.apply("deletes=3")
    assert await project.apply(later=DAYS) == dict.fromkeys(names, "delete done")


async def test_deletions_at_once_are_counted(project: Project) -> None:
    project.configure('guards = {max_deletes = 0}\nprune = {grace = "0s"}')
    await leave(project)
    assert [refusal.guard for refusal in (await project.plan()).refusals] == ["deletes"]
