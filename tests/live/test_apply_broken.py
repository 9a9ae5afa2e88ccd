"""Nothing leaves because a file is broken, half-written, unreadable, or gone with all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import job

from jobspec.planning.plan import HeldReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from projects import Project, Snapshot

NAMES = ("a", "b", "c")

on_one_back_end = pytest.mark.parametrize("server", ["chasm"], indirect=True)


async def begin(project: Project) -> dict[str, Snapshot]:
    """Apply `a` and `b` of one directory and `c` of another; returns what they look like."""
    project.write("queue: q\nworkflow: {type: W}\n", to="specs/low/defaults.yaml")
    for name in ("a", "b"):
        project.write(f"name: {name}\nschedule: {{interval: 1h}}\n", to=f"specs/low/{name}.yaml")
    project.write(job("c"), to="specs/c.yaml")
    await project.apply()
    return await look(project)


async def look(project: Project) -> dict[str, Snapshot]:
    return {name: await project.snapshot(name) for name in NAMES}


def break_by_one_character(project: Project) -> None:
    project.write("name: a\nschedule: {interval: 1h\n", to="specs/low/a.yaml")


def truncate(project: Project) -> None:
    project.write("", to="specs/low/a.yaml")


def cut_to_its_comment(project: Project) -> None:
    project.write("# a job\n", to="specs/low/a.yaml")


def cut_within_a_value(project: Project) -> None:
    project.write("name: a\nsched", to="specs/low/a.yaml")


def fill_with_zeros(project: Project) -> None:
    project.write("\0" * 50, to="specs/low/a.yaml")


def break_its_encoding(project: Project) -> None:
    (project.directory / "specs/low/a.yaml").write_bytes(b"name: a\nowner: \xff\nschedule: {interval: 1h}\n")


def point_to_nothing(project: Project) -> None:
    project.remove("specs/low/a.yaml")
    (project.directory / "specs/low/a.yaml").symlink_to("missing.yaml")


def point_to_itself(project: Project) -> None:
    project.remove("specs/low/a.yaml")
    (project.directory / "specs/low/a.yaml").symlink_to("a.yaml")


def point_out_of_the_root(project: Project) -> None:
    project.remove("specs/low/a.yaml")
    project.write(job("a"), to="elsewhere.yaml")
    (project.directory / "specs/low/a.yaml").symlink_to(project.directory / "elsewhere.yaml")


def become_a_directory(project: Project) -> None:
    project.remove("specs/low/a.yaml")
    (project.directory / "specs/low/a.yaml").mkdir()


def break_the_defaults(project: Project) -> None:
    project.write("queue: q\nworkflow: {type: W\n", to="specs/low/defaults.yaml")


def misspell_the_defaults(project: Project) -> None:
    project.write("qeue: q\nworkflow: {type: W}\n", to="specs/low/defaults.yaml")


def take_the_defaults_away(project: Project) -> None:
    project.remove("specs/low/defaults.yaml")


def repeat_the_name(project: Project) -> None:
    project.write(job("a"), to="specs/again.yaml")


def misspell_a_key(project: Project) -> None:
    project.write("name: a\nschedule: {intervall: 1h}\n", to="specs/low/a.yaml")


def hold_two_documents(project: Project) -> None:
    project.write("name: a\nschedule: {interval: 1h}\n---\nname: z\n", to="specs/low/a.yaml")


def put_the_root_outside_of_the_project(project: Project) -> None:
    outside = project.directory.with_name(f"{project.directory.name}-outside")
    (project.directory / "specs").rename(outside)
    (project.directory / "specs").symlink_to(outside)


BREAKS = [
    *(break_by_one_character, truncate, cut_to_its_comment, cut_within_a_value, fill_with_zeros),
    *(break_its_encoding, point_to_nothing, point_to_itself, point_out_of_the_root, break_the_defaults),
    *(misspell_the_defaults, take_the_defaults_away, repeat_the_name, misspell_a_key, hold_two_documents),
    put_the_root_outside_of_the_project,
]


@on_one_back_end
@pytest.mark.parametrize("break_it", BREAKS, ids=lambda function: function.__name__)
async def test_what_is_broken_takes_nothing_away(project: Project, break_it: Callable[[Project], None]) -> None:
    before = await begin(project)
    break_it(project)
    project.remove("specs/c.yaml")
    planned = await project.plan()
    assert planned.plan.changes == ()
    assert not planned.terms.can_prune
    held = {held.name: held.reason for held in planned.plan.held}
    assert held.keys() >= {"a", "c"}
    assert held["c"] is HeldReason.FROZEN
    assert await look(project) == before


@on_one_back_end
async def test_a_directory_in_place_of_a_file_takes_nothing_else_away(project: Project) -> None:
    before = await begin(project)
    become_a_directory(project)
    planned = await project.plan()
    assert all(change.name == "a" for change in planned.plan.changes)
    assert await look(project) == before


@on_one_back_end
async def test_apply_writes_nothing_while_a_file_is_broken_and_the_rest_with_keep_going(project: Project) -> None:
    before = await begin(project)
    break_by_one_character(project)
    project.remove("specs/c.yaml")
    project.write(job("new"), to="specs/new.yaml")
    project.write("name: b\nschedule: {interval: 2h}\n", to="specs/low/b.yaml")
    refused = await project.run("apply", "--yes")
    assert refused.code == 1, refused.text
    assert "specs/low/a.yaml:" in refused.stderr
    assert "Nothing was written" in refused.stderr
    assert await look(project) == before
    assert not await project.exists("new")
    going = await project.run("apply", "--yes", "--keep-going")
    assert going.code == 1, going.text
    assert going.stdout.splitlines()[-1] == "1 created, 1 updated"
    after = await look(project)
    assert (after["a"], after["c"]) == (before["a"], before["c"])
    assert after["b"] != before["b"]


@on_one_back_end
async def test_a_broken_project_file_stops_everything(project: Project) -> None:
    before = await begin(project)
    project.write('project = "shop\n', to="jobspec.toml")
    finished = await project.run("apply", "--yes", "--keep-going", "--allow", "empty", "--allow", "deletes=9")
    assert finished.code == 1, finished.text
    assert "jobspec.toml:1" in finished.stderr
    assert await look(project) == before


def empty(project: Project) -> None:
    for name in ("specs/low/a.yaml", "specs/low/b.yaml", "specs/c.yaml"):
        project.remove(name)


def leave_only_other_files(project: Project) -> None:
    empty(project)
    project.write("Hello", to="specs/README.md")
    project.write(job("a"), to="specs/.a.yaml")


def move_away(project: Project) -> None:
    (project.directory / "specs").rename(project.directory / "specs.old")


def replace_by_a_broken_link(project: Project) -> None:
    move_away(project)
    (project.directory / "specs").symlink_to("nowhere")


def hold_no_jobs(project: Project) -> None:
    empty(project)
    project.write("jobs: []\n", to="specs/none.yaml")


def name_another_root(project: Project) -> None:
    project.configure('specs = ["spec"]')


def name_one_more_root(project: Project) -> None:
    project.configure('specs = ["specs", "more"]')


EMPTYINGS = [
    *(empty, leave_only_other_files, move_away, replace_by_a_broken_link, hold_no_jobs),
    *(name_another_root, name_one_more_root),
]


@on_one_back_end
@pytest.mark.parametrize("empty_it", EMPTYINGS, ids=lambda function: function.__name__)
async def test_specs_that_are_gone_are_refused(project: Project, empty_it: Callable[[Project], None]) -> None:
    before = await begin(project)
    empty_it(project)
    planned = await project.plan("deletes=100")
    assert planned.refusals or not planned.terms.can_prune
    if planned.terms.can_prune:
        assert [refusal.override for refusal in planned.refusals] == ["--allow empty"]
    assert await look(project) == before


async def test_an_emptied_directory_passes_on_request_only(project: Project) -> None:
    before = await begin(project)
    empty(project)
    refused = await project.run("apply", "--yes")
    assert refused.code == 3, refused.text
    assert "--allow empty" in refused.stdout
    assert "--allow empty" in refused.stderr
    assert await look(project) == before
    allowed = await project.run("apply", "--yes", "--allow", "empty")
    assert (allowed.code, allowed.stdout.splitlines()[-1]) == (0, "3 retired"), allowed.text
