from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.diagnostics import RULES, Severity
from jobspec.spec import file_content
from jobspec.spec.directory import read_directory
from jobspec.spec.enclosure import Enclosure, find_enclosure
from jobspec.spec.spec_files import MAX_BYTES, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = time.time() - 3600


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    return tmp_path


def write(path: Path, text: str = "name: a\n") -> Path:
    """Write a file that is not racily young, as far as its modification time tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))
    return path


def read(project: Path, previous: Listing | None = None) -> Listing:
    return read_directory(project / "specs", find_enclosure(project), previous=previous)


def names(listing: Listing) -> list[str]:
    return [file.path for file in listing.files]


def codes(listing: Listing) -> dict[str, str]:
    """Map the path of each problem to its code, those of files included."""
    found = [*listing.problems, *(file.problem for file in listing.files if file.problem)]
    assert all(problem.code in RULES for problem in found)
    assert all(problem.message.isprintable() and not problem.message.endswith(".") for problem in found)
    return {problem.location.path: problem.code for problem in found}


def test_spec_files_are_found_in_order(project: Path) -> None:
    for name in ("b.yaml", "a.yml", "B.TOML", "sub/c.yaml", "sub/deep/d.toml", "sub-2/e.Yaml", "a/z.yaml"):
        write(project / "specs" / name)
    listing = read(project)
    assert names(listing) == [
        "specs/B.TOML",
        "specs/a/z.yaml",
        "specs/a.yml",
        "specs/b.yaml",
        "specs/sub/c.yaml",
        "specs/sub/deep/d.toml",
        "specs/sub-2/e.Yaml",
    ]
    assert (listing.root, listing.missing, listing.problems, listing.is_complete) == ("specs", False, (), True)
    assert {file.data for file in listing.files} == {b"name: a\n"}
    assert listing.files[0].real_path == project.resolve() / "specs/B.TOML"


def test_other_files_are_passed_over(project: Path) -> None:
    for name in (
        "README.md",
        "jobspec.toml",
        ".hidden.yaml",
        ".git/x.yaml",
        "a.yaml.bak",
        "a.json",
        "sub/.x/y.yaml",
        "yaml",
    ):
        write(project / "specs" / name)
    (project / "specs" / "link").symlink_to(write(project / "outside.md"))
    assert read(project) == Listing(root="specs")


@pytest.mark.parametrize("name", ["nothing", "file.txt/below"])
def test_a_missing_root_is_missing(project: Path, name: str) -> None:
    write(project / "file.txt")
    listing = read_directory(project / name, find_enclosure(project))
    assert (listing.missing, listing.is_complete, listing.files) == (True, False, ())


def test_a_root_that_vanishes_while_it_is_read_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(_: int) -> Iterator[Any]:
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(os, "scandir", vanish)
    assert read(project).missing


def test_a_root_that_is_a_file_or_a_loop_is_a_problem(project: Path) -> None:
    write(project / "file.yaml")
    (project / "loop").symlink_to("loop")
    for name, code in (("file.yaml", "JS002"), ("loop", "JS008")):
        listing = read_directory(project / name, find_enclosure(project))
        assert (listing.missing, listing.is_complete, codes(listing)) == (False, False, {name: code})


def test_the_root_may_be_a_link(project: Path) -> None:
    write(project / "releases/2/specs/a.yaml")
    (project / "current").symlink_to("releases/2")
    listing = read_directory(project / "current/specs", find_enclosure(project))
    assert names(listing) == ["current/specs/a.yaml"]
    assert listing.is_complete


def test_paths_are_shown_relative_to_the_project_where_they_lie_in_it(project: Path, tmp_path: Path) -> None:
    write(project / "specs/a.yaml")
    assert names(read_directory(project / "specs", find_enclosure(project / "specs"))) == ["a.yaml"]
    (tmp_path / "alias").symlink_to(project)
    assert names(read_directory(tmp_path / "alias/specs", find_enclosure(tmp_path / "alias"))) == ["specs/a.yaml"]


def test_a_mounted_config_map_shows_each_file_once(project: Path) -> None:
    specs = project / "specs"
    write(specs / "..2026_01/a.yaml")
    write(specs / "..2026_01/sub/b.yaml")
    (specs / "..data").symlink_to("..2026_01")
    (specs / "a.yaml").symlink_to("..data/a.yaml")
    (specs / "sub").symlink_to("..data/sub")
    listing = read(project)
    assert names(listing) == ["specs/a.yaml", "specs/sub/b.yaml"]
    assert listing.is_complete


def test_a_swapped_config_map_is_read_again(project: Path) -> None:
    specs = project / "specs"
    first = write(specs / "..1/a.yaml", "name: a\n")
    second = write(specs / "..2/a.yaml", "name: b\n")
    (specs / "..data").symlink_to("..1")
    (specs / "a.yaml").symlink_to("..data/a.yaml")
    os.utime(second, ns=(first.stat().st_mtime_ns,) * 2)
    before = read(project)
    (specs / "..new").symlink_to("..2")
    (specs / "..new").rename(specs / "..data")
    assert read(project, before).files[0].data == b"name: b\n"


def test_links_out_of_the_root_are_errors(project: Path) -> None:
    write(project / "other/secret.yaml")
    write(project / "specs-2/a.yaml")
    for name, target in {
        "a.yaml": "../other/secret.yaml",
        "b.yaml": "/etc/passwd",
        "dir": "../other",
        "up": "..",
        "near": "../specs-2",
    }.items():
        (project / "specs" / name).symlink_to(target)
    listing = read(project)
    assert codes(listing) == {f"specs/{name}": "JS003" for name in ("a.yaml", "b.yaml", "dir", "up", "near")}
    assert all(file.data is None for file in listing.files)
    assert not listing.is_complete


def test_links_that_lead_nowhere_or_in_a_circle_are_errors(project: Path) -> None:
    for name, target in {"a.yaml": "nothing.yaml", "dir": "nowhere", "b.yaml": "c.yaml", "c.yaml": "b.yaml"}.items():
        (project / "specs" / name).symlink_to(target)
    listing = read(project)
    assert codes(listing) == {f"specs/{name}": "JS001" for name in ("a.yaml", "dir", "b.yaml", "c.yaml")}
    assert names(listing) == ["specs/a.yaml", "specs/b.yaml", "specs/c.yaml"]


def test_directories_that_contain_themselves_are_read_once(project: Path) -> None:
    specs = project / "specs"
    write(specs / "z/a.yaml")
    (specs / "z/self").symlink_to(".")
    (specs / "z/up").symlink_to("..")
    (specs / "b").symlink_to("z")
    listing = read(project)
    assert names(listing) == ["specs/z/a.yaml"]
    assert codes(listing) == {"specs/b": "JS009", "specs/z/self": "JS009", "specs/z/up": "JS009"}
    assert listing.is_complete
    assert {problem.severity for problem in listing.problems} == {Severity.WARNING}


def test_a_thicket_of_links_takes_no_time(project: Path) -> None:
    specs = project / "specs"
    for level in range(40):
        (specs / f".{level}").mkdir()
        for link in ("a", "b"):
            (specs / f".{level}/{link}").symlink_to(f"../.{level + 1}")
    write(specs / ".40/x.yaml")
    (specs / "start").symlink_to(".0")
    assert len(read(project).files) == 1


def test_what_is_no_file_but_is_named_like_one_is_an_error_and_not_opened(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = project / "specs"
    (specs / "dir.yaml").mkdir()
    write(specs / "dir.yaml/a.yaml")
    os.mkfifo(specs / "pipe.yaml")
    os.mkfifo(specs / "pipe")
    os.mkfifo(specs / ".hidden")
    (specs / "linked.yml").symlink_to("pipe.yaml")
    (specs / "linked-dir.toml").symlink_to("dir.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(specs)  # the name of a socket is short
        server.bind("socket.toml")
        listing = read(project)
    expected = ("dir.yaml", "pipe.yaml", "linked.yml", "linked-dir.toml", "socket.toml")
    assert codes(listing) == {f"specs/{name}": "JS002" for name in expected}
    assert sorted(names(listing)) == sorted(f"specs/{name}" for name in expected)


def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(project / "specs/a.yaml")
    status = path.lstat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: status)
    file = file_content.read_file("specs/a.yaml", find_enclosure(project))
    assert file is not None
    assert file.problem is not None
    assert (file.problem.code, file.data) == ("JS002", None)


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(project / "specs/a.yaml")
    status = path.lstat()
    path.unlink()
    path.symlink_to("/etc/passwd")
    monkeypatch.setattr(Enclosure, "_read_link", lambda *_: None)
    monkeypatch.setattr(os, "stat", lambda *_, **__: status)
    file = file_content.read_file("specs/a.yaml", find_enclosure(project))
    assert file is not None
    assert file.problem is not None
    assert (file.problem.code, file.data) == ("JS001", None)


def test_files_have_a_size_limit(project: Path) -> None:
    specs = project / "specs"
    (specs / "limit.yaml").write_bytes(b"#" * MAX_BYTES)
    (specs / "over.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with (specs / "sparse.yaml").open("wb") as file:
        file.truncate(1 << 30)
    start = time.process_time()
    listing = read(project)
    assert time.process_time() - start < 0.5
    assert codes(listing) == {"specs/over.yaml": "JS004", "specs/sparse.yaml": "JS004"}


def test_a_file_that_grows_while_it_is_read_is_not_read_without_end(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project / "specs/a.yaml")
    monkeypatch.setattr(os, "read", lambda _, size: b"#" * min(size, 65536))
    file = file_content.read_file("specs/a.yaml", find_enclosure(project))
    assert file is not None
    assert file.problem is not None
    assert "written to" in file.problem.message


def test_a_file_that_vanishes_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "specs/a.yaml")
    open_entry = os.open

    def vanish(path: str, flags: int, **options: Any) -> int:
        if path == "a.yaml":
            raise FileNotFoundError(2, "gone", path)
        return open_entry(path, flags, **options)

    monkeypatch.setattr(os, "open", vanish)
    listing = read(project)
    assert codes(listing) == {"specs/a.yaml": "JS001"}
    assert not listing.is_complete


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Give up what root may do, for as long as the test runs: root reads everything."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(65534)
    except PermissionError:
        pytest.skip("this root cannot become another user")
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked(project: Path) -> Iterator[Path]:
    """A project with a file, a directory and a directory's content that only root can read."""
    specs = project / "specs"
    for path in (write(specs / "a.yaml"), write(specs / "shut/b.yaml").parent, write(specs / "list/c.yaml").parent):
        path.chmod(0o444 if path.name == "list" else 0)
    write(specs / "open.yaml")
    parents = [
        parent for parent in [project, *project.parents] if parent.stat().st_uid == os.getuid() and parent != Path("/")
    ]
    modes = [parent.stat().st_mode for parent in parents]
    for parent, mode in zip(parents, modes, strict=True):
        parent.chmod(mode | 0o755)
    yield project
    for parent, mode in zip(parents, modes, strict=True):
        parent.chmod(mode)
    for path in (specs / "shut", specs / "list"):
        path.chmod(0o755)


