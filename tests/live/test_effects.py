"""What the effects of a plan rest on: what the server does when a schedule is changed, and what it remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dev_servers import eventually
from projects import job

from jobspec.planning.effects import NoteKind, work_out_plan

if TYPE_CHECKING:
    from projects import Project, Stranger

SECOND = timedelta(seconds=1)


async def runs_of(project: Project, name: str) -> list[datetime]:
    actions = (await project.describe(name)).info.recent_actions
    return sorted(action.schedule_time.ToDatetime(tzinfo=UTC) for action in actions)


async def test_no_change_starts_runs_that_were_due_before_it(project: Project, other: Stranger) -> None:
    def every_second(name: str, *lines: str) -> str:
        return job(name, "overlap: allow_all", *lines, every="1s")

    spec_pauses, rare = every_second("unpaused-by-spec", "paused: true"), job("updated", every="52w")
    operated, retired = every_second("unpaused-by-hand"), every_second("restored")
    project.write(spec_pauses, rare, operated, retired)
    await project.apply()
    await other.pause("for a while", "unpaused-by-hand")
    project.write(spec_pauses, rare, operated)
    await project.apply()
    stopped = datetime.now(UTC)

    async def some_runs_would_have_been_due() -> None:
        assert datetime.now(UTC) > stopped + 4 * SECOND

    await eventually(some_runs_would_have_been_due)
    changed = datetime.now(UTC)
    await other.unpause("back again", "unpaused-by-hand")
    project.write(every_second("unpaused-by-spec"), every_second("updated"), operated, retired)
    assert set((await project.apply()).values()) == {"update done", "restore done"}

    for name in ("unpaused-by-spec", "updated", "unpaused-by-hand", "restored"):

        async def runs_again(name: str = name) -> list[datetime]:
            runs = await runs_of(project, name)
            assert runs
            assert runs[-1] > changed
            return runs

        assert [run for run in await eventually(runs_again) if stopped + SECOND < run < changed - SECOND] == []


async def test_a_run_of_today_that_comes_again_is_told(project: Project) -> None:
    def daily(when: datetime) -> str:
        return f"""\
name: daily
queue: q
workflow: {{type: W}}
schedule:
  calendar: {{hour: {when.hour}, minute: {when.minute}, second: {when.second}}}
"""

    due = datetime.now(UTC) + 2 * SECOND
    project.write(daily(due))
    await project.apply()

    async def has_run() -> None:
        assert await runs_of(project, "daily") == [due.replace(microsecond=0)]

    await eventually(has_run)
    project.write(daily(due + timedelta(hours=1)))
    plan = (await project.plan()).plan
    [effects] = work_out_plan(plan, datetime.now(UTC)).values()
    assert [note.kind for note in effects.notes] == [NoteKind.RUNS_AGAIN]
