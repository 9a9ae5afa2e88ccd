from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from jobspec.errors import UsageError
from jobspec.spec import git_tree
from jobspec.spec.directory import read_directory
from jobspec.spec.enclosure import find_enclosure
from jobspec.spec.git import BlobReader, find_commit, find_merge_base
from jobspec.spec.spec_files import MAX_BYTES, MAX_DEPTH, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPECS = (
    *("b.yaml", "sub/a.toml", "sub-2/é.yml", ".hidden.yaml", "README.md", "jobspec.toml"),
    *("..1/c.yaml", "..1/d/e.yaml"),
)


def git(directory: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(directory), *settings, *arguments], check=True, capture_output=True)


def write(path: Path, text: str = "name: a\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture(autouse=True, scope="module")
def no_configuration() -> Iterator[None]:
    """Keep the tests apart from the git of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        yield


@pytest.fixture
def project(repository: Path, tmp_path: Path) -> Path:
    """A copy of the repository, to change at will."""
    shutil.copytree(repository, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy/shop"


@pytest.fixture(scope="module")
def repository(no_configuration: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a subdirectory of a repository, with specs of all kinds in one commit."""
    top = tmp_path_factory.mktemp("repository")
    git(top, "init", "--quiet", "--template=")
    project = top / "shop"
    specs = project / "specs"
    for name in SPECS:
        write(specs / name, f"name: {name}\n")
    write(top / "outside/secret.yaml")
    write(specs / "big.yaml", "#" * (MAX_BYTES + 1))
    links = {
        "..data": "..1",
        "c.yaml": "..data/c.yaml",
        "d": "..data/d",
        "self": ".",
        "sub/up": "../sub-2",
        "out.yaml": "../../outside/secret.yaml",
        "out": "../../outside",
        "passwd.yaml": "/etc/passwd",
        "far": "../../../../..",
        "gone.yaml": "nothing",
        "gone": "b.yaml/x",
        "l1": "l2",
        "l2": "l1",
        "named.yaml": "sub",
        "readme": "README.md",
    }
    for name, target in links.items():
        (specs / name).symlink_to(target)
    (project / "link").symlink_to("specs/sub")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "First")
    return top


def read(project: Path, ref: str = "HEAD", root: str = "specs") -> Listing:
    with git_tree.GitTree(project, ref) as tree:
        return tree.read_specs(project / root)


def summarise(listing: Listing) -> tuple[str, bool, dict[str, bytes | str | None], dict[str, str]]:
    files = {file.path: file.problem.code if file.problem else file.data for file in listing.files}
    return listing.root, listing.missing, files, {problem.location.path: problem.code for problem in listing.problems}


@pytest.mark.parametrize("root", ["specs", "specs/sub", "specs/sub-2", "link", "nothing", ".", "specs/b.yaml/x"])
def test_a_commit_is_read_like_the_directory_it_was_made_from(project: Path, root: str) -> None:
    (project / "specs/far").unlink()  # out of the repository or out of the root: the same to one and not to the other
    git(project, "commit", "--quiet", "-am", "Without it")
    expected = summarise(read_directory(project / root, find_enclosure(project)))
    assert summarise(read(project, root=root)) == expected


def test_all_that_can_be_wrong_is_found(project: Path) -> None:
    root, missing, files, problems = summarise(read(project))
    assert (root, missing) == ("specs", False)
    assert {path: code for path, code in files.items() if isinstance(code, str)} == {
        "specs/big.yaml": "JS004",
        "specs/gone.yaml": "JS001",
        "specs/named.yaml": "JS002",
        "specs/out.yaml": "JS003",
        "specs/passwd.yaml": "JS003",
    }
    assert problems == {
        "specs/far": "JS003",
        "specs/gone": "JS001",
        "specs/l1": "JS001",
        "specs/l2": "JS001",
        "specs/out": "JS003",
        "specs/self": "JS009",
        "specs/sub/up": "JS009",
    }
    assert [path for path, data in files.items() if isinstance(data, bytes)] == [
        "specs/b.yaml",
        "specs/c.yaml",
        "specs/d/e.yaml",
        "specs/sub/a.toml",
        "specs/sub-2/é.yml",
    ]


