"""The watch notices what really happens to directories; each test does exactly that."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reconciling import RHYTHM

from jobspec.reconcile.signatures import list_directories, list_inside, sign_trees
from jobspec.reconcile.watch import Mode, Watch, WatchPace, concerns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SLOW_SCAN = WatchPace(step=0.02, look=0.05, scan=600.0, scan_alone=600.0, rearm=600.0)
"""Without scans: what is noticed is noticed by events, or by a look at the roots."""


class Noticed:
    """What a watch has told so far."""

    def __init__(self) -> None:
        self.times = 0
        self.said: list[str] = []

    def note(self) -> None:
        self.times += 1

    async def hear(self) -> None:
        """Wait until something is said."""
        while not self.said:  # noqa: ASYNC110  the watch says it by a plain call
            await asyncio.sleep(0.01)

    async def wait(self, seconds: float = 5.0) -> None:
        """Wait until something is told."""
        deadline = time.monotonic() + seconds
        while not self.times:
            assert time.monotonic() < deadline, "nothing was noticed"
            await asyncio.sleep(0.01)

    async def settle(self) -> None:
        """Wait until nothing is told any more."""
        told = -1
        while told != self.times:
            told = self.times
            await asyncio.sleep(0.15)
        self.times = 0


@asynccontextmanager
async def watching(
    *roots: Path, pace: WatchPace = SLOW_SCAN, files: tuple[Path, ...] = ()
) -> AsyncIterator[tuple[Watch, Noticed]]:
    noticed = Noticed()
    watch = Watch(roots, files, directory=roots[0].parent, changed=noticed.note, say=noticed.said.append, pace=pace)
    running = asyncio.create_task(watch.run())
    begun = watch.alive_at
    while watch.alive_at == begun and not running.done():  # noqa: ASYNC110  a sign of life is no event
        await asyncio.sleep(0.01)
    await noticed.settle()
    yield watch, noticed
    await stop(running)


async def stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "a.yaml").write_text("name: a\n")
    return specs


async def test_the_save_of_an_editor_that_renames_is_noticed(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        (specs / ".a.yaml.swp").write_text("name: b\n")
        (specs / ".a.yaml.swp").rename(specs / "a.yaml")
        await noticed.wait()


async def test_the_save_of_an_editor_that_moves_the_old_file_away_is_noticed(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        (specs / "a.yaml").rename(specs / "a.yaml~")
        (specs / "a.yaml").write_text("name: b\n")
        (specs / "a.yaml~").unlink()
        await noticed.wait()


async def test_a_file_that_is_written_in_halves_is_noticed_both_times(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        with (specs / "a.yaml").open("w") as file:
            file.write("name: ")
            file.flush()
            await noticed.wait()
            await noticed.settle()
            file.write("a\n")
            file.flush()
            await noticed.wait()


async def test_what_is_written_into_new_directories_is_noticed(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        (specs / "x" / "y").mkdir(parents=True)
        await noticed.wait()
        await noticed.settle()
        (specs / "x" / "y" / "b.yaml").write_text("name: b\n")
        await noticed.wait()


async def test_reading_and_hidden_files_wake_nobody(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        (specs / "a.yaml").read_text()
        (specs / ".git").mkdir()
        (specs / ".git" / "index").write_text("x")
        sign_trees([specs])
        await asyncio.sleep(0.5)
        assert noticed.times == 0


def mount(volume: Path, version: str, text: str, moment: float) -> None:
    """Write a ConfigMap as the kubelet does: all files anew in a directory, and one link swapped (atomic_writer.go)."""
    fresh = volume / f"..{version}"
    fresh.mkdir()
    (fresh / "a.yaml").write_text(text)
    os.utime(fresh / "a.yaml", (moment, moment))
    os.utime(fresh, (moment, moment))
    (volume / "..data_tmp").symlink_to(fresh.name)
    (volume / "..data_tmp").rename(volume / "..data")
    if not (volume / "a.yaml").is_symlink():
        (volume / "a.yaml").symlink_to("..data/a.yaml")
    for old in volume.glob("..2*"):
        if old != fresh:
            shutil.rmtree(old)


async def test_the_swap_of_a_config_map_is_noticed_although_no_time_changes(tmp_path: Path) -> None:
    volume = tmp_path / "specs"
    volume.mkdir()
    mount(volume, "2026_1", "name: a\n", 1e9)
    async with watching(volume) as (_, noticed):
        for number in range(2, 5):
            mount(volume, f"2026_{number}", "name: b\n", 1e9)
            await noticed.wait()
            await noticed.settle()


async def test_a_swapped_link_to_the_root_is_noticed_and_so_is_what_happens_behind_it(tmp_path: Path) -> None:
    """What git-sync does: each commit in a work tree of its own, and one link that leads to the present one."""
    for name in ("one", "two", "three"):
        (tmp_path / name / "specs").mkdir(parents=True)
        (tmp_path / name / "specs" / "a.yaml").write_text("name: a\n")
    current = tmp_path / "current"
    current.symlink_to("one")
    async with watching(current / "specs") as (_, noticed):
        for name in ("two", "three"):
            (tmp_path / "next").symlink_to(name)
            (tmp_path / "next").rename(current)
            await noticed.wait()
            await noticed.settle()
            (tmp_path / name / "specs" / "a.yaml").write_text("name: b\n")
            await noticed.wait()
            await noticed.settle()


async def test_a_directory_that_is_deleted_and_made_anew_is_watched_again(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        shutil.rmtree(specs)
        await noticed.wait()
        await noticed.settle()
        specs.mkdir()  # noqa: ASYNC240
        await noticed.wait()
        await noticed.settle()
        (specs / "a.yaml").write_text("name: a\n")
        await noticed.wait()


async def test_a_directory_that_is_made_anew_between_two_looks_is_watched_again(specs: Path) -> None:
    async with watching(specs) as (_, noticed):
        shutil.rmtree(specs)  # the new directory often gets the inode of the old one
        specs.mkdir()  # noqa: ASYNC240
        await noticed.wait()
        await noticed.settle()
        (specs / "a.yaml").write_text("name: a\n")
        await noticed.wait()


async def test_a_directory_that_comes_later_is_watched(tmp_path: Path) -> None:
    async with watching(tmp_path / "specs") as (_, noticed):
        (tmp_path / "specs").mkdir()
        await noticed.wait()
        await noticed.settle()
        (tmp_path / "specs" / "a.yaml").write_text("name: a\n")
        await noticed.wait()


async def test_a_checkout_of_thousands_of_files_is_noticed(specs: Path) -> None:
    async with watching(specs) as (watch, noticed):
        for number in range(2000):
            (specs / f"{number}.yaml").write_text(f"name: a{number}\n")
        await noticed.wait()
        await noticed.settle()
        (specs / "1999.yaml").write_text("name: b\n")
        await noticed.wait()
        assert watch.mode is Mode.EVENTS


async def test_single_files_beside_the_roots_are_watched(specs: Path) -> None:
    settings = specs.parent / "jobspec.toml"
    async with watching(specs, files=(settings,)) as (watch, noticed):
        settings.write_text('project = "a"')
        await noticed.wait()
        await noticed.settle()

        schema = specs.parent / "schema.json"
        watch.follow((specs,), (settings, schema))
        await noticed.wait()
        await noticed.settle()
        schema.write_text("{}")
        await noticed.wait()


async def test_other_roots_are_watched_from_then_on(specs: Path) -> None:
    other = specs.parent / "other"
    other.mkdir()
    async with watching(specs) as (watch, noticed):
        watch.follow((other,), ())
        await noticed.wait()
        await noticed.settle()
        (other / "a.yaml").write_text("name: a\n")
        await noticed.wait()


# Where the kernel gives no events

only_inotify = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")


@contextmanager
def without_descriptors() -> Iterator[None]:
    """Leave this process no file descriptor.

    The kernel refuses an inotify instance then with the error that it gives where an account has all in use (EMFILE).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, hard))
    with suppress(OSError):
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in held:
            os.close(descriptor)


