"""What is not ours is held and never changed; adopt and forget write the mark and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from dev_servers import eventually
from projects import job
from temporalio.api.common.v1 import Memo, Payload, SearchAttributes
from temporalio.api.schedule.v1 import Schedule

from jobspec.planning.plan import HeldReason
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from dev_servers import Server
    from projects import Project, Snapshot, Stranger

without_attribute = pytest.mark.parametrize("attribute_registered", [False], indirect=True)
both_marks = pytest.mark.parametrize("attribute_registered", [True, False], indirect=True)
on_one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)


def marked(project: str) -> dict[str, Any]:
    """Make the fields of a request that mark a schedule as the command of another project does."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=f'"{project}"'.encode())
    return {"memo": Memo(fields={"jobspec": payload})}


def with_attribute(project: str) -> dict[str, Any]:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=f'"{project}"'.encode())
    return {**marked(project), "search_attributes": SearchAttributes(indexed_fields={"JobspecProject": payload})}


async def make_message(project: Project, text: str) -> Schedule:
    """Make the message that a job's text asks for."""
    project.write(text, to="specs/made.yaml")
    planned = await project.plan()
    project.remove("specs/made.yaml")
    return next(iter(planned.desired.values())).message


async def create_theirs(project: Project, other: Stranger, text: str = "", **mark: Any) -> Snapshot:
    """Create the schedule `a` as somebody else; returns what it looks like."""
    await other.create("a", await make_message(project, text or job(every="3h")), **mark)
    await project.until_listed("a")
    return await project.snapshot()


def body(snapshot: Snapshot) -> Snapshot:
    """What is left of a schedule's looks without the mark and what writing it moves."""
    others = {key: value for key, value in snapshot.memo.items() if key != "jobspec"}
    return replace(snapshot, token=b"", updated_at=b"", search_attributes={}, memo=others)


@both_marks
@pytest.mark.parametrize("mark", [{}, marked("payroll"), marked("Shop"), marked("-"), marked("")], ids=str)
async def test_what_is_foreign_is_held_and_the_others_go_on(
    project: Project, other: Stranger, mark: dict[str, Any]
) -> None:
    before = await create_theirs(project, other, **mark)
    project.write(job("a", "paused: Waiting"), job("b"), to="specs/jobs.yaml")
    planned = await project.plan()
    assert [(one.name, one.reason) for one in planned.plan.held] == [("a", HeldReason.FOREIGN)]
    assert await project.apply() == {"b": "create done"}
    assert await project.snapshot() == before
    project.remove()
    project.write(job("c"))
    assert await project.apply() == {"b": "retire done", "c": "create done"}
    assert await project.snapshot() == before


async def test_what_another_project_marked_with_the_attribute_is_held(project: Project, other: Stranger) -> None:
    before = await create_theirs(project, other, **with_attribute("payroll"))
    project.write(job(), job("b"))
    finished = await project.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert "jobspec adopt a --from payroll" in finished.stdout
    again = await project.run("apply", "--yes")
    assert again.code == 3, again.text
    assert await project.snapshot() == before


async def test_an_unmarked_schedule_is_adopted_by_name_and_only_then_changed(project: Project, other: Stranger) -> None:
    before = await create_theirs(project, other)
    project.write(job())
    adopted = await project.run("adopt", "a")
    assert adopted.code == 0, adopted.text
    assert 'schedule.interval: "3h" → "1h"' in adopted.stdout
    after = await project.snapshot()
    assert after.search_attributes == {"JobspecProject": b'"shop"'}
    assert body(after) == body(before)
    await project.until_listed("a")
    assert await project.apply() == {"a": "update done"}


async def test_a_schedule_of_another_project_needs_its_name_to_be_adopted(project: Project, other: Stranger) -> None:
    before = await create_theirs(project, other, **with_attribute("payroll"))
    project.write(job())
    for arguments in (("adopt", "a"), ("adopt", "a", "--from", "store"), ("adopt", "--all")):
        refused = await project.run(*arguments)
        assert refused.code == (0 if "--all" in arguments else 3), refused.text
    assert await project.snapshot() == before
    adopted = await project.run("adopt", "a", "--from", "payroll")
    assert adopted.code == 0, adopted.text
    assert body(await project.snapshot()) == body(before)
    again = await project.run("adopt", "a", "--from", "payroll")
    assert (again.code, again.stdout.splitlines()[0]) == (0, "No changes."), again.text


async def test_adopt_all_takes_what_is_equal_but_for_comments(project: Project, other: Stranger) -> None:
    texts = {
        "equal": job("equal"),
        "commented": job("commented").replace("interval: 1h", 'cron: "0 9 * * * # theirs"'),
        "different": job("different", every="3h"),
        "paused": job("paused"),
        "other-zone": job("other-zone", "timezone: Europe/Berlin"),
    }
    for name, text in texts.items():
        await other.create(name, await make_message(project, text))
    await other.pause("theirs", name="paused")
    await other.create("not-in-the-specs", await make_message(project, job()))
    await project.until_listed(*texts, "not-in-the-specs")
    project.write(
        job("equal"),
        job("commented").replace("interval: 1h", 'cron: "0 9 * * *"'),
        *(job("different"), job("paused"), job("other-zone"), job("new")),
    )
    finished = await project.run("adopt", "--all")
    assert finished.code == 0, finished.text

    async def owned() -> None:
        listed = {entry.name for entry in await Schedules(project.client).list() if entry.project == "shop"}
        assert listed == {"equal", "commented", "paused"}

    await eventually(owned)
    assert await project.pause_of("paused") == (True, "theirs")


