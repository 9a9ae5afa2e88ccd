"""One daemon against a real server: what it writes, what it leaves alone, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev_servers import eventually
from projects import job
from reconciling import reconciling

if TYPE_CHECKING:
    from projects import Project


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
            assert daemon.board.picture.count()["retired"] == 1  # type: ignore[index]

        await eventually(is_retired)
        assert (await project.pause_of("b"))[0]
