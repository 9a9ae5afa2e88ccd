"""The check that ends each fault test notices each harm that it is there for; each is done here on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dev_servers import eventually
from faults.world import RIVALS, TAKEN, World, check
from projects import Stranger
from sample_schedules import message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dev_servers import Server
    from temporalio.api.schedule.v1 import Schedule

    Harm = Callable[[World, Stranger], Awaitable[None]]

SIZE = 9


def choose(world: World, *, paused: bool) -> str:
    """Name a job of the specs that an operator has paused, or one that runs."""
    return min(name for name in world.desired if (name in world.pauses) is paused)


async def lose(world: World, other: Stranger) -> None:
    await other.delete(choose(world, paused=False))


async def add(world: World, other: Stranger) -> None:
    del world
    await other.create("nobody-wanted-it", message())


async def delete_a_retired_one(world: World, other: Stranger) -> None:
    await other.delete(min(world.retired))


async def write_again(world: World, other: Stranger) -> None:
    """A write that changes nothing counts as well: its conflict token tells."""
    del world
    await other.edit(lambda _: None, RIVALS[0])


async def touch_the_name_that_is_taken(world: World, other: Stranger) -> None:
    del world
    await other.pause("not mine", TAKEN)


async def unpause(world: World, other: Stranger) -> None:
    await other.unpause("go on", choose(world, paused=True))


async def pause(world: World, other: Stranger) -> None:
    await other.pause("who was that?", choose(world, paused=False))


async def change_a_note(world: World, other: Stranger) -> None:
    await other.pause("overwritten", choose(world, paused=True))


async def resume_a_retired_one(world: World, other: Stranger) -> None:
    await other.unpause("go on", min(world.retired))


async def change_an_interval(world: World, other: Stranger) -> None:
    def edit(schedule: Schedule) -> None:
        schedule.spec.interval[0].interval.seconds = 60

    await other.edit(edit, choose(world, paused=False))


async def leave_a_change_undone(world: World, other: Stranger) -> None:
    del other
    world.turn()


HARMS: dict[Harm, str] = {
    lose: "lost or doubled|left to be done",
    add: "lost or doubled",
    delete_a_retired_one: "lost or doubled",
    write_again: "somebody else's",
    touch_the_name_that_is_taken: "somebody else's",
    unpause: "pauses were lost or made",
    pause: "pauses were lost or made",
    change_a_note: "pauses were lost or made",
    resume_a_retired_one: "left to be done",
    change_an_interval: "left to be done",
    leave_a_change_undone: "lost or doubled|left to be done",
}


@pytest.mark.parametrize(("harm", "said"), HARMS.items(), ids=[harm.__name__ for harm in HARMS])
@pytest.mark.parametrize("server", ["chasm"], indirect=True)
async def test_every_harm_is_noticed(server: Server, tmp_path: Path, harm: Harm, said: str) -> None:
    client = server.client(await server.make_namespace())
    world = await World.make(tmp_path, client, size=SIZE)
    # As it is made its files have changed once more; here they have not.
    world.desired = {name: world.turns + 1 for name in world.desired if await world.project.exists(name)}
    await world.pause([max(world.desired)])
    await check(world)

    await harm(world, Stranger(client=client))

    async def is_noticed() -> None:
        with pytest.raises(AssertionError, match=said):
            await check(world)

    # A list may show it a moment later only. What pytest raises where nothing is raised is no assertion's failure.
    await eventually(lambda: _failing_as_assertion(is_noticed))


async def _failing_as_assertion(attempt: Callable[[], Awaitable[None]]) -> None:
    try:
        await attempt()
    except pytest.fail.Exception as error:
        raise AssertionError(str(error)) from error
