"""The tour of the library, run as its first line says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from projects import finish

if TYPE_CHECKING:
    from projects import Project

ROOT = Path(__file__).parents[2]

# As `python -m examples.tour`, but for the interpreter's shutdown, which the SDK's core can crash.
RUN = "import os, runpy, sys; runpy.run_module('examples.tour', run_name='__main__'); sys.stdout.flush(); os._exit(0)"


async def test_the_tour_prints_what_each_call_gives(project: Project) -> None:
    environment = project.make_environment({"SHOP_OUTPUT": str(project.directory / "out")})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    toured = await finish(process)
    assert toured.code == 0, toured.text
    told = dict(line.split(": ", 1) for line in toured.stdout.splitlines() if ": " in line)
    assert told["jobs"].startswith("health-check newsletter-preview")
    assert told["applied"] == "ScheduleOutcome(name='tour', action='create', error=None)"
    assert told["again"].count("ScheduleOutcome(name='tour', action=None, error=None)") == 2
    assert told["notes"].startswith("why (paused by ")
    assert told["due"].startswith("2026-01-01 00:00:00+00:00 2026-01-01 08:00:00+00:00 2026-01-01 16:00:00+00:00")
    assert told["query"].startswith("['mug'] articles=[] TaskQueueInfo(name='tour'")
    assert told["got"] == "{'mug': 41} completed"
    assert told["history"] == "['record_stock']"
    assert "DefinitionStats(running=" in told["runs"]
    assert told["live"].startswith("{'schedule.interval': '8h', 'workflow': 'TakeStock', 'queue': 'tour'")
    assert not await project.exists("tour")