async def test_forget_drops_the_mark_and_nothing_else(project: Project) -> None:
    project.write(job())
    await project.apply()
    before = await project.snapshot()
    forgotten = await project.run("forget", "a")
    assert (forgotten.code, forgotten.stdout) == (0, "forgot a\n"), forgotten.text
    after = await project.snapshot()
    assert body(after) == body(before)
    await project.until_listed("a")
    assert [one.reason for one in (await project.plan()).plan.held] == [HeldReason.FOREIGN]
    project.remove()
    project.write(job("b"))
    assert await project.apply() == {"b": "create done"}
    assert await project.snapshot() == after
    again = await project.run("forget", "a", "missing")
    assert again.code in (1, 3), again.text
    assert "nothing to forget" in again.stderr
    assert "missing" in again.stderr


async def test_what_was_forgotten_can_be_adopted_again(project: Project) -> None:
    project.write(job())
    await project.apply()
    assert (await project.run("forget", "a")).code == 0
    assert (await project.run("adopt", "a")).code == 0
    await project.until_listed("a")
    assert await project.apply() == {}


@pytest.mark.parametrize("make_mark", [marked, with_attribute])
async def test_former_names_of_the_project_own_too(project: Project, other: Stranger, make_mark: Any) -> None:
    before = await create_theirs(project, other, **make_mark("store"))
    project.configure('also_owns = ["store"]')
    project.write(job("keep"), to="specs/keep.yaml")
    project.write(job())
    assert await project.apply() == {"a": "update done", "keep": "create done"}
    assert body(await project.snapshot()) != body(before)
    assert await project.apply() == {}
    project.remove()
    assert await project.apply() == {"a": "retire done"}


async def test_a_former_name_is_handed_over_on_request(project: Project, other: Stranger) -> None:
    before = await create_theirs(project, other, **with_attribute("store"))
    project.configure('also_owns = ["store"]')
    project.write(job())
    handed_over = await project.run("adopt", "--from", "store", "a")
    assert (handed_over.code, handed_over.stderr.splitlines()) == (0, ["adopted    a"]), handed_over.text
    assert body(await project.snapshot()) == body(before)
    project.configure("")
    assert await project.apply() == {"a": "update done"}


@without_attribute
async def test_without_the_attribute_adopt_and_forget_need_a_memo_that_can_change(
    project: Project, other: Stranger, server: Server
) -> None:
    before = await create_theirs(project, other)
    project.write(job(every="3h"))
    adopted = await project.run("adopt", "a")
    if server.backend == "chasm":
        assert adopted.code == 0, adopted.text
        assert body(await project.snapshot()) == body(before)
        await project.until_listed("a")
        assert await project.apply() == {}
        assert (await project.run("forget", "a")).code == 0
        assert await project.snapshot() != before
        assert body(await project.snapshot()) == body(before)
    else:
        assert adopted.code == 3, adopted.text
        assert "jobspec init --namespace" in adopted.stderr
        assert await project.snapshot() == before
        prepared = await project.run("init", "--namespace", project.client.namespace)
        assert prepared.code == 0, prepared.text
        assert (await project.run("adopt", "a")).code == 0
        assert body(await project.snapshot()) == body(before)
        assert (await project.run("init", "--namespace", project.client.namespace)).code == 0


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
@without_attribute
async def test_a_memo_that_cannot_change_is_not_forgotten(project: Project) -> None:
    project.write(job())
    await project.apply()
    before = await project.snapshot()
    refused = await project.run("forget", "a")
    assert refused.code == 3, refused.text
    assert "jobspec init --namespace" in refused.stderr
    assert await project.snapshot() == before


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_strangers_malformed_schedules_break_nothing(project: Project, other: Stranger) -> None:
    strange = Schedule()
    strange.spec.interval.add().interval.FromSeconds(3600)
    await other.create("without-action", strange)
    odd = await make_message(project, job("odd"))
    odd.policies.overlap_policy = 99  # type: ignore[assignment]
    await other.create("odd-overlap", odd)
    await other.create("a", strange)
    await other.create("b", odd)
    await project.until_listed("odd-overlap", "b")
    project.write(*map(job, "abc"))
    planned = await project.plan()
    assert {one.name: one.reason for one in planned.plan.held} == dict.fromkeys("ab", HeldReason.FOREIGN)
    assert not any("delete" in one.hint for one in planned.plan.held)
    assert await project.apply() == {"c": "create done"}
    assert await project.apply() == {}


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_malformed_schedule_of_our_own_is_held_and_never_deleted(project: Project, other: Stranger) -> None:
    strange = Schedule()
    strange.spec.interval.add().interval.FromSeconds(3600)
    for name in ("a", "orphan"):
        await other.create(name, strange, **with_attribute("shop"))
    project.configure('prune = {grace = "0s"}')
    project.write(*map(job, "abc"))

    async def held_as_failed() -> None:
        planned = await project.plan()
        assert {one.name: one.reason for one in planned.plan.held} == dict.fromkeys(("a", "orphan"), HeldReason.FAILED)

    await eventually(held_as_failed)
    finished = await project.run("apply", "--yes")
    assert finished.code == 5, finished.text
    assert "temporal schedule delete --schedule-id a" in finished.stdout
    for name in ("a", "orphan"):
        assert (await project.describe(name)).conflict_token


@on_one_back_end
async def test_names_that_no_spec_has_are_not_adopted(project: Project) -> None:
    project.write(job())
    for arguments in (("adopt", "b"), ("adopt", "a", "b")):
        finished = await project.run(*arguments)
        assert finished.code == 1, finished.text
        assert "`b`" in finished.stderr
    absent = await project.run("adopt", "a")
    assert absent.code == 3, absent.text
    assert "there is no schedule of that name" in absent.stdout
    assert (await project.run("adopt")).code == 64
    assert (await project.run("adopt", "a", "--all")).code == 64
