from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jobspec.imports import ImportFailure, ImportPathError, forget_failures, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "shop_a/__init__.py": "",
    "shop_a/jobs.py": "class Sync:\n  class Inner:\n    value = 7\n  def method(self): return self\nsync = Sync()\n",
    "shop_a/prints.py": "print('printed while imported')\nimport logging\nvalue = 1\n",
    "shop_a/wraps.py": "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer)\nprint(7, flush=True)\n",
    "shop_a/lazy.py": "def __getattr__(name):\n    raise OSError('no\\nway') if name == 'bomb' else AttributeError\n",
    "shop_a/raises.py": "def load():\n    raise ValueError('first line\\nsecond line')\n\nload()\n",
    "shop_a/library.py": "import json\n\njson.loads('nonsense')\n",
    "shop_a/bare.py": "raise AssertionError\n",
    "shop_a/exits.py": "import sys\n\nsys.exit(3)\n",
    "shop_a/cancels.py": "import asyncio\nraise asyncio.CancelledError\n",
    "shop_a/interrupts.py": "raise KeyboardInterrupt\n",
    "shop_a/syntax.py": "x = 1\nif True\n    pass\n",
    "shop_a/uses_syntax.py": "import shop_a.syntax\n",
    "shop_a/evaluates.py": "eval('1 +')\n",
    "shop_a/binary.py": "x = '\x00'\n",
    "shop_a/needs.py": "\nimport package_that_nobody_has\n",
    "shop_a/needs_sibling.py": "import shop_a.absent\n",
    "shop_a/counted.py": "from shop_a import counter\ncounter.loads.append(1)\nraise RuntimeError\n",
    "shop_a/counter.py": "loads = []\n",
    "src/shop_b/__init__.py": "",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    forget_failures()
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("shop_"):
            del sys.modules[name]


def failure(path: str, root: Path | None) -> ImportPathError:
    with pytest.raises(ImportPathError) as caught:
        resolve(path, root)
    assert caught.value.__cause__ is None
    assert caught.value.path == path
    assert str(caught.value) == caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


def test_resolves_nested_attributes(root: Path) -> None:
    assert resolve("shop_a.jobs:Sync.Inner.value", root) == 7
    assert resolve("shop_a.jobs:sync.method", root) == resolve("shop_a.jobs:sync", root).method  # type: ignore[attr-defined]


def test_root_goes_first_on_the_path_once(root: Path) -> None:
    sys.path.append(str(root))
    resolve("shop_a.jobs:Sync", root)
    resolve("shop_a.jobs:Sync", root / "src" / "..")
    assert sys.path[0] == str(root)
    assert sys.path.count(str(root)) == 1


def test_without_root_the_path_stays() -> None:
    before = list(sys.path)
    assert resolve("json:dumps", None) is json.dumps
    assert sys.path == before


