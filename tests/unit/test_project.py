from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jobspec.errors import ProjectError, UsageError
from jobspec.spec.enclosure import find_enclosure
from jobspec.spec.project import (
    Environment,
    Project,
    get_project_id,
    read_project,
    read_project_file,
    resolve_environment,
)
from jobspec.spec.workspace import find_project, load_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from jobspec.diagnostics import Diagnostic


def write(directory: Path, text: str) -> Path:
    path = directory / "jobspec.toml"
    path.write_text(text)
    return path


def load_project(path: Path) -> Project | tuple[Diagnostic, ...]:
    return read_project(read_project_file(find_enclosure(path.parent)))


def refused(directory: Path, text: str) -> tuple[Diagnostic, ...]:
    found = load_project(write(directory, text))
    assert isinstance(found, tuple)
    return found


def test_a_project_says_what_it_needs_and_the_rest_has_defaults(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, 'project = "shop"\n'))
    assert isinstance(project, Project)
    assert project == Project(project="shop")
    assert (project.also_owns, project.specs, project.data_converter, dict(project.env)) == ((), ("specs",), None, {})
    assert (project.guards.max_deletes, project.prune.grace) == (5, timedelta(hours=24))


def test_every_key_of_a_project_is_read(tmp_path: Path) -> None:
    text = """
project = "shop"
also_owns = ["store"]
specs = ["specs", "more/specs"]
data_converter = "shop.codec:converter"
[guards]
max_deletes = 0
[prune]
grace = "0s"
[lint]
levels = {JS506 = "error", JS241 = "off"}
require_owner = true
max_jobs_per_minute = 5
max_catchup_runs = 10
[env.staging]
profile = "staging"
namespace = "shop-staging"
[env.prod]
"""
    assert load_project(write(tmp_path, text)) == Project.model_validate(
        {
            "project": "shop",
            "also_owns": ("store",),
            "specs": ("specs", "more/specs"),
            "data_converter": "shop.codec:converter",
            "guards": {"max_deletes": 0},
            "prune": {"grace": "0s"},
            "lint": {
                "levels": {"JS506": "error", "JS241": "off"},
                "require_owner": True,
                "max_jobs_per_minute": 5,
                "max_catchup_runs": 10,
            },
            "env": {"staging": {"profile": "staging", "namespace": "shop-staging"}, "prod": {}},
        }
    )


@pytest.mark.parametrize("name", ["a", "0", "shop", "shop-1.a_b", "a" * 63])
def test_a_project_id_is_lower_case_letters_digits_and_a_few_signs(tmp_path: Path, name: str) -> None:
    assert isinstance(load_project(write(tmp_path, f'project = "{name}"\n')), Project)


@pytest.mark.parametrize("name", ["", "-", "-a", "Shop", "a b", "a/b", "é", "a" * 64, "a\\n"])
def test_anything_else_is_no_project_id_not_even_as_a_former_one(tmp_path: Path, name: str) -> None:
    found = refused(tmp_path, f'project = "{name}"\nalso_owns = ["store", "{name}"]\n')
    assert [(one.code, str(one.location)) for one in found] == [
        ("JS403", "jobspec.toml:1:11"),
        ("JS403", "jobspec.toml:2:23"),
    ]


def test_the_present_id_is_no_former_one(tmp_path: Path) -> None:
    [found] = refused(tmp_path, 'project = "shop"\nalso_owns = ["store", "shop"]\n')
    assert (found.code, str(found.location)) == ("JS403", "jobspec.toml:2:23")


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('projct = "shop"', "1:1", "did you mean `project`?"),
        ('name = "shop"', "1:1", "jobspec calls it `project`"),
        ('converter = "a:b"', "1:1", "jobspec calls it `data_converter`"),
        ("[guards]\nmax_delete = 1", "2:1", "did you mean `max_deletes`?"),
        ("[env.staging]\nname_space = 'a'", "2:1", "write `namespace`"),
        ("[environments.staging]", "1:2", "jobspec calls it `env`"),
        ("[prune]\ngrace = '1h'\nmax = 1", "3:1", "allowed here: `grace`"),
        ("[format]", "1:2", None),
        ("[plan]\nredacted = []", "2:1", "did you mean `redact`?"),
        ('redact = ["input.token"]', "1:1", "jobspec calls it `plan.redact`"),
        ("x-mine = 1", "1:1", None),
    ],
)
def test_unknown_keys_are_mistakes_with_a_hint(tmp_path: Path, text: str, place: str, hint: str | None) -> None:
    [found] = refused(tmp_path, text + "\n")
    assert (found.code, str(found.location)) == ("JS401", f"jobspec.toml:{place}")
    assert hint is None or found.hint == hint


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("project = 5", "1:11", "JS403"),
        ('also_owns = "store"', "1:13", "JS402"),
        ("specs = []", "1:9", "JS402"),
        ('specs = [""]', "1:10", "JS402"),
        ('specs = ["../specs"]', "1:10", "JS402"),
        ('specs = ["/specs"]', "1:10", "JS402"),
        ("specs = [5]", "1:10", "JS402"),
        ('data_converter = "shop.codec"', "1:18", "JS202"),
        ("guards = 5", "1:10", "JS402"),
        ("guards.max_deletes = -1", "1:22", "JS402"),
        ("guards.max_deletes = 1.5", "1:22", "JS402"),
        ("guards.max_deletes = true", "1:22", "JS402"),
        ("prune.grace = 24", "1:15", "JS210"),
        ('prune.grace = "-1h"', "1:15", "JS210"),
        ("env = 5", "1:7", "JS402"),
        ("env.dev = 5", "1:11", "JS402"),
        ("env.dev.profile = ''", "1:19", "JS402"),
        ("env.dev.namespace = 5", "1:21", "JS402"),
        ('lint.levels = {JS999 = "off"}', "1:16", "JS404"),
        ('lint.levels = {JS101 = "off"}', "1:16", "JS404"),
        ('lint.levels = {JS506 = "warn"}', "1:24", "JS402"),
        ("lint.levels = {JS506 = false}", "1:24", "JS402"),
        ("lint.max_jobs_per_minute = 0", "1:28", "JS402"),
        ("lint.require_owner = 'yes'", "1:22", "JS402"),
        ("[env.x-dev]", "1:1", "JS402"),
        ("[env.'a b']", "1:1", "JS402"),
        ("project = ", "1:11", "JS011"),
    ],
)
def test_wrong_values_are_told_at_their_place(tmp_path: Path, text: str, place: str, code: str) -> None:
    [found] = refused(tmp_path, text + "\n")
    assert (found.code, str(found.location)) == (code, f"jobspec.toml:{place}")


