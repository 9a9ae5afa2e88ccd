"""What the commands write where: data to stdout and nothing else, and no user code run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from projects import job

if TYPE_CHECKING:
    from projects import Project, Stranger

pytestmark = pytest.mark.parametrize("server", ["chasm"], indirect=True)

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))


def read_plan(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


async def make_a_bit_of_everything(project: Project, other: Stranger) -> None:
    """Have something to create, update, retire, restore, hold, and say."""
    project.write(*map(job, ("update", "retire", "restore", "retired")))
    await project.apply()
    project.write(*map(job, ("update", "retire")))
    await project.apply()
    await other.create("foreign", (await project.describe("update")).schedule)
    await project.until_listed("foreign")
    project.write(
        *(job("update", every="2h"), job("restore"), job("foreign"), job("create", "paused: ä ☃")),
        *(job("over", "end_at: 2020-01-01T00:00:00Z"), job("broken").replace("queue", "qeue")),
    )


async def test_a_plan_as_json_is_valid_and_alone_on_stdout(project: Project, other: Stranger) -> None:
    await make_a_bit_of_everything(project, other)
    finished = await project.run("plan", "--output", "json")
    assert finished.code == 1, finished.text
    document = read_plan(finished.stdout)
    assert {change["name"]: change["action"] for change in document["changes"]} == {
        "create": "create",
        "update": "update",
        "restore": "restore",
    }
    assert {one["name"]: one["reason"] for one in document["held"]} == {
        "foreign": "foreign",
        "broken": "invalid",
        "retire": "frozen",
        "retired": "frozen",
    }
    assert document["completed"] == ["over"]
    assert any(one["code"] == "JS101" or "qeue" in one["message"] for one in document["diagnostics"])
    project.write(job("update"))
    read_plan((await project.run("plan", "--output", "json")).stdout)


async def test_an_apply_as_json_is_alone_on_stdout(project: Project) -> None:
    project.write(job(), job("b") + "run: {search_attributes: {NotRegistered: x}}\n")
    finished = await project.run("apply", "--yes", "--output", "json")
    assert finished.code == 5, finished.text
    document = json.loads(finished.stdout)
    assert (document["kind"], document["version"]) == ("apply", 1)
    assert {one["name"]: one["status"] for one in document["outcomes"]} == {"a": "done", "b": "failed"}
    read_plan(json.dumps(document["plan"]))
    assert "+ create" in finished.stderr


async def test_json_needs_no_more_than_ascii(project: Project) -> None:
    project.write(job("a", 'paused: "ä ☃ \\U0001F600"') + "input: {name: Ωmega}\n")
    variables = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for arguments in (("plan", "--output", "json"), ("plan",), ("apply", "--yes", "--output", "json")):
        finished = await project.run(*arguments, environment=variables)
        assert finished.code == 0, finished.text
        assert finished.stdout.isascii()
        assert "mega" in finished.stdout


@pytest.mark.parametrize(
    "data", [b'"\\ud800"', b"NaN", b'{"a": 1e999}', b"[" * 5000, b"9" * 5000, b'"\x1b[2J"', b"\xff"]
)
async def test_any_input_that_a_stranger_wrote_can_be_shown_and_replaced(
    project: Project, other: Stranger, data: bytes
) -> None:
    project.write(job() + "input: {region: eu}\n")
    await project.apply()
    await other.edit(lambda schedule: setattr(schedule.action.start_workflow.input.payloads[0], "data", data))
    as_text = await project.run("plan", "--detailed-exitcode")
    assert as_text.code == 2, as_text.text
    assert "\x1b" not in as_text.stdout
    as_json = await project.run("plan", "--output", "json")
    assert as_json.code == 0, as_json.text
    read_plan(as_json.stdout)
    assert await project.apply() == {"a": "update done"}


async def test_colour_is_for_terminals_that_want_it(project: Project) -> None:
    import asyncio
    import os
    import pty

    project.write(job())
    for variables, is_colored in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
        ours, theirs = pty.openpty()
        process = await project.start("plan", stdout=theirs, environment=variables)
        os.close(theirs)
        shown = b""
        while b"queue" not in shown:
            shown += await asyncio.to_thread(os.read, ours, 65536)
        await process.communicate()
        os.close(ours)
        assert (b"\x1b[" in shown) == is_colored
    assert "\x1b" not in (await project.run("plan", environment={"TERM": "xterm"})).text


WORKFLOW = """\
from pathlib import Path
from temporalio import workflow

Path(__file__).with_name("imported").touch()


@workflow.defn
class Hello:
    @workflow.run
    async def run(self, name: str) -> None: ...
"""


async def test_planning_and_applying_run_no_user_code_and_validating_does(project: Project) -> None:
    project.write(WORKFLOW, to="shop.py")
    spec = job().replace("{type: W}", "shop:Hello") + "input: Ann\nactivities: [shop:hello]\ninput_model: shop:Model\n"
    project.write(spec)
    for arguments in (("plan",), ("apply", "--yes"), ("adopt", "a"), ("explain", "a"), ("forget", "a"), ("plan",)):
        finished = await project.run(*arguments)
        assert finished.code in (0, 3), finished.text
        assert not (project.directory / "imported").exists(), arguments
    assert (await project.run("validate", "--no-imports")).code == 0
    assert not (project.directory / "imported").exists()
    assert (await project.run("validate")).code == 1
    assert (project.directory / "imported").exists()


async def test_modules_of_the_project_do_not_stand_in_for_others(project: Project) -> None:
    """The working directory is on the path of `python -m`, but not of the installed command."""
    project.write('open("loaded", "w")\n', to="shop.py")
    project.write('raise SystemExit("no")\n', to="pydantic_core.py")
    project.write(job())
    import asyncio
    import sys

    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "jobspec"), "apply", "--yes"),
        cwd=project.directory,
        env=project.make_environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await process.communicate()
    assert process.returncode == 0, (stdout, stderr)


async def test_a_command_works_from_below_the_project(project: Project) -> None:
    project.write(job(), to="specs/deep/a.yaml")
    project.directory = project.directory / "specs" / "deep"
    finished = await project.run("apply", "--yes")
    assert finished.code == 0, finished.text
    assert "specs/deep/a.yaml:1" in finished.stdout


async def test_a_new_project_is_valid_and_can_be_applied(project: Project) -> None:
    for name in ("jobspec.toml",):
        project.remove(name)
    (project.directory / "specs").rmdir()
    made = await project.run("init", "--project", "fresh")
    assert made.code == 0, made.text
    assert (await project.run("validate")).code == 0
    applied = await project.run("apply", "--yes")
    assert applied.code == 0, applied.text
    again = await project.run("init")
    assert again.code == 3, again.text
    assert (await project.run("apply", "--yes")).stdout.startswith("No changes.")


async def test_explanations_schemas_and_rules_need_no_server(project: Project) -> None:
    project.write(job())
    nowhere = {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
    for arguments in (("explain", "a", "--output", "json"), ("schema", "plan"), ("schema", "job")):
        finished = await project.run(*arguments, environment=nowhere)
        assert finished.code == 0, finished.text
        json.loads(finished.stdout)
    for line in ("explain a", "rule", "rule JS101", "--version", "--help", "validate --no-imports"):
        assert (await project.run(*line.split(), environment=nowhere)).code == 0
    missing = await project.run("explain", "aa", environment=nowhere)
    assert missing.code == 1
    assert "did you mean `a`" in missing.stderr
