"""Which values of jobs are never shown, and what is left of a value without them.

A project names paths such as `input.password`. What looks like a secret is never shown, whether it is named or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from jobspec.secrets import is_secret, mask_key
from jobspec.spec.frozen_model import SpecPart, kind_of, mistake
from jobspec.spec.positions import quote
from jobspec.spec.vocabulary import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobspec.spec.positions import ValuePath

REDACTED = "(redacted)"
"""What is shown instead of a value."""

ROOTS: tuple[tuple[str, ...], ...] = (
    ("input",),
    ("args",),
    ("run", "memo"),
    ("run", "search_attributes"),
    ("run", "static_summary"),
    ("run", "static_details"),
)
"""Where values stand that can be private."""

_STEP = re.compile(r'"(?P<quoted>[^"]+)"|(?P<bare>[^".\[\]\s]+)')
_ANY = "*"

Pattern: TypeAlias = tuple[str, ...]
"""The steps of a path; `*` stands for any key or index."""


def _parse(text: str) -> Pattern | None:
    """Take a path apart; None where it is none."""
    steps: list[str] = []
    at = 0
    while match := _STEP.match(text, at):
        steps.append(match["quoted"] or match["bare"])
        at = match.end()
        if at == len(text):
            return tuple(steps)
        if text[at] != ".":
            return None
        at += 1
    return None


def _path(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS402", f"a path of a value must be text, not {kind_of(value)}")
    pattern = _parse(value)
    if pattern is None:
        hint = 'write keys with dots between them, such as `input.password`; `*` is any key, and "a.b" one with a dot'
        raise mistake("JS402", f"{quote(value)} is no path of a value", hint)
    if not any(pattern[: len(root)] == root for root in ROOTS):
        roots = join_words([".".join(root) for root in ROOTS], "or")
        raise mistake("JS402", f"{quote(value)} is no path of a value that can be redacted", f"begin it with {roots}")
    return value


RedactedPath = Annotated[str, BeforeValidator(_path), WithJsonSchema({"type": "string", "minLength": 1})]


class PlanSettings(SpecPart):
    """How plans are shown."""

    redact: Annotated[
        tuple[RedactedPath, ...],
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
        Field(examples=[["input.password", "input.*.token"]]),
    ] = ()
    """Paths of values that plans, messages and inputs of runs leave out, with all below; `*` is any key or index."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What must not be shown: what the project names, and what looks like a secret. True where it names anything.

    Attributes:
        patterns: The paths.
    """

    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, settings: PlanSettings) -> Redaction:
        """Take the paths that a project names."""
        found = (pattern for text in settings.redact if (pattern := _parse(text)))
        return cls(tuple(name for pattern in found for name in _list_names(pattern)))

    @classmethod
    def unite(cls, several: Iterable[Redaction]) -> Redaction:
        """Take all paths that any of several names."""
        return cls(tuple(dict.fromkeys(pattern for each in several for pattern in each.patterns)))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def apply(self, value: Any, path: Iterable[str | int]) -> Any:
        """Replace what must not be shown of a value; the very same value where that is nothing.

        Args:
            value: As JSON has it.
            path: The way to it from the top of the job.
        """
        steps = tuple(map(str, path))
        rests = {rest for pattern in self.patterns for rest in _follow(pattern, steps)}
        return _hide_secrets(_hide(value, rests) if rests else value, steps)

    def concerns(self, path: Iterable[str | int]) -> bool:
        """Whether the project names anything at a path, or below it."""
        steps = tuple(map(str, path))
        return any(True for pattern in self.patterns for _ in _follow(pattern, steps))

    def find(self, value: Any, path: ValuePath = ()) -> Iterator[ValuePath]:
        """Find the ways to all that must not be shown of a value, the outermost of each only.

        Args:
            value: As JSON has it.
            path: The way to it.
        """
        if self.apply(_SIGN, path) == REDACTED:
            yield path
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if len(names := _name(value, key)) > 1 and _is_secret(inner, names):
                    yield (*path, key)
                else:
                    yield from self.find(inner, (*path, key))
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                yield from self.find(inner, (*path, index))
        elif _is_secret(value, path):
            yield path


NOTHING_REDACTED: Final = Redaction()
"""What a project shows that names nothing: all but what looks like a secret."""

_SIGN = object()


def _list_names(pattern: Pattern) -> Iterator[Pattern]:
    """Name an input by its place among the arguments too, and an argument as input: live, both look alike."""
    yield pattern
    if pattern[0] == "input":
        yield ("args", "0", *pattern[1:])
    elif pattern == ("args",):
        yield ("input",)
    elif pattern[0] == "args" and _fits(pattern[1], "0"):
        yield ("input", *pattern[2:])


def _follow(pattern: Pattern, path: Pattern) -> Iterator[Pattern]:
    """Give what is left of a pattern behind a path; nothing where it does not lead there."""
    if all(_fits(step, key) for step, key in zip(pattern, path, strict=False)):
        yield pattern[len(path) :]


def _fits(step: str, key: str) -> bool:
    return step in (_ANY, key)


def _hide(value: Any, rests: set[Pattern]) -> Any:
    if () in rests:
        return REDACTED
    if isinstance(value, Mapping):
        hidden: Any = {key: _hide_below(inner, rests, str(key)) for key, inner in value.items()}
        return hidden if any(hidden[key] is not inner for key, inner in value.items()) else value
    if isinstance(value, list | tuple):
        hidden = [_hide_below(inner, rests, str(index)) for index, inner in enumerate(value)]
        return hidden if any(new is not old for new, old in zip(hidden, value, strict=True)) else value
    return value


def _name(pair: Mapping[Any, Any], key: Any) -> Pattern:
    """Name what a key means: the value of a variable beside its name means what the name says."""
    label = pair.get("name", pair.get("key")) if key == "value" else None
    return (str(key), label) if isinstance(label, str) else (str(key),)


def _is_secret(value: Any, path: ValuePath) -> bool:
    """Whether a text or a number looks like a secret."""
    if isinstance(value, str):
        return value != REDACTED and is_secret(value, path)
    return isinstance(value, int | float) and not isinstance(value, bool) and is_secret(str(value), path)


def _hide_secrets(value: Any, path: Pattern) -> Any:
    if isinstance(value, str):
        return REDACTED if _is_secret(value, path) else value
    if isinstance(value, Mapping):
        hidden: Any = {
            mask_key(str(key)): _hide_secrets(inner, (*path, *_name(value, key))) for key, inner in value.items()
        }
        return hidden if any(hidden.get(key, _SIGN) is not inner for key, inner in value.items()) else value
    if isinstance(value, list | tuple):
        hidden = [_hide_secrets(inner, path) for inner in value]
        return hidden if any(new is not old for new, old in zip(hidden, value, strict=True)) else value
    return REDACTED if _is_secret(value, path) else value


def _hide_below(value: Any, rests: set[Pattern], key: str) -> Any:
    below = {rest[1:] for rest in rests if _fits(rest[0], key)}
    return _hide(value, below) if below else value
