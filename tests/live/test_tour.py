"""The tour of the library, run as its first line says, prints what the guide shows."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from projects import finish

if TYPE_CHECKING:
    from projects import Project

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")

# As `python -m examples.tour`, but for the interpreter's shutdown, which the SDK's core can crash.
RUN = "import os, runpy, sys; runpy.run_module('examples.tour', run_name='__main__'); sys.stdout.flush(); os._exit(0)"


async def test_the_tour_prints_what_the_guide_shows(project: Project) -> None:
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
    shown = GUIDE.partition("$ python -m examples.tour\n")[2].partition("```")[0]
    lines = toured.stdout.splitlines()
    assert len(lines) == len(shown.splitlines())
    for line, pattern in zip(lines, shown.splitlines(), strict=True):
        if line.startswith("runs: "):  # the list lags behind
            assert re.match(r"runs: (\w+ )*DefinitionStats\(running=", line)
        else:
            assert re.fullmatch(re.escape(pattern).replace("…", ".*"), line)
    assert not await project.exists("tour")
