"""Files that commands write: regular ones are replaced whole, everything else is written through."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobspec.cli import group, output_file
from jobspec.cli.output import say
from jobspec.cli.output_file import OutputError, find_target, write_file
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "Größe: 1\n" * 3


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of the test's own, which is the working directory."""
    (tmp_path / "place").mkdir()
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


def list_names(directory: str = ".") -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def run(script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script of bash in which `write PATH` writes the text."""
    program = (
        "import sys; from pathlib import Path; from jobspec.cli.output_file import write_file\n"
        f"write_file(Path(sys.argv[1]), {TEXT!r})"
    )
    return subprocess.run(
        ["bash", "-c", f'write() {{ "$PYTHON" -c "$PROGRAM" "$1"; }}\n{script}'],
        env={**os.environ, "PYTHON": sys.executable, "PROGRAM": program, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_regular_file_is_replaced_and_keeps_its_mode(mode: int) -> None:
    path = Path("plan.json")
    path.write_text("old", encoding="utf-8")
    path.chmod(mode)
    os.utime(path, (1, 1))
    with path.open(encoding="utf-8") as reader:
        write_file(path, TEXT)
        assert reader.read() == "old"  # who is reading it is not disturbed
    assert path.read_text(encoding="utf-8") == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_mtime > 1
    assert list_names() == ["plan.json"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_mode_that_the_umask_leaves(mask: int) -> None:
    kept = os.umask(mask)
    try:
        write_file(Path("plan.json"), TEXT)
    finally:
        os.umask(kept)
    assert stat.S_IMODE(Path("plan.json").stat().st_mode) == 0o666 & ~mask


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_replaced_file_keeps_its_owner() -> None:
    Path("plan.json").touch(mode=0o640)
    os.chown("plan.json", 65532, 65533)
    write_file(Path("plan.json"), TEXT)
    state = Path("plan.json").stat()
    assert (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (65532, 65533, 0o640)


def test_where_the_owner_cannot_be_kept_the_file_is_written_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def refuse(_descriptor: int, uid: int, gid: int) -> None:
        refused.append((uid, gid))
        raise PermissionError(errno.EPERM, "Operation not permitted")

    Path("plan.json").touch(mode=0o600)
    state = find_target(Path("plan.json")).state
    assert state
    foreign = os.stat_result((*state[:4], state.st_uid + 1, state.st_gid + 1, *state[6:]))
    monkeypatch.setattr(os, "fchown", refuse)
    output_file._replace(Path("plan.json"), foreign, TEXT.encode())
    assert refused == [(state.st_uid + 1, -1), (-1, state.st_gid + 1)]
    assert Path("plan.json").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing"])
@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_a_symlink_stays_and_what_it_leads_to_is_replaced(place: Path, *, absolute: bool, exists: bool) -> None:
    (place / "there").mkdir()
    (place / "there" / "second").symlink_to("plan.json")
    Path("first").symlink_to(place / "there" / "second" if absolute else Path("there", "second"))
    file = place / "there" / "plan.json"
    if exists:
        file.write_text("old", encoding="utf-8")
    write_file(Path("first"), TEXT)
    assert Path("first").is_symlink()
    assert (place / "there" / "second").is_symlink()
    assert not file.is_symlink()
    assert file.read_text(encoding="utf-8") == TEXT
    assert (list_names(), list_names("there")) == (["first", "there"], ["plan.json", "second"])


def read_fifo(path: Path) -> Iterator[str]:
    """Read a FIFO in the background; gives what was read once it is asked for."""
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(path.read_text(encoding="utf-8")))
    thread.start()
    yield ""
    thread.join(60)
    yield from read


@pytest.mark.parametrize("link", [False, True], ids=["itself", "by a link"])
def test_a_fifo_is_written_to_and_stays(*, link: bool) -> None:
    os.mkfifo("fifo")
    Path("link").symlink_to("fifo")
    reader = read_fifo(Path("fifo"))
    next(reader)
    write_file(Path("link" if link else "fifo"), TEXT * 20_000)  # more than a pipe holds
    assert next(reader) == TEXT * 20_000
    assert stat.S_ISFIFO(Path("fifo").stat().st_mode)
    assert list_names() == ["fifo", "link"]


def test_it_is_said_that_a_fifo_has_no_reader(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo("fifo")
    readers: list[Iterator[str]] = []

    def start_reader(text: str) -> None:
        say(text)
        readers.append(read_fifo(Path("fifo")))
        next(readers[0])

    monkeypatch.setattr("jobspec.cli.output_file.say", start_reader)
    write_file(Path("fifo"), TEXT)
    assert next(readers[0]) == TEXT
    assert capsys.readouterr().err == "Waiting for somebody to read `fifo`.\n"


def test_devices_stay_devices() -> None:
    write_file(Path(os.devnull), TEXT)
    Path("link").symlink_to(os.devnull)
    write_file(Path("link"), TEXT)
    assert Path("link").is_symlink()
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_takes_nothing_is_said() -> None:
    with pytest.raises(OutputError, match="`/dev/full` cannot be written: no space left on device"):
        write_file(Path("/dev/full"), TEXT)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_sockets_directories_loops_and_missing_directories_are_refused(place: Path) -> None:
    Path("loop").symlink_to("loop")
    Path("directory").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        for name, reason in {
            "socket": "it is a socket; name a file, a FIFO or a device",
            "directory": "it is a directory",
            "none/plan.json": "no such directory",
            "loop": "too many levels of symbolic links",
        }.items():
            with pytest.raises(UsageError, match=f"^`{name}` cannot be written: {reason}$"):
                write_file(Path(name), TEXT)
        assert stat.S_ISSOCK(Path("socket").stat().st_mode)
    assert list_names() == ["directory", "loop", "socket"]


@pytest.mark.parametrize("denied", ["plan.json", "there"])
def test_what_is_write_protected_is_refused_before_anything_is_done(
    denied: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("there").mkdir()
    file = Path("there", "plan.json")
    file.touch()
    # As for anybody but root.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name != denied)
    reason = "permission denied" if denied == file.name else f"the directory `{place / 'there'}` is not writable"
    with pytest.raises(UsageError, match=f"cannot be written: {reason}"):
        find_target(file)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    Path("plan.json").write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", fail)
    for name in ("plan.json", "new.json"):
        with pytest.raises(OutputError, match=f"`{name}` cannot be written: {os.strerror(errno.EDQUOT).lower()}"):
            write_file(Path(name), TEXT)
    assert Path("plan.json").read_text(encoding="utf-8") == "old"
    assert list_names() == ["plan.json"]


def test_an_interrupt_leaves_no_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(Path("plan.json"), TEXT)
    assert list_names() == []


def test_a_name_may_be_as_long_as_the_system_allows() -> None:
    name = "n" * os.pathconf(".", "PC_NAME_MAX")
    write_file(Path(name), TEXT)
    assert list_names() == [name]


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("write /dev/stdout | cat > out", TEXT),
        ("echo before > out; write /dev/stdout >> out; echo after >> out", f"before\n{TEXT}after\n"),
        ("{ echo before; write /dev/stdout; echo after; } > out", f"before\n{TEXT}after\n"),
        ("ln -s /dev/stdout link; write link > out; [ -L link ]", TEXT),
        ("write /dev/stderr 2> out", TEXT),
        ("write /dev/fd/3 3> out", TEXT),
        ("write /dev/fd/03 3> out", TEXT),
        ("write /proc/self/fd/3 3> out", TEXT),
        ("exec 3> >(cat > out); write /dev/fd/3; exec 3>&-; wait $!", TEXT),
        ("write >(cat > out); wait $!", TEXT),
    ],
)
def test_descriptors_of_the_shell_are_written_to(script: str, left: str) -> None:
    done = run(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("out").read_text(encoding="utf-8") == left


def test_stdout_may_be_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, "-c", "from jobspec.cli.output_file import *; write_file(Path('/dev/stdout'), 'a')"]
        subprocess.run(command, stdout=theirs.fileno(), check=True)
        assert ours.recv(10) == b"a"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("write /dev/fd/3 3< /dev/null", "descriptor 3 is open for reading only"),
        ("write /dev/fd/77", "descriptor 77 is not open"),
        ("write /dev/fd/99999999999999999999", "descriptor 99999999999999999999 is not open"),
    ],
)
def test_descriptors_that_cannot_be_written_to_are_refused(script: str, reason: str) -> None:
    done = run(script)
    assert done.returncode == 1
    assert reason in done.stderr.splitlines()[-1]


def test_a_descriptor_that_the_shell_did_not_hand_over_is_refused() -> None:
    with Path("own").open("w", encoding="utf-8") as file:
        path = Path(f"/dev/fd/{file.fileno()}")
        with pytest.raises(UsageError, match="is not open"):
            find_target(path)
        os.set_inheritable(file.fileno(), True)
        assert find_target(path).descriptor == file.fileno()


def test_a_full_pipe_that_does_not_block_is_waited_for() -> None:
    """As node.js leaves the pipes of its children."""
    script = 'exec 3> >(read < go; cat > out); "$PYTHON" -c "$PROGRAM"; exec 3>&-; wait $!'
    program = """
import os, select
from pathlib import Path
from jobspec.cli.output_file import write_file

def wait(*descriptors, real=select.select):
    select.select = real
    Path("go").write_text("") # from now on it is read
    return real(*descriptors)

select.select = wait
os.set_blocking(3, False)
write_file(Path("/dev/fd/3"), "ten bytes;" * 20_000)
"""
    os.mkfifo("go")
    done = run(script, PROGRAM=program)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("out").read_text(encoding="utf-8") == "ten bytes;" * 20_000


@pytest.fixture
def _branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose branch adds a job."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    Path("jobspec.toml").write_text('project = "shop"\n', encoding="utf-8")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-b", "main"), ("add", "."), ("commit", "-m", "a")):
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)
    Path("specs").mkdir()
    job = "name: a\nqueue: q\nworkflow: {type: W}\nschedule: {interval: 1h}\n"
    Path("specs/a.yaml").write_text(job, encoding="utf-8")


PLAN = '"$PYTHON" -m jobspec plan --base main'


@pytest.mark.usefixtures("_branch")
def test_another_form_of_a_plan_goes_where_the_shell_says() -> None:
    script = f"{PLAN} --also json=/dev/fd/3 --also markdown=>(cat > md) --also text=/dev/stdout --also json=/dev/null"
    done = run(f"{script} -o github 3> json; wait $!")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(Path("json").read_text(encoding="utf-8"))["changes"][0]["name"] == "a"
    assert Path("md").read_text(encoding="utf-8").startswith("<!-- jobspec-plan: shop -->\n")
    assert done.stdout.startswith("Plan for project shop")
    assert "::notice file=specs/a.yaml" in done.stdout


@pytest.mark.usefixtures("_branch")
def test_a_write_that_fails_ends_with_1_and_leaves_the_old_file() -> None:
    Path("plan.md").write_text("old", encoding="utf-8")
    done = run(f"ulimit -f 0; export PYTHONDONTWRITEBYTECODE=1; {PLAN} --also markdown=plan.md")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: `plan.md` cannot be written: file too large\n"
    assert Path("plan.md").read_text(encoding="utf-8") == "old"
    assert not [name for name in list_names() if "tmp" in name]


@pytest.mark.usefixtures("_branch")
def test_one_file_under_two_names_is_not_written_twice(capsys: pytest.CaptureFixture[str]) -> None:
    Path("link").symlink_to("plan.json")
    command = ["plan", "--base", "main", "--also", "json=plan.json", "--also", "markdown=link"]
    assert group.run(command) == 64
    assert "`link` would be written twice" in capsys.readouterr().err
    assert not Path("plan.json").exists()
