"""Repositories as a stranger could offer them for review, drawn by hypothesis, and what stands beside them."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLANTED = "outside-7f3a"
"""Stands in every file that is none of the repository's, and in git's own."""

Kind: TypeAlias = Literal["file", "link", "pipe", "device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands under a name.

    Attributes:
        kind: What it is.
        data: The content of a file, or where a link leads; `{outside}` stands for the directory beside the repository.
    """

    kind: Kind
    data: bytes = b""


Tree: TypeAlias = "Mapping[str, Entry]"

ODD_NAMES = [
    os.fsdecode(name)
    for name in (
        b"a\n::error::b.yaml",
        b"\x1b[31mred\x1b[0m.yaml",
        b"\xff\xfe.toml",
        b"-rf.yaml",
        "\u202eabc.yaml".encode(),
        b"`|<b>*.yaml",
        b"x" * 240 + b".yaml",
        b" .yaml",
        b"UPPER.YAML",
    )
]

LINKS = [
    *("{outside}", "{outside}/specs", "{outside}/a.yaml", "{outside}/s.json", "{outside}/jobspec.toml"),
    *("../outside/a.yaml", "../../outside/a.yaml", "../../outside/specs", "../../../outside/s.json"),
    *("../outside", "../../outside", "../../../outside", "{outside}/cred", "../../outside/cred"),
    *("/", "/dev/zero", "/dev/stdin", "/proc/self/environ", "/proc/self/cwd/../outside/a.yaml", "/etc/passwd"),
    *("..", ".", "specs", "../specs", "more", "../more", "sub", "a.yaml", "l1", "l2", "../l1", "nothing"),
    *(".git", ".git/config", "../.git/config", "../../.git/config", "../.GIT/config"),
    *("a/" * 1000, "../" * 200, "\x1b[31m\n::error::x", "s.json", "sub/../a.yaml", "jobspec.toml", "../jobspec.toml"),
]

_JOB = "name: {name}\nqueue: q\nworkflow: a:B\n"
_SCHEMAS = ["s.json", "../s.json", "../../outside/s.json", "../../../outside/s.json", "{outside}/s.json"]
_SCHEMAS += ["../.git/config", "../../.git/config", "sub/../s.json", "../jobspec.toml", "a.yaml", "../l1"]

JOBS = [
    _JOB.format(name="a"),
    _JOB.format(name="b") + "schedule: {interval: 1h}\n",
    "jobs: [{name: c, queue: q, workflow: 'a:B'}, {name: c}, 5]\n",
    *(_JOB.format(name="d") + f"input: {{n: 1}}\ninput_schema: {written}\n" for written in _SCHEMAS),
    "",
    "- a\n",
    "name: [\n",
    "name: a\nname: b\n",
    "name: !!python/object/apply:os.system ['true']\n",
    "&a [*a]\n",
    "a: &a [x, x, x]\n" + "".join(f"{k}: &{k} [{', '.join(['*' + j] * 9)}]\n" for j, k in pairwise("abcdefghi")),
    "name: " + "[" * 2000,
    "name: a\nqueue: " + "q" * 200_000 + "\n",
    "name: a\ninput: " + "9" * 6000 + "\n",
    "name: a\ninput: [1e999999999, .nan, -.inf, 0x" + "f" * 5000 + "]\n",
    "#" * (1 << 20) + "\n",
    "name: a\nschedule: {cron: '* * 31 2 *', jitter: 9999999999999999999h}\n",
    "name: a\nschedule: {interval: " + "9" * 400 + "s, timezone: ../../outside/a.yaml}\n",
    "name: a\nenv: {x: null, y: {env: {}}}\n",
    "name: a\x00\n",
    "\ufeffname: a\n",
    'name = "a"\nqueue = "q"\n',
    "x = " + "[" * 2000,
    "x = 1e400\ny = 9999-99-99\nname = 5\n",
    *("queue: q\n", "workflow: {type: W}\nqueue: q\n", "input_schema: s.json\n", "defaults: {queue: q}\njobs: []\n"),
]
"""Texts of spec files and defaults files."""

SCHEMAS = [
    "{}",
    '{"type": "object", "properties": {"n": {"type": "string"}}}',
    '{"type": "outside"}',
    '{"$ref": "#/nothing"}',
    '{"$ref": "#"}',
    '{"$ref": "../../outside/s.json"}',
    '{"$ref": "file:///etc/passwd"}',
    '{"$ref": "http://127.0.0.1:9/x"}',
    '{"$schema": "http://127.0.0.1:9/x"}',
    '{"$schema": 5, "$id": "http://127.0.0.1:9/x"}',
    '{"pattern": "a{99999999999}"}',
    '{"multipleOf": NaN}',
    '{"minimum": ' + "9" * 5000 + "}",
    "[" * 5000,
    '{"allOf": ' * 300 + "{}" + "}" * 300,
    "[]",
    "{",
    "",
    "type: {\n",
]
"""Texts of schema files: broken in a way that shows at once."""