@only_inotify
async def test_without_inotify_instances_the_tree_is_scanned_and_that_is_said(specs: Path) -> None:
    pace = replace(RHYTHM, rearm=600.0)
    with without_descriptors():
        noticed = Noticed()
        watch = Watch([specs], (), directory=specs.parent, changed=noticed.note, say=noticed.said.append, pace=pace)
        running = asyncio.create_task(watch.run())
        await noticed.hear()
    assert watch.mode is Mode.SCANNING
    assert "Too many open files" in watch.problem
    assert noticed.said == [f"{watch.problem}; the spec directories are scanned every 0.2 s instead"]

    await noticed.settle()
    (specs / "a.yaml").write_text("name: b\n")
    await noticed.wait()
    await stop(running)


SCRIPT = """
import asyncio, sys
from pathlib import Path
from jobspec.reconcile.watch import WatchPace, Watch

async def main(root):
    changed = asyncio.Event()
    pace = WatchPace(step=0.02, look=0.05, scan=600, scan_alone=0.1, rearm=600)
    watch = Watch([root], (), directory=root.parent, changed=changed.set, say=print, pace=pace)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0.5)
    print(watch.mode.value)
    changed.clear()
    for turn in range(200):  # the first scan, which knows of no change, may still be under way
        (root / "a.yaml").write_text(f"name: b{turn}")
        try:
            await asyncio.wait_for(changed.wait(), 0.1)
            break
        except TimeoutError:
            continue
    print("noticed" if changed.is_set() else "missed")
    running.cancel()

asyncio.run(main(Path(sys.argv[1])))
"""


@only_inotify
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_when_inotify_is_exhausted_changes_are_found_by_scanning(specs: Path, limit: str) -> None:
    """In a user namespace of its own the account has what inotify gives used up (namespaces(7))."""
    command = f'echo 0 > /proc/sys/user/{limit} && exec "$0" -c "$1" "$2"'
    arguments = ["unshare", "--user", "--map-root-user", "sh", "-c", command, sys.executable, SCRIPT, str(specs)]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare(1) here")
    if "unshare" in done.stderr or "cannot create" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr}")

    assert done.returncode == 0, done.stderr
    said, mode, noticed = done.stdout.splitlines()
    assert said.startswith("the kernel gives no file events: ")
    assert said.endswith("; the spec directories are scanned every 0.1 s instead")
    assert (mode, noticed) == ("scanning", "noticed")


