"""Import paths: `package.module:Name` → the object behind it.

Loading a user's module runs a user's code, and that may do anything: raise, call
`sys.exit`, print. Whatever goes wrong becomes one :class:`ImportPathError` that
says in the user's terms what and where; nothing else gets out, and nothing is
printed to stdout, which belongs to the command's own data. `KeyboardInterrupt`
alone passes through, because it is nearly always somebody's Ctrl-C.

A module that failed is not tried again: the second job that names it is told the
same at once.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import sys
import sysconfig
import threading
import traceback
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO, cast

from jobspec.errors import JobspecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType


class ImportFailure(StrEnum):
    """What went wrong with an import path."""

    MODULE_MISSING = "module_missing"
    """There is no such module."""
    DEPENDENCY_MISSING = "dependency_missing"
    """The module is there and imports another that is not."""
    ATTRIBUTE_MISSING = "attribute_missing"
    """The module has nothing of that name."""
    RAISED = "raised"
    """The user's code raised while it was loaded."""
    EXITED = "exited"
    """The user's code tried to end the process while it was loaded."""
    SYNTAX = "syntax"
    """The user's code is not Python."""


class ImportPathError(JobspecError):
    """An import path cannot be resolved.

    Args:
        kind: What went wrong.
        path: The import path as written.
        message: One sentence on what is wrong, with `file:line` of the user's code where that is known.
        hint: What to do; may be empty.
    """

    def __init__(self, kind: ImportFailure, path: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.path = path
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class _FailedImport:
    """Why a module cannot be loaded; kept in place of the module, so that it is not tried again."""

    kind: ImportFailure
    message: str
    hint: str = ""


def resolve(path: str, root: Path | None = None) -> object:
    """Load the object that an import path names.

    Args:
        path: `module:attribute`, either part dotted; its form has been checked.
        root: Where import paths start, the directory of `jobspec.toml`; it goes first on `sys.path`, once, and
            stays there, since user code imports late too. None leaves `sys.path` as it is.

    Raises:
        ImportPathError: The object cannot be had; says why.
    """
    module_name, _, attributes = path.partition(":")
    start = root.resolve() if root else None
    if start:
        _put_first(str(start))
    module = _load(module_name, start)
    if isinstance(module, _FailedImport):
        raise ImportPathError(module.kind, path, module.message, module.hint)
    return _descend(module, attributes, path, start)


@contextlib.contextmanager
def divert_stdout() -> Iterator[None]:
    """Have what user code prints go to stderr, for stdout belongs to data; in this thread alone.

    `contextlib.redirect_stdout` is for one thread at a time: where two overlap, stdout may be lost for good.
    """
    _diversion.enter()
    try:
        yield
    finally:
        _diversion.leave()


class _Diversion:
    """Of each thread, how often it is inside; the stream in the place of stdout is everybody's."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._inside: list[_Stdout] = []
        self._kept: list[TextIO] = []  # such a stream would close stderr when nobody has it any more

    @property
    def depth(self) -> int:
        """How often this thread is inside."""
        return int(getattr(self._thread, "depth", 0))

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                stream = _Stdout(sys.stdout)
                sys.stdout = cast("TextIO", stream)
                self._inside.append(stream)
            else:
                self._inside.append(self._inside[0])
        self._thread.depth = self.depth + 1

    def leave(self) -> None:
        self._thread.depth = self.depth - 1
        with self._lock:
            stream = self._inside.pop()
            if not self._inside:
                if sys.stdout is not cast("TextIO", stream):  # user code wrapped what it found, which is stderr for it
                    self._kept.append(sys.stdout)
                sys.stdout = stream.real


class _Stdout:
    """Stands for stdout while some thread diverts it: stderr for those threads, and what it was for all others."""

    def __init__(self, real: TextIO) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr if _diversion.depth else self.real, name)


_diversion = _Diversion()


def forget_failures() -> None:
    """Let modules that failed to load be tried again, as after an edit."""
    _load.cache_clear()


def _put_first(directory: str) -> None:
    if sys.path[:1] == [directory]:
        return
    if directory in sys.path:
        sys.path.remove(directory)
    sys.path.insert(0, directory)
    importlib.invalidate_caches()


@cache
def _load(module_name: str, root: Path | None) -> ModuleType | _FailedImport:
    try:
        with divert_stdout():
            return importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  user code may raise anything
        return _explain(error, module_name, root)


def _explain(error: BaseException, module_name: str, root: Path | None) -> _FailedImport:
    place = _place(error.__traceback__, root)
    match error:
        case ModuleNotFoundError() if not place and _leads_to(module_name, error.name):
            return _missing(module_name, error.name or module_name, root)
        case ModuleNotFoundError():
            return _FailedImport(
                kind=ImportFailure.DEPENDENCY_MISSING,
                message=f"`{module_name}` imports `{error.name}`, which is not there{_at(place)}",
                hint=f"install what provides `{error.name}` into this Python; `validate --no-imports` does without",
            )
        case SyntaxError() if error.filename and Path(error.filename).is_file():
            written = _shown(Path(error.filename), root) + (f":{error.lineno}" if error.lineno else "")
            return _FailedImport(
                kind=ImportFailure.SYNTAX, message=f"`{module_name}` is not valid Python: {error.msg} ({written})"
            )
        case SystemExit():
            return _FailedImport(
                kind=ImportFailure.EXITED,
                message=f"`{module_name}` calls `sys.exit` while it is imported{_at(place)}",
                hint='put what runs as a script below `if __name__ == "__main__":`',
            )
        case _:
            return _raised(error, f"`{module_name}` cannot be imported", place)


def _raised(error: BaseException, what: str, place: str) -> _FailedImport:
    text = " ".join(str(error).split())
    shown = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return _FailedImport(kind=ImportFailure.RAISED, message=f"{what}: {shown}{_at(place)}")


def _leads_to(module_name: str, missing: str | None) -> bool:
    """Whether the missing module is the wanted one or a package around it."""
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _missing(module_name: str, missing: str, root: Path | None) -> _FailedImport:
    package, _, last = missing.rpartition(".")
    parent = sys.modules.get(package)
    if parent is not None and not hasattr(parent, "__path__"):
        message = f"there is no module `{missing}`: `{package}` is one file, not a package"
        return _FailedImport(kind=ImportFailure.MODULE_MISSING, message=message, hint=f"write `{package}:…`")
    places = list(parent.__path__) if parent is not None else [str(root)] if root else []
    names = [found.name for found in pkgutil.iter_modules(places)]
    names += [entry.name for place in places for entry in Path(place).glob("[!.]*/") if entry.name.isidentifier()]
    return _FailedImport(
        kind=ImportFailure.MODULE_MISSING,
        message=f"there is no module `{module_name}`" + (f": `{missing}` is missing" if missing != module_name else ""),
        hint=_missing_hint(package, last, sorted(set(names)), root),
    )


def _missing_hint(package: str, last: str, names: list[str], root: Path | None) -> str:
    if root and not package and ((root / "src" / last).is_dir() or (root / "src" / f"{last}.py").is_file()):
        return f"`{last}` lies in `src`: install the project into this Python, as with `pip install -e .`"
    if nearest := get_close_matches(last, names, n=1):
        return f"did you mean `{f'{package}.{nearest[0]}' if package else nearest[0]}`?"
    return f"import paths start at {root}, the directory of jobspec.toml" if root and not package else ""


def _descend(module: ModuleType, attributes: str, path: str, root: Path | None) -> object:
    value: object = module
    shown = module.__name__
    for name in attributes.split("."):
        try:
            with divert_stdout():
                value = getattr(value, name)
        except AttributeError:
            hint = _attribute_hint(value, name, path)
            message = f"{_described(value, shown, root)} has no `{name}`"
            raise ImportPathError(ImportFailure.ATTRIBUTE_MISSING, path, message, hint) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  a property or module `__getattr__` may raise anything
            failure = _raised(error, f"`{shown}.{name}` cannot be read", _place(error.__traceback__, root))
            raise ImportPathError(failure.kind, path, failure.message) from None
        shown += f".{name}" if ":" in shown else f":{name}"
    return value


def _described(value: object, shown: str, root: Path | None) -> str:
    file = getattr(value, "__file__", None) if isinstance(value, ModuleType) else None
    return f"`{shown}` ({_shown(Path(file), root)})" if file else f"`{shown}`"


def _attribute_hint(value: object, name: str, path: str) -> str:
    module_name, _, attributes = path.partition(":")
    if isinstance(value, ModuleType) and name in {found.name for found in pkgutil.iter_modules(_package_path(value))}:
        inner, _, rest = attributes.partition(".")
        return f"`{module_name}.{inner}` is a module: write `{module_name}.{inner}:{rest or '…'}`"
    public = [known for known in dir(value) if not known.startswith("_")]
    nearest = get_close_matches(name, public, n=3)
    return f"did you mean {_alternatives(nearest)}?" if nearest else ""


def _package_path(module: ModuleType) -> Iterable[str]:
    return list(getattr(module, "__path__", []))


def _alternatives(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" or {quoted[-1]}"


def _place(trace: TracebackType | None, root: Path | None) -> str:
    """Find where in the user's code it happened: the innermost line below the root, or else outside of libraries."""
    frames = [frame for frame in traceback.extract_tb(trace) if not frame.filename.startswith("<")]
    foreign = (__file__, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))
    users = [frame for frame in frames if not frame.filename.startswith(foreign)]
    below = [frame for frame in users if root and Path(frame.filename).is_relative_to(root)]
    for frame in reversed(below or users):
        return f"{_shown(Path(frame.filename), root)}:{frame.lineno}"
    return ""


def _at(place: str) -> str:
    return f" ({place})" if place else ""


def _shown(file: Path, root: Path | None) -> str:
    return str(file.relative_to(root)) if root and file.is_relative_to(root) else str(file)
