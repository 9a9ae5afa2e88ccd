"""Reading project and specs again and again, and what git says of the work tree they lie in."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.errors import ProjectError, UsageError
from jobspec.reconcile.checkout import find_checkout
from jobspec.reconcile.signatures import sign_file
from jobspec.reconcile.spec_source import SpecSource, find_start
from jobspec.spec import document

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

JOB = "name: {name}\nqueue: q\nworkflow: {{type: W}}\nschedule: {{interval: 1h}}\n"


def git(directory: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *settings, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    (directory / "specs").mkdir(parents=True)
    (directory / "jobspec.toml").write_text('project = "shop"\n')
    write(directory, "a")
    return directory


def write(directory: Path, name: str, text: str | None = None) -> Path:
    path = directory / "specs" / f"{name}.yaml"
    path.write_text(JOB.format(name=name) if text is None else text)
    return path


def make_source(directory: Path, environment: str | None = None, *, confirm_after: float = 0.0) -> SpecSource:
    return SpecSource(directory, environment, confirm_after=confirm_after)


async def test_where_the_jobs_of_a_large_file_stand_is_known_once_it_is_read(project: Path) -> None:
    jobs = "".join(f"- {{name: j{n}, queue: q, workflow: {{type: W}}}}\n" for n in range(2000))
    write(project, "large", f"jobs:\n{jobs}")
    reading = await make_source(project).read()
    looked_up = document._find_positions.cache_info().misses
    assert reading.loaded.jobs["j1999"].line == 2001
    assert document._find_positions.cache_info().misses == looked_up


async def test_only_the_second_of_two_equal_reads_confirms(project: Path) -> None:
    files, confirmed = make_source(project), []
    steps = (
        "first",
        "same",
        "added",
        "same",
        "touched",
        "broken",
        "same",
        "mended",
        "same",
        "settings",
        "same",
        "grace",
    )
    for step in (*steps, "same"):
        match step:
            case "added":
                write(project, "b")
            case "touched":
                os.utime(project / "specs" / "b.yaml")
            case "broken":
                write(project, "b", "name: [")
            case "mended":
                write(project, "b")
            case "settings":
                (project / "other").mkdir()
                (project / "jobspec.toml").write_text('project = "shop"\nspecs = ["specs", "other"]\n')
            case "grace":
                with (project / "jobspec.toml").open("a") as file:
                    file.write('[prune]\ngrace = "1h"\n')
        confirmed.append((step, (await files.read()).is_confirmed))

    assert confirmed == [
        ("first", False),
        ("same", True),
        ("added", False),
        ("same", True),
        ("touched", True),
        ("broken", False),
        ("same", False),
        ("mended", False),
        ("same", True),
        ("settings", False),
        ("same", True),
        ("grace", False),
        ("same", True),
    ]


async def test_reads_right_after_each_other_confirm_nothing(project: Path) -> None:
    files = make_source(project, confirm_after=3600.0)
    assert [(await files.read()).is_confirmed for _ in range(3)] == [False, False, False]


async def test_a_broken_project_file_confirms_nothing_afterwards(project: Path) -> None:
    files = make_source(project)
    await files.read()
    (project / "jobspec.toml").write_text("project = ")
    with pytest.raises(ProjectError):
        await files.read()
    (project / "jobspec.toml").write_text('project = "shop"\n')
    assert [(await files.read()).is_confirmed for _ in range(2)] == [False, True]


async def test_the_project_of_a_directory_above_is_not_taken_for_ours(project: Path) -> None:
    (project.parent / "specs").mkdir()
    (project.parent / "jobspec.toml").write_text('project = "other"\n')
    files, file = make_source(project), project / "jobspec.toml"
    await files.read()
    text = file.read_text()
    file.unlink()
    with pytest.raises(ProjectError, match=r"is not there any more, and `.*` is another project's"):
        await files.read()
    file.write_text(text)
    assert [(await files.read()).is_confirmed for _ in range(2)] == [False, True]


async def test_a_project_file_that_vanishes_before_the_first_read_is_missed(project: Path) -> None:
    files = SpecSource(project, None, confirm_after=0.0, project_file=project / "jobspec.toml")
    (project / "jobspec.toml").unlink()
    with pytest.raises(ProjectError, match="is not there any more; put it back"):
        await files.read()


async def test_an_environment_that_is_gone_is_refused(project: Path) -> None:
    (project / "jobspec.toml").write_text('project = "shop"\n[env.dev]\n')
    files = make_source(project, "dev")
    await files.read()
    (project / "jobspec.toml").write_text('project = "shop"\n[env.prod]\n')
    with pytest.raises(UsageError, match="there is no environment `dev`"):
        await files.read()


async def test_a_full_read_finds_a_change_that_the_file_system_hides(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems keep neither times nor inodes as they should."""
    path = write(project, "a")
    as_before = (1, 1, path.stat().st_size, 1)
    for name in ("directory.sign", "file_content.sign", "file_content._trust"):
        monkeypatch.setattr(f"jobspec.spec.{name}", lambda _: as_before)
    files = make_source(project)
    await files.read()
    path.write_text(path.read_text().replace("1h", "2h"))

    hidden, found = await files.read(), await files.read(trust=False)

    assert [str(reading.loaded.jobs["a"].spec.schedule.interval[0].every) for reading in (hidden, found)] == [  # type: ignore[union-attr]
        "1:00:00",
        "2:00:00",
    ]