@only_inotify
async def test_a_file_system_that_announces_nothing_is_found_out(specs: Path, tmp_path: Path) -> None:
    """A change through another name of the file makes no event in the directory, as one on another host of NFS."""
    elsewhere = tmp_path / "elsewhere.yaml"
    os.link(specs / "a.yaml", elsewhere)
    async with watching(specs, pace=RHYTHM) as (watch, noticed):
        elsewhere.write_text("name: b\n")
        await noticed.wait()
        assert (watch.mode.value, watch.missed) == ("scanning", 1)
        assert noticed.said[0].startswith("the file system announced no change although there was one")

        await noticed.settle()
        (specs / "a.yaml").write_text("name: c\n")
        await noticed.wait()
        assert watch.mode.value == "events"
        assert noticed.said[-1] == "file events are back"


async def test_scans_find_nothing_that_events_have_told(specs: Path) -> None:
    async with watching(specs, pace=RHYTHM) as (watch, noticed):
        for number in range(20):
            (specs / "a.yaml").write_text(f"name: a{number}\n")
            await asyncio.sleep(0.07)
        await noticed.settle()
        await asyncio.sleep(RHYTHM.scan * 1.5)
        assert (watch.missed, watch.mode) == (0, Mode.EVENTS)


async def test_the_watch_gives_a_sign_of_life_all_the_time(specs: Path) -> None:
    async with watching(specs) as (watch, _):
        before = watch.alive_at
        await asyncio.sleep(0.4)
        assert watch.alive_at > before


# Signatures of trees


def test_signatures_tell_every_change(specs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "z.yaml").write_text("z")
    a = specs / "a.yaml"
    os.utime(a, (1e9, 1e9))
    seen = {sign_trees([specs])}

    def note() -> None:
        signature = sign_trees([specs])
        assert signature == sign_trees([specs])
        assert signature not in seen
        seen.add(signature)

    a.write_text("name: b\n")  # as long as before
    os.utime(a, (1e9, 1e9))
    note()
    (specs / "b.yaml").write_text("")
    note()
    (specs / "x").mkdir()
    note()
    (specs / "x" / "link.yaml").symlink_to(a)
    note()
    (specs / "y").symlink_to("x")
    note()
    a.unlink()
    note()
    shutil.rmtree(specs)
    note()


def test_signatures_pass_over_what_is_no_spec(specs: Path, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    before = sign_trees([specs, tmp_path / "nowhere"])
    (specs / "README.md").write_text("x")
    (specs / ".hidden").mkdir()
    (specs / ".hidden" / "a.yaml").write_text("x")
    (specs / "out").symlink_to(tmp_path / "big")
    (tmp_path / "big" / "b.yaml").write_text("x")
    (specs / "circle").symlink_to(specs)
    assert sign_trees([specs, tmp_path / "nowhere"]) == before


def test_only_directories_that_are_read_are_watched(specs: Path, tmp_path: Path) -> None:
    """watchfiles follows links: one to the root of the file system would be followed through all of the disk."""
    (specs / "sub" / "deep").mkdir(parents=True)
    (specs / ".hidden").mkdir()
    for link, target in {"near": "sub", "out": "..", "all": "/", ".hidden/all": "/", "loop": "loop"}.items():
        (specs / link).symlink_to(target)
    assert sorted(list_directories([specs, specs / "sub", tmp_path / "nowhere"])) in (
        [str(specs), str(specs / inner), str(specs / inner / "deep")] for inner in ("sub", "near")
    )


def test_a_root_that_leads_out_of_the_repository_is_not_watched(specs: Path) -> None:
    project = specs.parent
    (project / "all").symlink_to("/")
    (project / "near").symlink_to("specs")
    roots = [project / name for name in ("specs", "all", "near", "missing")]
    assert list_inside(roots, project) == [project / name for name in ("specs", "near", "missing")]


async def test_links_through_the_disk_do_not_keep_events_from_coming(specs: Path) -> None:
    (specs.parent / "all").symlink_to("/")
    (specs / "out").symlink_to("/")
    async with watching(specs, specs.parent / "all") as (watch, noticed):
        assert watch.mode is Mode.EVENTS
        (specs / "later").symlink_to("/")
        await noticed.wait()
        await noticed.settle()
        (specs / "a.yaml").write_text("name: b\n")
        await noticed.wait()


@pytest.mark.parametrize(
    ("path", "wakes"),
    [
        ("/p/specs", True),
        ("/p/specs/a.yaml", True),
        ("/p/specs/..data", True),
        ("/p/specs/..2026_1/a.yaml", True),
        ("/p/specs/.git/index.lock", False),
        ("/p/specs/x/.a.yaml.swp", False),
    ],
)
def test_which_events_wake(path: str, wakes: bool) -> None:  # noqa: FBT001
    assert concerns(path, ["/p/specs"]) is wakes
