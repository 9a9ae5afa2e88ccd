"""A plan in a file, or by its checksum: exactly that is applied, or nothing, and it is said what is different."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from codecs_of_projects import CODEC, SETTINGS
from projects import finish, job

if TYPE_CHECKING:
    from pathlib import Path

    from projects import Project, Stranger
    from temporalio.api.schedule.v1 import Schedule


def every_nine_hours(schedule: Schedule) -> None:
    schedule.spec.interval[0].interval.FromTimedelta(timedelta(hours=9))


async def save(project: Project, *arguments: str) -> str:
    """Save a plan; gives its checksum."""
    finished = await project.run("plan", "--out", "plan.json", *arguments)
    assert finished.code == 0, finished.text
    assert "Saved, to be applied by `jobspec apply plan.json`." in finished.stderr
    return finished.stderr.partition("Plan checksum: ")[2].strip()


async def test_exactly_the_saved_plan_is_applied(project: Project, other: Stranger) -> None:
    project.write(job("a"), job("b"), job("gone"), job("paused"))
    await project.apply()
    project.write(job("a", every="2h"), job("b"), job("new"), job("paused", every="2h"))
    checksum = await save(project)
    await other.pause("an incident", "paused")  # no part of any plan
    before = await project.snapshot("a")

    project.write(job("a", every="3h"), job("b"), job("new"), job("paused", every="2h"), job("extra"))
    stale = await project.run("apply", "plan.json", "--yes")
    assert stale.code == 4, stale.text
    assert stale.stderr.endswith(
        "Nothing was written: the saved plan is out of date; this is what would be done differently now:\n"
        "a: its spec has changed\n"
        "    planned: update schedule.interval\n"
        "    now:     update schedule.interval\n"
        "extra: it was not in the plan\n"
        "    planned: nothing\n"
        "    now:     create\n"
    )
    assert await project.snapshot("a") == before
    assert not await project.exists("new")

    project.write(job("a", every="2h"), job("b"), job("new"), job("paused", every="2h"))
    finished = await project.run("apply", "plan.json", "--yes", "--checksum", checksum)
    assert finished.code == 0, finished.text
    assert finished.stdout.endswith("1 created, 2 updated, 1 retired\n")
    assert await project.pause_of("paused") == (True, "an incident")
    again = await project.run("apply", "plan.json", "--yes", "--output", "json")
    assert again.code == 0, again.text
    outcomes = json.loads(again.stdout)["outcomes"]
    assert {outcome["name"]: outcome["status"] for outcome in outcomes} == dict.fromkeys(
        ("a", "gone", "new", "paused"), "unchanged"
    )


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_a_plan_is_saved_to_a_descriptor_and_read_from_one(project: Project) -> None:
    project.write(job())
    script = '"$0" -m jobspec plan --out /dev/fd/3 3>&1 >text | "$0" -m jobspec apply /dev/stdin --yes'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", script, sys.executable),
        env=project.make_environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    finished = await finish(process)
    assert finished.code == 0, finished.text
    assert finished.stdout.endswith("1 created\n")
    assert "Plan checksum: sha256:" in finished.stderr
    assert "Saved" not in finished.stderr
    assert "1 to create" in (project.directory / "text").read_text(encoding="utf-8")


async def test_what_somebody_changed_meanwhile_makes_a_plan_stale(project: Project, other: Stranger) -> None:
    project.write(job("a"), job("b"))
    await project.apply()
    project.write(job("a", every="2h"), job("b"))
    await save(project)
    await other.edit(every_nine_hours, "a")
    finished = await project.run("apply", "plan.json", "--yes", "--output", "json")
    assert finished.code == 4, finished.text
    document = json.loads(finished.stdout)
    assert document["outcomes"] == []
    assert [(each["name"], each["message"]) for each in document["stale"]] == [("a", "its live schedule has changed")]
    elsewhere = await project.run("apply", "plan.json", "--yes", "--namespace", "default")
    assert elsewhere.code == 3, elsewhere.text
    assert "the saved plan is for the namespace" in elsewhere.stderr


@pytest.mark.parametrize("server", ["workflow"], indirect=True)  # nothing of it is the scheduler's
async def test_a_checksum_approves_one_plan(project: Project) -> None:
    project.write(job("a"))
    shown = json.loads((await project.run("plan", "--output", "json")).stdout)["checksum"]
    assert shown in (await project.run("plan", "--output", "markdown")).stdout
    project.write(job("a", every="2h"))
    refused = await project.run("apply", "--yes", "--checksum", shown)
    assert refused.code == 4, refused.text
    assert "Nothing was written: this is not the plan that was approved: its checksum is sha256:" in refused.stderr
    project.write(job("a"))
    assert (await project.run("apply", "--yes", "--checksum", shown)).code == 0


@pytest.mark.parametrize("server", ["workflow"], indirect=True)  # nothing of it is the scheduler's
async def test_a_redacted_value_that_changes_after_the_plan_is_noticed(project: Project, tmp_path: Path) -> None:
    project.configure('[plan]\nredact = ["input.pin"]\n')
    project.write(f"{job('a')}input: {{pin: secret-one}}\n")
    checksum = await save(project)
    assert "secret" not in (tmp_path / "plan.json").read_text()
    project.write(f"{job('a')}input: {{pin: secret-two}}\n")
    for approval in (["plan.json"], ["--checksum", checksum]):
        stale = await project.run("apply", "--yes", *approval)
        assert stale.code == 4, stale.text
        assert "secret" not in stale.text
    project.write(f"{job('a')}input: {{pin: secret-one}}\n")
    assert (await project.run("apply", "plan.json", "--yes", "--checksum", checksum)).code == 0


@pytest.mark.parametrize("server", ["workflow"], indirect=True)  # nothing of it is the scheduler's
async def test_behind_a_codec_a_plan_knows_inputs_that_it_does_not_tell(project: Project, tmp_path: Path) -> None:
    project.configure(SETTINGS + '\n[plan]\nredact = ["input.pin"]\n')
    project.write(CODEC, to="codec.py")

    def with_pin(pin: str) -> str:
        return f"{job('a')}input: {{pin: {pin}}}\n"

    project.write(with_pin("secret-one"))
    await save(project)
    text = (tmp_path / "plan.json").read_text()
    assert "secret" not in text
    assert json.loads(text)["key"]
    project.write(with_pin("secret-two"))
    stale = await project.run("apply", "plan.json", "--yes")
    assert stale.code == 4, stale.text
    assert "a: its spec has changed" in stale.stderr
    project.write(with_pin("secret-one"))
    project.configure("")
    refused = await project.run("apply", "plan.json", "--yes")
    assert refused.code == 3, refused.text
    assert "sealed by a codec" in refused.stderr
    project.configure(SETTINGS + '\n[plan]\nredact = ["input.pin"]\n')
    assert (await project.run("apply", "plan.json", "--yes")).code == 0
