from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from jobspec import load as load_registry
from jobspec.errors import ProjectError
from jobspec.spec.enclosure import Enclosure, find_enclosure
from jobspec.spec.file_content import read_file
from jobspec.spec.links import MAX_LINKS, Astray, follow_links
from jobspec.spec.loader import load
from jobspec.spec.project import Project
from jobspec.spec.spec_files import MAX_DEPTH
from jobspec.spec.workspace import load_workspace, make_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobspec.spec.loaded_jobs import Loaded

JOB = "name: a\nqueue: q\nworkflow: a:B\n"
OUTSIDE = "name: hunter2\nhunter2: [\n"


@pytest.mark.parametrize(
    ("path", "links", "found"),
    [
        ("", {}, ""),
        ("a/./b//c", {}, "a/b/c"),
        ("a/../b", {}, "b"),
        ("a/b", {"a": "x/y", "x": "../repo"}, "`../repo`, outside the project"),
        ("a/b", {"a": "x/y"}, "x/y/b"),
        ("a/b", {"a": "c", "c": "d/../e"}, "e/b"),
        ("s/a", {"s/a": "../t"}, "t"),
        ("a", {"a": "/top/b/c"}, "b/c"),
        ("a", {"a": "/top"}, ""),
        ("a", {"a": "/topmost/b"}, "`/topmost/b`, outside the project"),
        ("a", {"a": "/top/../etc"}, "`/top/../etc`, outside the project"),
        ("a", {"a": "/etc/passwd"}, "`/etc/passwd`, outside the project"),
        ("a", {"a": "b", "b": "../../x"}, "`../../x`, outside the project"),
        ("../a", {}, "it lies outside the project"),
        ("a/../../top/a", {}, "it lies outside the project"),
        (".git/config", {}, "it lies among git's own files"),
        ("sub/.GIT/config", {}, "it lies among git's own files"),
        ("a", {"a": "sub/.git/config"}, "`sub/.git/config`, among git's own files"),
        ("a", {"a": "a"}, "in a circle"),
        ("a", {"a": "b", "b": "a/x"}, "in a circle"),
        ("l0", {f"l{number}": f"l{number + 1}" for number in range(MAX_LINKS)}, f"l{MAX_LINKS}"),
        ("l0", {f"l{number}": f"l{number + 1}" for number in range(MAX_LINKS + 1)}, "in a circle"),
    ],
)
def test_a_path_is_followed_as_long_as_it_stays_inside(path: str, links: dict[str, str], found: str) -> None:
    result = follow_links(path, links.get, around="project", top="/top")
    if isinstance(result, Astray):
        assert found in result.reason
        assert result.is_outside == ("circle" not in result.reason)
    else:
        assert result == found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory beside the project, with a file of each kind that must not be read."""
    directory = tmp_path / "outside"
    directory.mkdir()
    for name in ("a.yaml", "defaults.yaml", "jobspec.toml", "a.json"):
        (directory / name).write_text(OUTSIDE)
    return directory


@pytest.fixture
def repository(outside: Path) -> Path:
    """A repository that holds a project in a directory; of git, only what marks a work tree is there."""
    top = outside.parent / "repository"
    (top / "shop/specs").mkdir(parents=True)
    (top / ".git").mkdir()
    (top / ".git/config").write_text(OUTSIDE)
    (top / "shop/jobspec.toml").write_text('project = "shop"\nspecs = [\n  "specs",\n  "more",\n]\n')
    (top / "shop/specs/a.yaml").write_text(JOB)
    (top / "shop/more").mkdir()
    (top / "shop/more/b.yaml").write_text(JOB.replace("name: a", "name: b"))
    return top


def replace(path: Path, target: Path | str) -> None:
    """Put a link in the place of a file or directory."""
    if path.exists():
        path.rename(path.with_name(f".{path.name}"))
    path.symlink_to(target)


def said(loaded: Loaded) -> list[tuple[str, str]]:
    assert "hunter2" not in repr(loaded.diagnostics)
    return [(found.code, str(found.location)) for found in loaded.diagnostics]


@pytest.mark.parametrize("target", ["../../outside", "{outside}", "link", "../.git", "/", "/proc/self/root"])
def test_a_root_that_leads_out_is_refused_where_it_is_named_and_the_others_are_read(
    repository: Path, outside: Path, target: str
) -> None:
    (repository / "shop/link").symlink_to(outside)
    replace(repository / "shop/specs", target.format(outside=outside))
    loaded = load(load_workspace(repository / "shop"))
    assert said(loaded) == [("JS003", "jobspec.toml:3:3")]
    assert "the spec root `specs` cannot be read: the symlink leads to `" in loaded.diagnostics[0].message
    assert (list(loaded.jobs), loaded.incomplete, loaded.missing_roots) == (["b"], True, ())


@pytest.mark.parametrize(
    ("target", "code"), [("../../outside/jobspec.toml", "JS003"), ("../.git/config", "JS003"), ("nothing", "JS001")]
)
def test_a_project_file_that_leads_out_is_refused(repository: Path, target: str, code: str) -> None:
    replace(repository / "shop/jobspec.toml", target)
    with pytest.raises(ProjectError) as raised:
        load_workspace(repository / "shop")
    assert [(found.code, str(found.location)) for found in raised.value.diagnostics] == [(code, "jobspec.toml")]
    assert "hunter2" not in repr(raised.value.diagnostics)


@pytest.mark.parametrize("name", ["a.yaml", "defaults.yaml"])
@pytest.mark.parametrize("target", ["../../../outside/{name}", "{outside}/{name}", "../../.git/config"])
def test_a_file_that_leads_out_is_refused_and_freezes_what_depends_on_it(
    repository: Path, outside: Path, name: str, target: str
) -> None:
    replace(repository / "shop/specs" / name, target.format(outside=outside, name=name))
    loaded = load(load_workspace(repository / "shop"))
    assert said(loaded) == [("JS003", f"specs/{name}")]
    assert (list(loaded.jobs), loaded.incomplete) == (["b"], True)


@pytest.mark.parametrize("written", ["../../../outside/a.json", "../../.git/config", "link.json", "far/a.json"])
def test_a_schema_that_leads_out_is_refused_where_it_is_named(repository: Path, outside: Path, written: str) -> None:
    specs = repository / "shop/specs"
    (specs / "link.json").symlink_to("../../../outside/a.json")
    (repository / "far").symlink_to(outside)
    (specs / "a.yaml").write_text(f"{JOB}input: 1\ninput_schema: {written.replace('far', '../../far')}\n")
    loaded = load(load_workspace(repository / "shop"))
    assert said(loaded) == [("JS310", "specs/a.yaml:5:15")]
    assert (list(loaded.jobs), list(loaded.frozen)) == (["b"], ["a"])


def test_what_lies_elsewhere_in_the_repository_can_be_used(repository: Path) -> None:
    (repository / "common").mkdir()
    (repository / "common/a.json").write_text('{"type": "integer"}')
    (repository / "shop/specs/a.yaml").rename(repository / "common/a.yaml")
    (repository / "common/a.yaml").write_text(f"{JOB}input: 1\ninput_schema: ../../common/a.json\n")
    (repository / "shop/specs").rmdir()
    for target in ("../common", repository / "common"):
        (repository / "shop/specs").symlink_to(target)
        loaded = load(load_workspace(repository / "shop"))
        assert (said(loaded), list(loaded.jobs)) == ([], ["a", "b"])
        (repository / "shop/specs").unlink()


def test_without_git_the_project_must_not_be_left(repository: Path) -> None:
    (repository / ".git").rename(repository / ".gone")
    replace(repository / "shop/specs", "../common")
    loaded = load(load_workspace(repository / "shop"))
    assert said(loaded) == [("JS003", "jobspec.toml:3:3")]
    assert "outside the project" in loaded.diagnostics[0].message


def test_a_directory_that_becomes_a_link_after_the_look_is_not_followed(
    repository: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look is made to miss the link, as if it had been put there right after it."""
    enclosure = find_enclosure(repository / "shop")
    replace(repository / "shop/specs", outside)
    monkeypatch.setattr(Enclosure, "_read_link", lambda *_: None)
    file = read_file("specs/a.yaml", enclosure)
    assert file is None or (file.data is None and file.problem is not None)
    loaded = load(load_workspace(repository / "shop"))
    assert list(loaded.jobs) == ["b"]
    assert loaded.incomplete
    assert "hunter2" not in repr(loaded)


