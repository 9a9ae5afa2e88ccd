"""`plan --base REF --live`: what a branch changes, told from drift that was there before."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

from projects import job

if TYPE_CHECKING:
    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule


def git(project: Project, *arguments: str) -> None:
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.directory), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", project.directory, *settings, *arguments], check=True, env=environment)


def drift(schedule: Schedule) -> None:
    schedule.spec.jitter.FromTimedelta(timedelta(seconds=7))


async def test_drift_is_told_from_what_the_branch_changes(project: Project, other: Stranger) -> None:
    names = ("changed", "drifted", "both", "leaves", "missing", "same")
    project.write(*(job(name) for name in names))
    git(project, "init", "--quiet", "--template=", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "Before")
    project.write(*(job(name) for name in (*names, "left-before")))
    await project.apply()
    await other.edit(drift, "drifted")
    await other.edit(drift, "both")
    await other.delete("missing")
    project.write(
        *(job("changed", every="2h"), job("both", every="2h"), job("drifted"), job("missing"), job("same"), job("new"))
    )

    finished = await project.run("plan", "--base", "main", "--live", "--output", "json")
    assert finished.code == 0, finished.text
    document = json.loads(finished.stdout)
    assert {change["name"]: f"{change['action']} {change['reason']}" for change in document["changes"]} == {
        "both": "update changed",
        "changed": "update changed",
        "drifted": "update drift",
        "leaves": "retire removed",
        "left-before": "retire drift",
        "missing": "create drift",
        "new": "create new",
    }
    both = next(change for change in document["changes"] if change["name"] == "both")
    assert {field["field"]: field["drift"] for field in both["fields"]} == {
        "schedule.interval": False,
        "schedule.jitter": True,
    }
    assert document["base"]["live"] is True
    plain = json.loads((await project.run("plan", "--output", "json")).stdout)
    assert plain["checksum"] == document["checksum"]  # the same would be done