def test_the_commit_counts_and_not_the_working_tree(project: Path) -> None:
    before = read(project)
    write(project / "specs/b.yaml", "name: other\n")
    write(project / "specs/new.yaml")
    git(project, "rm", "--quiet", "--cached", "-r", "specs/sub")
    assert read(project) == before
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "Second")
    assert read(project, "HEAD~1") == before
    assert read(project) != before


def test_a_root_that_the_commit_does_not_have_is_missing(project: Path) -> None:
    assert read(project, root="nothing").missing
    assert [problem.code for problem in read(project, root="../..").problems] == ["JS003"]


def test_a_root_that_only_the_commit_has_is_read(project: Path) -> None:
    before = read(project)
    git(project, "rm", "--quiet", "-r", "specs")
    assert not (project / "specs/b.yaml").exists()
    assert read(project) == before


def test_a_submodule_hides_files(project: Path) -> None:
    git(project, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},shop/specs/module")
    git(project, "commit", "--quiet", "-m", "Submodule")
    assert summarise(read(project))[3]["specs/module"] == "JS008"
    assert [problem.code for problem in read(project, root="specs/module").problems] == ["JS008"]


@pytest.mark.parametrize("ref", ["nothing", "--all", "-", "", "HEAD:shop", "HEAD~99", "a b", "HEAD..HEAD", "^HEAD"])
def test_a_commit_that_is_not_there_is_an_error_of_usage(project: Path, ref: str) -> None:
    with pytest.raises(UsageError, match=r"commit"):
        read(project, ref)


def test_roots_and_files_that_lead_astray_in_the_commit_are_refused(project: Path) -> None:
    outside, circle = "outside the repository", "in a circle"
    links = {"l0": outside, "l1": outside, "l2": circle, "l3": circle, "l4": "not a directory"}
    for name, target in zip(links, ("/etc", "../../x", "l2", "c0", "specs/b.yaml"), strict=True):
        (project / name).symlink_to(target)
    for number in range(50):
        (project / f"c{number}").symlink_to(f"c{number + 1}")
    (project / "c50").symlink_to("specs")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "Links")
    with git_tree.GitTree(project, "HEAD") as tree:
        for name, reason in links.items():
            [problem] = tree.read_specs(project / name).problems
            assert problem.message.startswith(f"the spec root `{name}` cannot be read: ")
            assert reason in problem.message
            file = tree.read_file(project / name / "a.yaml", "a.yaml")
            assert file is None or file.data is None
        assert names_of(tree.read_specs(project / "c40")) == names_of(tree.read_specs(project / "specs"))


def names_of(listing: Listing) -> list[str]:
    return [file.path.rpartition("/")[2] for file in listing.files]


def test_what_is_out_of_bounds_in_a_commit_is_bounded(project: Path) -> None:
    """Directories without end, and a link with more text than a path can have; git alone can hold that."""
    deep = "shop/specs/" + "d/" * 1000 + "a.yaml"
    data = [(b"100644", deep, b"name: a\n"), (b"120000", "shop/specs/long.yaml", b"x" * 2_000_000)]
    head = b"commit refs/heads/far\ncommitter T <t@example.org> 0 +0000\ndata 0\n"
    body = b"".join(b"M %s inline %s\ndata %d\n%s\n" % (m, p.encode(), len(d), d) for m, p, d in data)
    subprocess.run(["git", "-C", project, "fast-import", "--quiet"], input=head + body, check=True)
    _, _, files, problems = summarise(read(project, "far"))
    assert files == {"specs/long.yaml": "JS001"}
    assert problems == {"/".join(["specs"] + ["d"] * (MAX_DEPTH + 1)): "JS008"}


def test_a_commit_that_is_there_under_another_name_is_suggested(project: Path) -> None:
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")
    with pytest.raises(UsageError, match="there is no commit `main` here; did you mean `origin/main`\\?"):
        find_commit(project, "main")


