"""The examples of the page on reviews for which a server is asked."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import review_example

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule

PAGE = (Path(__file__).parents[2] / "docs" / "review.md").read_text(encoding="utf-8")


def read_example(name: str) -> list[str]:
    """Read what the page shows below the command, but for run times, which move, and checksums."""
    match = re.search(rf"<!-- live example: {name} -->\n```console\n\$ [^\n]*\n(.*?)\n```\n", PAGE, re.DOTALL)
    assert match
    return [line for line in match[1].split("\n") if line != "…" and not re.match(r"    runs |Plan checksum", line)]


def write(project: Project, files: Mapping[str, str | None]) -> None:
    for name, text in files.items():
        if text is None:
            project.remove(name)
        elif name != "jobspec.toml":
            project.write(text, to=name)


def git(project: Project, *arguments: str) -> None:
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.directory), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", project.directory, *settings, *arguments], check=True, env=environment)


def run_at_eight(schedule: Schedule) -> None:
    calendar = schedule.spec.structured_calendar[0]
    calendar.hour[0].start = calendar.hour[0].end = 8
    calendar.comment = "0 8 1 * *"


@pytest.mark.parametrize("server", ["workflow"], indirect=True)  # nothing of it is the scheduler's
async def test_the_examples_are_what_a_server_makes_of_them(project: Project, other: Stranger) -> None:
    project.configure('[plan]\nredact = ["input.api_token"]\n')
    write(project, review_example.MAIN)
    git(project, "init", "--quiet", "--template=", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "Shop")
    await project.apply()
    await other.edit(run_at_eight, "audit")
    write(project, {**review_example.BRANCH, **review_example.MENDED})

    shown = await project.run("plan", "--base", "main", "--live")
    block = next(block for block in shown.stdout.split("\n\n") if block.startswith("~ update   audit"))
    assert [line for line in block.split("\n") if not line.startswith("    runs ")] == read_example("drift")

    saved = await project.run("plan", "--out", "plan.json")
    assert saved.code == 0, saved.text
    assert saved.stderr.splitlines()[-2:-1] == read_example("save")
    assert re.fullmatch("Plan checksum: sha256:[0-9a-f]{64}", saved.stderr.splitlines()[-1])

    orders = review_example.MENDED["specs/orders.yaml"]
    write(project, {"specs/orders.yaml": orders.replace("1000", "2000")})
    stale = await project.run("apply", "plan.json", "--yes")
    assert stale.code == 4, stale.text
    told = read_example("stale")
    assert stale.stderr.splitlines()[-len(told) :] == told