def test_code_that_wraps_stdout_takes_neither_stream_away(root: Path) -> None:
    program = (
        "import gc, pathlib, sys; from jobspec.imports import resolve\n"
        "resolve('shop_a.wraps:io', pathlib.Path(sys.argv[1])); gc.collect()\n"
        "print('data'); print('remark', file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, str(root)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "data\n", "7\nremark\n")


def test_prints_go_to_stderr(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    resolve("shop_a.prints:value", root)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "printed while imported\n"


@pytest.mark.parametrize(
    ("path", "kind", "message", "hint"),
    [
        ("shop_a.job:Sync", "module_missing", "there is no module `shop_a.job`", "did you mean `shop_a.jobs`?"),
        (
            "shop_aa.jobs:Sync",
            "module_missing",
            "there is no module `shop_aa.jobs`: `shop_aa` is missing",
            "did you mean `shop_a`?",
        ),
        (
            "shop_a.jobs.sync:Sync",
            "module_missing",
            "there is no module `shop_a.jobs.sync`: `shop_a.jobs` is one file, not a package",
            "write `shop_a.jobs:…`",
        ),
        (
            "shop_b:Sync",
            "module_missing",
            "there is no module `shop_b`",
            "`shop_b` lies in `src`: install the project into this Python, as with `pip install -e .`",
        ),
        (
            "quite_else:Sync",
            "module_missing",
            "there is no module `quite_else`",
            "import paths start at ROOT, the directory of jobspec.toml",
        ),
        (
            "shop_a.needs:Sync",
            "dependency_missing",
            "`shop_a.needs` imports `package_that_nobody_has`, which is not there (shop_a/needs.py:2)",
            "install what provides `package_that_nobody_has` into this Python; `validate --no-imports` does without",
        ),
        (
            "shop_a.needs_sibling:Sync",
            "dependency_missing",
            "`shop_a.needs_sibling` imports `shop_a.absent`, which is not there (shop_a/needs_sibling.py:1)",
            "install what provides `shop_a.absent` into this Python; `validate --no-imports` does without",
        ),
        (
            "shop_a.jobs:Synk",
            "attribute_missing",
            "`shop_a.jobs` (shop_a/jobs.py) has no `Synk`",
            "did you mean `Sync`?",
        ),
        ("shop_a.jobs:Sync.Iner", "attribute_missing", "`shop_a.jobs:Sync` has no `Iner`", "did you mean `Inner`?"),
        ("shop_a.jobs:zzz", "attribute_missing", "`shop_a.jobs` (shop_a/jobs.py) has no `zzz`", ""),
        (
            "shop_a:jobs.Sync",
            "attribute_missing",
            "`shop_a` (shop_a/__init__.py) has no `jobs`",
            "`shop_a.jobs` is a module: write `shop_a.jobs:Sync`",
        ),
        ("shop_a.lazy:bomb", "raised", "`shop_a.lazy.bomb` cannot be read: OSError: no way (shop_a/lazy.py:2)", ""),
        (
            "shop_a.raises:Sync",
            "raised",
            "`shop_a.raises` cannot be imported: ValueError: first line second line (shop_a/raises.py:2)",
            "",
        ),
        (
            "shop_a.library:Sync",
            "raised",
            (
                "`shop_a.library` cannot be imported: JSONDecodeError: Expecting value: line 1 column 1 (char 0) "
                "(shop_a/library.py:3)"
            ),
            "",
        ),
        ("shop_a.bare:Sync", "raised", "`shop_a.bare` cannot be imported: AssertionError (shop_a/bare.py:1)", ""),
        (
            "shop_a.cancels:Sync",
            "raised",
            "`shop_a.cancels` cannot be imported: CancelledError (shop_a/cancels.py:2)",
            "",
        ),
        (
            "shop_a.evaluates:Sync",
            "raised",
            (
                "`shop_a.evaluates` cannot be imported: SyntaxError: invalid syntax (<string>, line 1) "
                "(shop_a/evaluates.py:1)"
            ),
            "",
        ),
        (
            "shop_a.exits:Sync",
            "exited",
            "`shop_a.exits` calls `sys.exit` while it is imported (shop_a/exits.py:3)",
            'put what runs as a script below `if __name__ == "__main__":`',
        ),
        ("shop_a.syntax:Sync", "syntax", "`shop_a.syntax` is not valid Python: expected ':' (shop_a/syntax.py:2)", ""),
        (
            "shop_a.uses_syntax:Sync",
            "syntax",
            "`shop_a.uses_syntax` is not valid Python: expected ':' (shop_a/syntax.py:2)",
            "",
        ),
    ],
)
def test_says_what_is_wrong(root: Path, path: str, kind: str, message: str, hint: str) -> None:
    error = failure(path, root)
    assert (error.kind, error.message, error.hint) == (kind, message, hint.replace("ROOT", str(root)))


def test_source_that_cannot_be_read_is_told_without_traceback(root: Path) -> None:
    assert failure("shop_a.binary:Sync", root).kind in (ImportFailure.SYNTAX, ImportFailure.RAISED)


def test_interrupt_passes_through(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        resolve("shop_a.interrupts:Sync", root)


def test_failed_module_is_loaded_once(root: Path) -> None:
    assert failure("shop_a.counted:A", root).message == failure("shop_a.counted:B", root).message
    assert resolve("shop_a.counter:loads", root) == [1]