PROJECTS = [
    'project = "shop"\n',
    'project = "shop"\nspecs = ["specs", "more"]\n',
    'project = "shop"\nspecs = ["."]\n',
    'project = "shop"\nspecs = [".git", "specs/sub", "l1"]\n',
    'project = "shop"\ndata_converter = "evil:converter"\n[env.prod]\n',
    'project = "shop"\nspecs = ["specs/a.yaml", "' + "d/" * 1500 + '"]\n',
    'project = "shop"\nspecs = ["../../outside", "/etc"]\n',
    'project = "shop"\n[lint.levels]\nJS506 = "error"\n[plan]\nredact = ["input.n"]\n',
    "project = 5\n",
    "x = [\n",
    "",
]
"""Texts of project files."""


_LINK = st.sampled_from(LINKS).map(lambda target: Entry(kind="link", data=os.fsencode(target)))


def _make_entries(texts: list[str]) -> st.SearchStrategy[Entry]:
    """Draw what stands in the place of a file: usually a file, and often one of text."""
    written = st.sampled_from(texts).map(lambda text: Entry(kind="file", data=text.encode()))
    rest = st.one_of(
        st.binary(max_size=40).map(lambda data: Entry(kind="file", data=data)),
        st.sampled_from([Entry(kind="pipe"), Entry(kind="device")]),
    )
    return st.integers(0, 7).flatmap(lambda n: written if n < 5 else _LINK if n < 7 else rest)


_GOOD = st.just(Entry(kind="file", data=PROJECTS[1].encode()))
_WITH_SCHEMA = _JOB.format(name="e").encode() + b"input: {n: 1}\ninput_schema: s.json\n"
_SPEC = _make_entries(JOBS)
_SPEC_NAMES = ["specs/a.yaml", "specs/b.toml", "specs/defaults.yaml", "specs/sub/c.yml", "specs/sub/defaults.toml"]

TREES: st.SearchStrategy[Tree] = st.fixed_dictionaries(
    {
        "jobspec.toml": st.one_of(_GOOD, _GOOD, _GOOD, _make_entries(PROJECTS)),
        "specs/e.yaml": st.just(Entry(kind="file", data=_WITH_SCHEMA)),
        "specs/s.json": _make_entries(SCHEMAS),
    },
    optional={
        **dict.fromkeys([*_SPEC_NAMES, "more/d.yaml"], _SPEC),
        "s.json": _make_entries(SCHEMAS),
        **dict.fromkeys(["l1", "l2", "specs/l3", "specs/l4"], _LINK),
        **{f"specs/{name}": _SPEC for name in ODD_NAMES},
    },
)
_SHORTCUTS = st.fixed_dictionaries({}, optional=dict.fromkeys(["specs", "more", "specs/sub"], _LINK))
"""Links in the place of directories; they hide what would stand in these."""

REPOSITORIES: st.SearchStrategy[Tree] = st.tuples(TREES, st.one_of(st.just({}), _SHORTCUTS)).map(
    lambda drawn: {name: entry for name, entry in {**drawn[0], **drawn[1]}.items() if not _is_hidden(name, drawn[1])}
)


def _is_hidden(name: str, shortcuts: Tree) -> bool:
    return any(name.startswith(f"{other}/") for other in shortcuts)


TARGETS = ["{outside}/%s", "../outside/%s", ".git/%s", "chain", "/proc/self/cwd/../outside/%s"]
"""Where a link at the top of a repository leads that is meant to show what is elsewhere; so does `chain`."""


