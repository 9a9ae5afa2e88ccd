"""Values that look like secrets: they would be in git, in Temporal's history and on every screen that shows a run.

:mod:`jobspec.secrets` tells which these are. Only tokens of well-known kinds and texts under telling keys are warned
of; text that merely looks random is masked without a warning, as it may be a checksum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobspec.lint.warning import warn
from jobspec.secrets import is_promised, name_token
from jobspec.spec.validation import say_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.spec.model import JobSpec
    from jobspec.spec.positions import ValuePath
    from jobspec.spec.validation import Problem

CODE = "JS514"


def lint_secrets(spec: JobSpec) -> Iterator[Problem]:
    """Warn of what looks like a secret in input, arguments, memo, search attributes and texts."""
    run = spec.run
    values: dict[ValuePath, Any] = {
        ("input",): spec.input,
        ("args",): spec.args,
        ("run", "memo"): run.memo,
        ("run", "search_attributes"): run.search_attributes,
        ("run", "static_summary"): run.static_summary,
        ("run", "static_details"): run.static_details,
    }
    for path, value in values.items():
        if value:
            for found, what in find_secrets(value, path):
                hint = "keep it where the workers can read it, and give its name here"
                yield warn(found, CODE, f"`{say_path(found)}` {what}, and everybody who sees a run can read it", hint)


def find_secrets(value: Any, path: ValuePath = ()) -> Iterator[tuple[ValuePath, str]]:
    """Find the texts in a value that look like secrets.

    Args:
        value: Any value of a spec.
        path: The way to it.

    Yields:
        The way to each text, and what is said of it, such as `looks like a secret`.
    """
    waiting = [(path, value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, str):
            if what := _judge(place, item):
                yield place, what
        elif isinstance(item, Mapping):
            waiting += [((*place, str(key)), inner) for key, inner in reversed(list(item.items()))]
        elif isinstance(item, list | tuple):
            waiting += [((*place, index), inner) for index, inner in reversed(list(enumerate(item)))]


def _judge(path: ValuePath, text: str) -> str:
    """Say what a text looks like; empty where it looks like nothing special."""
    if token := name_token(text):
        return f"holds what looks like {token}"
    key = path[-1] if path else ""
    return "looks like a secret" if isinstance(key, str) and is_promised(text, key) else ""