def test_what_may_not_be_read_is_an_error(locked: Path, unprivileged: None) -> None:
    listing = read(locked)
    assert codes(listing) == {"specs/a.yaml": "JS001", "specs/shut": "JS008", "specs/list/c.yaml": "JS001"}
    assert [file.path for file in listing.files if file.data] == ["specs/open.yaml"]
    assert "not permitted" in listing.problems[0].message


def test_names_cannot_break_the_output(project: Path) -> None:
    name = os.fsdecode(b"a\n::error::\x1b[31m\xff.yaml")
    write(project / "specs" / name)
    assert names(read(project)) == ["specs/a\\n::error::\\x1b[31m\\udcff.yaml"]
    assert read_directory(project / "specs", find_enclosure(project / "specs")).files[0].path.isprintable()


def settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an hour pass, so that files written now are no longer racily young."""
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 3600 * 10**9)


def test_unchanged_files_are_not_read_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project / "specs/a.yaml")
    changed = write(project / "specs/b.yaml")
    settle(monkeypatch)
    first = read(project)
    write(changed, "name: c\n")
    second = read(project, first)
    assert second.files[0] is first.files[0]
    assert second.files[1].data == b"name: c\n"
    third = read(project, second)
    assert all(new is old for new, old in zip(third.files, second.files, strict=True))


def test_young_files_are_read_again_as_they_may_have_changed_unseen(project: Path) -> None:
    path = write(project / "specs/a.yaml", "name: a\n")
    first = read(project)
    assert first.files[0].signature is None
    path.write_text("name: b\n")
    os.utime(path, (OLD, OLD))
    assert read(project, first).files[0].data == b"name: b\n"


def test_a_file_that_was_a_problem_is_looked_at_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch)
    link = project / "specs/a.yaml"
    link.symlink_to("../nothing.yaml")
    first = read(project)
    link.unlink()
    write(link)
    assert read(project, first).files[0].data == b"name: a\n"