def make_attacks(target: str) -> Iterator[Tree]:
    """Make the trees that would show a file or directory by a link in each place where a file or directory is read."""
    spec = Entry(kind="file", data=_WITH_SCHEMA)
    project = Entry(kind="file", data=PROJECTS[0].encode())

    def link(name: str, at: str) -> Entry:
        filled = target.replace("%s", "config" if ".git" in target else name)
        climb = "" if filled.startswith(("/", "{")) else "../" * at.count("/")
        return Entry(kind="link", data=f"{climb}{filled}".encode())

    def attack(*places: tuple[str, str]) -> dict[str, Entry]:
        chain = Entry(kind="link", data=f"{{outside}}/{places[0][1]}".encode())
        links = {at: link(name, at) for at, name in places}
        return {"jobspec.toml": project, "chain": chain, **links}

    yield attack(("jobspec.toml", "jobspec.toml"))
    yield attack(("jobspec.toml", "cred"))
    yield attack(("specs", "specs"))
    yield attack(("specs/sub", "specs")) | {"specs/e.yaml": spec}
    yield attack(("specs/s.json", "s.json")) | {"specs/e.yaml": spec}
    for name in ("a.yaml", "defaults.yaml", "c.toml"):
        yield attack((f"specs/{name}", "a.yaml")) | {"specs/e.yaml": spec}
    written = target.replace("%s", "config" if ".git" in target else "s.json")
    for path in (written, f"../{written}"):
        yield {"jobspec.toml": project, "specs/e.yaml": Entry(kind="file", data=_WITH_SCHEMA[:-7] + path.encode())}


def plant(outside: Path) -> None:
    """Write what no output may quote."""
    (outside / "specs" / "sub").mkdir(parents=True)
    texts = {
        "cred": f"https://me:{PLANTED}@example.org\n",
        "a.yaml": f"name: {PLANTED}\nqueue: q\nworkflow: a:B\n{PLANTED}: [\n",
        "s.json": f'{{"type": "{PLANTED}", "{PLANTED}": 1}}',
        "jobspec.toml": f'project = "{PLANTED} {PLANTED}"\n{PLANTED} = [\n',
        "specs/a.yaml": f"name: {PLANTED}\nqueue: q\nworkflow: a:B\n",
        "specs/defaults.yaml": f"owner: {PLANTED}\n{PLANTED}: 1\n",
        "specs/sub/c.yml": f"- {PLANTED}\n",
    }
    for name, text in texts.items():
        (outside / name).write_text(text)


def start_repository(top: Path) -> None:
    """Make an empty repository whose settings hold a secret, as `actions/checkout` leaves one: where parsers stop."""
    subprocess.run(["git", "init", "--quiet", "--template=", "--initial-branch=main", top], check=True)
    settings = f'[core]\n\trepositoryformatversion = 0 # {PLANTED}\n[http "https://{PLANTED}.example.org/"]\n'
    (top / ".git/config").write_text(settings)


def commit(top: Path, tree: Tree, *, below: str, outside: Path) -> None:
    """Make a tree the only commit of a repository, whatever is in its working tree.

    git holds neither pipes nor devices, so those are left out.

    Args:
        top: The repository.
        tree: What it is to hold.
        below: The directory that holds it, with a slash at the end; empty for the top.
        outside: What `{outside}` stands for.
    """
    lines = [b"reset refs/heads/main\ncommit refs/heads/main\ncommitter T <t@example.org> 0 +0000\ndata 0\n"]
    for name, entry in tree.items():
        if entry.kind in ("file", "link"):
            mode, data = (b"100644", entry.data) if entry.kind == "file" else (b"120000", _fill(entry, outside))
            path = "".join(f"\\{byte:03o}" for byte in os.fsencode(below + name)).encode()
            lines.append(b'M %s inline "%s"\ndata %d\n%s\n' % (mode, path, len(data), data))
    subprocess.run(["git", "-C", top, "fast-import", "--quiet", "--force"], input=b"".join(lines), check=True)


def check_out(top: Path, tree: Tree, *, outside: Path) -> None:
    """Write a tree into a directory."""
    for name, entry in tree.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "file":
            path.write_bytes(_fill(entry, outside))
        elif entry.kind == "link":
            path.symlink_to(os.fsdecode(_fill(entry, outside)))
        elif entry.kind == "pipe" or not _make_device(path):
            os.mkfifo(path)


def _fill(entry: Entry, outside: Path) -> bytes:
    return entry.data.replace(b"{outside}", os.fsencode(outside))


def _make_device(path: Path) -> bool:
    """Make a device that never ends, where that is permitted."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
    except OSError:
        return False
    return True


def take_stock(directory: Path) -> dict[str, tuple[int, ...]]:
    """Say how all is below a directory, so that anything that is written shows: changes set times that nobody can."""
    return {path: (s.st_ino, s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path, s in _walk(str(directory))}


def _walk(path: str) -> Iterator[tuple[str, os.stat_result]]:
    status = os.lstat(path)
    yield path, status
    if stat.S_ISDIR(status.st_mode):
        for entry in os.scandir(path):
            yield from _walk(entry.path)