def test_one_reading_is_of_one_tree_although_the_link_to_it_is_swapped(repository: Path, tmp_path: Path) -> None:
    current, other = tmp_path / "current", tmp_path / "other"
    (other / "specs").mkdir(parents=True)
    (other / "jobspec.toml").write_text('project = "shop"\n')
    (other / "specs/c.yaml").write_text(JOB.replace("name: a", "name: c"))
    current.symlink_to(repository / "shop")
    workspace = load_workspace(current)
    (tmp_path / "next").symlink_to(other)
    (tmp_path / "next").rename(current)
    assert list(load(workspace).jobs) == ["a", "b"]
    assert list(load(load_workspace(current)).jobs) == ["c"]


@pytest.fixture
def deep(repository: Path) -> Iterator[Path]:
    """A directory in 1,500 others; shutil cannot remove them, and neither can pytest."""
    specs = repository / "shop/specs"
    descriptor = os.open(specs, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    yield specs
    subprocess.run(["rm", "-rf", specs], check=True)


def test_directories_nested_without_end_are_a_mistake(deep: Path) -> None:
    loaded = load(load_workspace(deep.parent))
    assert said(loaded) == [("JS008", "/".join(["specs"] + ["d"] * (MAX_DEPTH + 1)))]
    assert (list(loaded.jobs), loaded.incomplete) == (["a", "b"], True)


def test_a_root_may_be_named_by_more_directories_than_calls_can_nest(deep: Path) -> None:
    root = "/".join(["specs"] + ["d"] * 1400)
    descriptor = os.open(deep.parent / root, os.O_RDONLY)
    file = os.open("c.yaml", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor)
    os.write(file, JOB.encode())
    os.close(file)
    os.close(descriptor)
    loaded = load(make_workspace(deep.parent, Project(specs=(root,))))
    assert [(found.code, found.location.path[-3:]) for found in loaded.diagnostics] == [("JS008", "d/d")]
    assert list(loaded.jobs) == ["a"]


def test_a_chain_of_links_ends(repository: Path) -> None:
    shop = repository / "shop"
    for number in range(1500):
        (shop / f"l{number}").symlink_to(f"l{number + 1}")
    (shop / "specs").rename(shop / "l1500")
    (shop / "specs").symlink_to("l0")
    assert said(load(load_workspace(shop))) == [("JS008", "jobspec.toml:3:3")]
    assert list(load_registry(shop)) == ["b"]
