"""Words that the shell completes: names of jobs, environments and task queues, read from the files as they are.

Every press of a key starts a process, so nothing heavy is loaded here: files are parsed and not judged. Mistakes in
them are silent, for they would be written into the line that somebody is typing.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import click
    from click.shell_completion import CompletionItem

_PROJECT_FILE: Final = "jobspec.toml"
_MOST_BYTES: Final = 1 << 20
"""The same limit as that of `validate` (`jobspec.spec.spec_files`, which is too heavy to import)."""


def complete_jobs(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete names of jobs; those that a line has already are left out."""
    given = context.params.get(parameter.name or "") or ()
    present = {given} if isinstance(given, str) else set(given)
    return _offer((job for document in _read_specs() for job in _find(document, "name")), typed, present)


def complete_queues(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete task queues."""
    return _offer((queue for document in _read_specs() for queue in _find(document, "queue")), typed)


def complete_environments(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete environments that the project declares."""
    environments = _read_project().get("env")
    return _offer(environments if isinstance(environments, dict) else (), typed)


def _offer(words: Iterable[Any], typed: str, present: Collection[str] = ()) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    known = {word for word in words if isinstance(word, str) and word.isprintable() and " " not in word}
    return [CompletionItem(word) for word in sorted(known.difference(present)) if word.startswith(typed)]


def _find(document: Any, key: str) -> Iterator[Any]:
    """Find what a spec file says for a key, in each job, in defaults and in what is merged over for an environment."""
    if not isinstance(document, dict):
        return
    jobs = document.get("jobs")
    for part in (document, document.get("defaults"), *(jobs if isinstance(jobs, list) else ())):
        if isinstance(part, dict):
            environments = part.get("env")
            overlays = environments.values() if isinstance(environments, dict) else ()
            yield from (each.get(key) for each in (part, *overlays) if isinstance(each, dict))


def _read_specs() -> Iterator[Any]:
    """Parse all spec files of the project; those that cannot be parsed are passed over."""
    from jobspec.spec.enclosure import find_enclosure

    project = _find_project()
    roots = _read_project().get("specs", ["specs"])
    enclosure = find_enclosure(project.parent if project else Path())
    for root in roots if isinstance(roots, list) else ():
        real = enclosure.find(str(root))
        for path in _walk(real) if isinstance(real, str) else ():
            found = enclosure.find_real(path)
            with suppress(Exception):  # whatever is wrong, `validate` says it
                yield _parse(Path(found)) if isinstance(found, str) else None


def _walk(root: str) -> Iterator[str]:
    for directory, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in files:
            if name.lower().endswith((".yaml", ".yml", ".toml")) and name != _PROJECT_FILE and name[0] != ".":
                yield os.path.join(directory, name)  # noqa: PTH118


def _parse(path: Path) -> Any:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        return None
    data = path.read_bytes()
    if path.name.lower().endswith(".toml"):
        import tomllib

        return tomllib.loads(data.decode("utf-8-sig"))
    import yaml

    return yaml.load(data, Loader=yaml.CBaseLoader)  # noqa: S506  it makes nothing but texts, lists and mappings


def _find_project() -> Path | None:
    here = Path.cwd()
    return next((path for each in (here, *here.parents) if (path := each / _PROJECT_FILE).is_file()), None)


def _read_project() -> dict[str, Any]:
    import tomllib

    from jobspec.spec.enclosure import find_enclosure

    with suppress(Exception):
        path = _find_project()
        real = find_enclosure(path.parent).find(path) if path else None
        return tomllib.loads(Path(real).read_text(encoding="utf-8")) if isinstance(real, str) else {}
    return {}