def test_all_mistakes_of_a_project_are_said_at_once(tmp_path: Path) -> None:
    text = 'project = "Shop"\nspecs = 5\n[guards]\nmax_deletes = "5"\n[format]\n'
    assert [found.location.line for found in refused(tmp_path, text)] == [1, 2, 4, 5]


def test_an_empty_project_file_may_be_half_written_and_is_refused(tmp_path: Path) -> None:
    [found] = refused(tmp_path, "")
    assert found.code == "JS006"
    assert "project" in found.hint


def test_a_project_is_found_from_below_and_the_nearest_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner) is None or not find_project(inner).is_relative_to(tmp_path)  # type: ignore[union-attr]
    outer_file = write(tmp_path, 'project = "outer"\n')
    assert find_project(inner) == outer_file
    inner_file = write(tmp_path / "a", 'project = "inner"\n')
    assert find_project(inner) == inner_file
    assert find_project(tmp_path) == outer_file


def test_a_project_file_that_is_no_file_is_found_and_refused(tmp_path: Path) -> None:
    (tmp_path / "jobspec.toml").symlink_to(tmp_path / "nowhere")
    path = find_project(tmp_path)
    assert path is not None
    assert isinstance(load_project(path), tuple)


def test_a_workspace_knows_its_directory_and_roots(tmp_path: Path) -> None:
    path = write(tmp_path, 'project = "shop"\nspecs = ["one", "two/three"]\n')
    (tmp_path / "two").mkdir()
    workspace = load_workspace(tmp_path / "two")
    assert (workspace.directory, workspace.file) == (tmp_path, path)
    assert workspace.roots == (tmp_path / "one", tmp_path / "two" / "three")


def test_a_broken_project_raises_with_its_diagnostics(tmp_path: Path) -> None:
    write(tmp_path, "project = 5\n")
    with pytest.raises(ProjectError, match="is broken") as raised:
        load_workspace(tmp_path)
    assert [found.code for found in raised.value.diagnostics] == ["JS403"]


def test_a_directory_without_a_project_file_has_all_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobspec.spec.workspace.find_project", lambda _: None)
    workspace = load_workspace(tmp_path)
    assert (workspace.directory, workspace.file, workspace.project) == (tmp_path, None, Project())


def test_writing_needs_a_project_id() -> None:
    assert get_project_id(Project(project="shop")) == "shop"
    with pytest.raises(ProjectError, match=r"set `project` in `jobspec\.toml`"):
        get_project_id(Project())


def test_without_declared_environments_any_may_be_chosen() -> None:
    assert resolve_environment(Project(), None) == resolve_environment(Project(), "dev") == Environment()
    for wrong in ("", "x-dev", "a b"):
        with pytest.raises(UsageError, match="no name for an environment"):
            resolve_environment(Project(), wrong)


def test_once_an_environment_is_declared_one_must_be_chosen() -> None:
    project = Project.model_validate({"env": {"staging": {"profile": "s"}, "prod": {}}})
    assert resolve_environment(project, "staging") == Environment(profile="s")
    with pytest.raises(UsageError, match="choose an environment with `--env`: `prod` or `staging`"):
        resolve_environment(project, None)
    with pytest.raises(UsageError, match="there is no environment `stagin`; did you mean `staging`"):
        resolve_environment(project, "stagin")
    with pytest.raises(UsageError, match="the project has `prod` and `staging`"):
        resolve_environment(project, "x")
