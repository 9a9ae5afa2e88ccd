"""The daemon when servers, networks and daemons fail under it; `make faults` does the same more often."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from faults.faults import (
    Stage,
    connections_cut,
    daemon_killed,
    server_absent_at_start,
    server_exhausted,
    server_killed,
    server_slow,
    two_daemons,
    two_projects,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dev_servers import Server

one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)
"""For what has nothing to do with how the server keeps schedules."""


def stage_in(directory: Path, server: Server, *, size: int, rounds: int = 1) -> Stage:
    return Stage(server=server, directory=directory, size=size, rounds=rounds, rng=random.Random(7))  # noqa: S311


async def test_a_daemon_that_is_killed_at_any_moment_harms_nothing(server: Server, tmp_path: Path) -> None:
    rounds = {"workflow": 2, "chasm": 3}[server.backend]
    await daemon_killed(stage_in(tmp_path, server, size=60, rounds=rounds))


@pytest.mark.parametrize("fault", [server_killed, two_daemons])
async def test_what_the_server_keeps_survives(
    server: Server, tmp_path: Path, fault: Callable[[Stage], Awaitable[None]]
) -> None:
    await fault(stage_in(tmp_path, server, size=30))


@one_back_end
@pytest.mark.parametrize(
    "fault", [server_absent_at_start, server_slow, connections_cut, server_exhausted, two_projects]
)
async def test_what_happens_on_the_way_there_is_waited_out(
    server: Server, tmp_path: Path, fault: Callable[[Stage], Awaitable[None]]
) -> None:
    await fault(stage_in(tmp_path, server, size=30))