async def test_unchanged_files_are_not_parsed_again_and_unchanged_jobs_stay_the_same_objects(project: Path) -> None:
    write(project, "b")
    files = make_source(project)
    before = (await files.read()).loaded.jobs
    write(project, "b", JOB.format(name="b").replace("1h", "2h"))
    after = (await files.read(trust=False)).loaded.jobs

    assert after["a"].spec is before["a"].spec
    assert after["b"].spec is not before["b"].spec


async def test_files_beside_the_specs_are_named(project: Path) -> None:
    write(project, "a", JOB.format(name="a") + "input_schema: ../schema.json\ninput: 1\n")
    (project / "schema.json").write_text("{}")
    assert (await make_source(project).read()).files == (project / "jobspec.toml", project / "schema.json")


# git


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "one")
    return project


def read_commit(directory: Path) -> str | None:
    checkout = find_checkout(directory)
    return checkout.read_commit() if checkout else None


def test_the_commit_is_read_as_git_reads_it(repository: Path, tmp_path: Path) -> None:
    def same(directory: Path) -> None:
        assert read_commit(directory / "specs") == git(directory, "rev-parse", "HEAD")

    same(repository)
    git(repository, "checkout", "-q", "-b", "team/feature")
    git(repository, "commit", "-q", "--allow-empty", "-m", "two")
    same(repository)
    git(repository, "pack-refs", "--all")
    same(repository)
    git(repository, "checkout", "-q", "--detach", "main")
    same(repository)
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"), "team/feature")
    same(tmp_path / "linked")
    git(tmp_path / "linked", "commit", "-q", "--allow-empty", "-m", "three")
    same(tmp_path / "linked")


def test_a_directory_that_may_not_be_looked_into_is_in_the_work_tree_around_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, whom no directory refuses."""
    stat = os.stat

    def refuse(path: Any, *arguments: Any, **more: Any) -> os.stat_result:
        if "specs/.git" in str(path):
            raise PermissionError(13, "Permission denied")
        return stat(path, *arguments, **more)

    monkeypatch.setattr("os.stat", refuse)
    assert read_commit(repository / "specs") == git(repository, "rev-parse", "HEAD")


def test_without_git_or_a_commit_there_is_none(project: Path) -> None:
    assert read_commit(project) is None
    assert read_commit(project / "nowhere") is None
    git(project, "init", "-q")
    assert read_commit(project) is None


async def test_the_commit_comes_with_what_was_read(repository: Path) -> None:
    assert (await make_source(repository).read()).commit == git(repository, "rev-parse", "HEAD")


async def test_another_commit_shows_in_the_files_to_watch(repository: Path) -> None:
    """Also one that changes no spec: `/status` names the commit."""
    files, seen = make_source(repository), set[tuple[tuple[int, ...], ...]]()
    for arguments in (("commit", "--allow-empty", "-m", "two"), ("checkout", "-b", "x"), ("checkout", "--detach")):
        watched = (await files.read()).files
        before = [sign_file(path) for path in watched]
        git(repository, *arguments, "-q")
        assert [sign_file(path) for path in watched] != before
        seen.add(tuple(before))
    assert len(seen) == 3


def test_git_is_at_work_while_its_lock_is_there_and_young(repository: Path) -> None:
    checkout = find_checkout(repository)
    assert checkout
    lock = repository / ".git" / "index.lock"
    seen = [checkout.read_state(30).is_locked]
    lock.write_text("")
    seen.append(checkout.read_state(30).is_locked)
    os.utime(lock, (time.time() - 60,) * 2)
    seen.append(checkout.read_state(30).is_locked)
    lock.unlink()
    seen.append(checkout.read_state(30).is_locked)
    assert seen == [False, True, False, False]


@pytest.mark.parametrize("is_broken", [False, True])
async def test_what_was_read_while_git_was_at_work_is_read_again(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_broken: bool,  # noqa: FBT001
) -> None:
    """Git begins and ends while the files are read: what was read is neither the one commit nor the other."""
    git(repository, "checkout", "-q", "-b", "other")
    write(repository, "b")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "two")
    files, reads, load = make_source(repository), [], SpecSource._load
    await files.read()

    def load_meanwhile(self: SpecSource, now: datetime) -> Any:
        loaded = load(self, now)
        reads.append(sorted(loaded[-1].jobs))
        if len(reads) == 1:
            git(repository, "checkout", "-q", "main")
            if is_broken:
                raise ProjectError("half of a file was there")
        return loaded

    monkeypatch.setattr(SpecSource, "_load", load_meanwhile)
    reading = await files.read()

    assert reads == [["a", "b"], ["a"]]
    assert (list(reading.loaded.jobs), reading.is_confirmed) == (["a"], False)


# Where the project is


def test_a_project_behind_a_link_is_found_by_the_link(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "current"
    link.symlink_to(project)
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))
    assert find_start() == link
    monkeypatch.setenv("PWD", str(tmp_path))
    assert find_start() == project
    monkeypatch.delenv("PWD")
    assert find_start() == project


async def test_another_tree_behind_a_swapped_link_is_read_next(project: Path, tmp_path: Path) -> None:
    link, other = tmp_path / "current", tmp_path / "other"
    link.symlink_to(project)
    files = make_source(link)
    before = await files.read()
    (other / "specs").mkdir(parents=True)
    (other / "jobspec.toml").write_text('project = "shop"\n')
    write(other, "b")
    (tmp_path / "next").symlink_to(other)
    (tmp_path / "next").rename(link)
    assert [list(before.loaded.jobs), list((await files.read()).loaded.jobs)] == [["a"], ["b"]]