def test_a_branch_is_compared_with_the_commit_that_it_left(project: Path) -> None:
    first = find_commit(project, "HEAD")
    git(project, "branch", "other")
    git(project, "commit", "--quiet", "--allow-empty", "-m", "Here")
    git(project, "checkout", "--quiet", "other")
    git(project, "commit", "--quiet", "--allow-empty", "-m", "There")
    assert find_merge_base(project, "HEAD@{1}") == first
    assert find_merge_base(project, "HEAD") == find_commit(project, "HEAD")


def test_histories_that_have_nothing_in_common_have_no_base(project: Path) -> None:
    git(project, "branch", "first")
    git(project, "checkout", "--quiet", "--orphan", "second")
    git(project, "commit", "--quiet", "--allow-empty", "-m", "Again")
    with pytest.raises(UsageError, match="what is checked out and `first` have no commit in common; compare"):
        find_merge_base(project, "first")


def test_a_shallow_clone_is_told_to_fetch(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "old")
    git(project, "commit", "--quiet", "--allow-empty", "-m", "New")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{project.parent}", str(clone))
    for ref in ("old", "HEAD~1"):
        with pytest.raises(UsageError, match="fetch-depth: 0"):
            find_merge_base(clone, ref)
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "old:old")
    with pytest.raises(UsageError, match=r"no commit in common; fetch the whole history, .*fetch-depth: 0"):
        find_merge_base(clone, "old")


def test_what_a_partial_clone_lacks_is_not_fetched(project: Path, tmp_path: Path) -> None:
    git(project, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    options = ("--quiet", "--no-checkout", "--filter=blob:none")
    git(tmp_path, "clone", *options, f"file://{project.parent}", str(clone))
    (clone / "shop").mkdir()
    with pytest.raises(UsageError, match="this partial clone lacks files of the commit, and jobspec fetches none"):
        read(clone / "shop")


def test_a_repository_of_somebody_else_is_refused_with_the_way_out(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match="of somebody else; if you trust it, run `git config --global --add safe"):
        find_commit(project, "HEAD")


def test_a_file_is_read_as_it_is_in_the_commit(project: Path) -> None:
    def read_one(name: str) -> bytes | str | None:
        with git_tree.GitTree(project, "HEAD") as tree:
            found = tree.read_file(project / name, name)
        if found is None:
            return None
        return found.problem.code if found.problem else found.data

    write(project / "jobspec.toml", "[prune]\n")
    assert read_one("jobspec.toml") is None
    git(project, "add", "jobspec.toml")
    git(project, "commit", "--quiet", "-m", "With a project file")
    write(project / "jobspec.toml", "later")
    assert read_one("jobspec.toml") == b"[prune]\n"
    assert read_one("specs") == "JS002"
    assert read_one("specs/big.yaml") == "JS004"
    assert read_one("specs/c.yaml") == b"name: ..1/c.yaml\n"
    assert read_one("specs/out.yaml") == b"name: a\n"  # elsewhere in the repository
    assert read_one("specs/passwd.yaml") == read_one("../../../x") == "JS003"
    assert read_one("specs/gone.yaml") == "JS001"


def test_where_there_is_no_repository_or_no_git_is_an_error_of_usage(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="is not in a git repository"):
        read(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="not installed"):
        read(project)


def test_an_object_that_was_not_fetched_is_an_error_of_usage(project: Path) -> None:
    with pytest.raises(UsageError, match="fetch"):
        BlobReader(project).read("1" * 40)


def test_one_git_process_reads_all_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        write(project / f"schemas/{number}.json", f'{{"title": "{number}"}}')
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "Schemas")
    started = []
    popen = subprocess.Popen

    def count(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command)
        return popen(command, **options)

    with git_tree.GitTree(project, "HEAD") as tree:
        monkeypatch.setattr(subprocess, "Popen", count)
        assert tree.read_specs(project / "specs").files
        for number in range(20):
            file = tree.read_file(project / f"schemas/{number}.json", "")
            assert file is not None
            assert file.data == f'{{"title": "{number}"}}'.encode()
    assert len(started) <= 1  # the links of the project may have been read before


def test_a_reader_can_be_used_after_an_error(project: Path) -> None:
    reader = BlobReader(project)
    for _ in range(2):
        with pytest.raises(UsageError, match="git has no object"):
            reader.read("1" * 40)
    reader.close()
