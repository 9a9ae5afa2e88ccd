"""The code of the documentation runs as it stands there, and prints what it says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from projects import finish

if TYPE_CHECKING:
    from projects import Project

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["library.md", "from-go.md"])
async def test_the_code_of_a_page_does_what_the_page_says(project: Project, page: str) -> None:
    (project.directory / "empty").mkdir()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, ROOT / "tests" / "run_page.py", ROOT / "docs" / page),
        cwd=project.directory / "empty",
        env=project.make_environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    ran = await finish(process)
    assert ran.code == 0, ran.text
