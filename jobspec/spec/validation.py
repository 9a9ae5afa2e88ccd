"""Merged values → `JobSpec`, or all that is wrong with them in a person's words.

A problem names its place by a path in the value as it was written. pydantic
names it in the value as the model saw it, where `"1h"` has become a list of one
mapping; steps that the written value lacks are left out.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jobspec.diagnostics import Severity
from jobspec.spec.frozen_model import kind_of
from jobspec.spec.model import EXCLUSIVE_KEYS, JobSpec, OverlapPolicy
from jobspec.spec.positions import quote
from jobspec.spec.vocabulary import join_words, plain, suggest_key, suggest_top_key
from jobspec.timing.cron import CronError, parse_cron
from jobspec.timing.duration import DurationError, parse_duration

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from jobspec.spec.positions import ValuePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a value, before anybody knows its file.

    Attributes:
        path: The way to the offending value, or to the mapping that lacks something.
        code: A key of :data:`jobspec.diagnostics.RULES`.
        message: One sentence on what is wrong and why.
        hint: What to do; may be empty.
        severity: Whether the job can still be used.
        on_key: Whether the key is meant and not its value.
        span: Start and end of the offending part inside a text, in characters.
        is_relation: Whether it is about values that do not fit each other, so that another layer may mend it.
        other: The way to the other one of two values that do not fit each other.
    """

    path: ValuePath
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    on_key: bool = False
    span: tuple[int, int] | None = None
    is_relation: bool = False
    other: ValuePath | None = None


MOST_PROBLEMS = 100
"""How many problems of one value are told: more than people mend at once, and few enough to be found quickly."""


def limit(problems: Iterable[Problem], path: ValuePath = ()) -> Iterator[Problem]:
    """Stop looking for problems when there are a great many.

    Args:
        problems: The problems, found as they are asked for.
        path: The value that is said to have more.
    """
    for count, problem in enumerate(problems):
        if count == MOST_PROBLEMS:
            message, hint = f"there are more than {MOST_PROBLEMS} mistakes here", "mend these first"
            yield Problem(path=path, code="JS105", message=message, hint=hint)
            return
        yield problem


def validate_job(merged: Mapping[str, Any]) -> JobSpec | tuple[Problem, ...]:
    """Judge a merged job.

    Returns:
        The job, or everything that is wrong with it.
    """
    try:
        return JobSpec.model_validate(merged)
    except ValidationError as error:
        return make_problems(error, merged)


_PLACES: Mapping[str, tuple[str, ...]] = {
    "ScheduleSpec": ("schedule",),
    "IntervalSpec": ("schedule", "interval"),
    "CalendarSpec": ("schedule", "calendar"),
    "RunOptions": ("run",),
    "RetryPolicy": ("run", "retry_policy"),
    "Priority": ("run", "priority"),
    "WorkflowRef": ("workflow",),
}
"""Where the parts of a job stand in it."""


def explain_part(model: str, error: ValidationError, values: Mapping[str, Any]) -> str:
    """Say all that is wrong with a part of a job that was made in code.

    Args:
        model: The class of the part.
        error: What it raised.
        values: What it was given.
    """
    place = _PLACES.get(model, ())
    written: Any = values
    for step in reversed(place):
        written = {step: written}
    problems = make_problems(error, written, place=place)
    what = f"the job `{values.get('name')}`" if model == "JobSpec" else f"the `{model}`"
    below = [replace(problem, path=problem.path[len(place) :]) for problem in problems]
    return "\n".join((f"{what} is invalid:", *map(say_problem, below)))


def say_problem(problem: Problem) -> str:
    """Say a problem in one line, below what names the job or the part."""
    place = f"{say_path(problem.path)}: " if problem.path else ""
    return f"  {place}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def make_problems(
    error: ValidationError,
    written: Any,
    *,
    say_unknown: Callable[[ValuePath], Problem] | None = None,
    place: ValuePath = (),
) -> tuple[Problem, ...]:
    """Say what pydantic found in our own words.

    Args:
        error: What a model of ours raised.
        written: The value as it was given to the model.
        say_unknown: Makes the problem of a key that does not exist from the way to it; as in a job if left out.
        place: Where the model stands in the value.
    """
    found: list[Problem] = []
    types: dict[ValuePath, list[str]] = {}
    details = error.errors(include_url=False)
    for detail in details:
        detail["loc"] = (*place, *detail["loc"])
    if len(details) > MOST_PROBLEMS:
        message, hint = f"there are {len(details) - MOST_PROBLEMS:,} more mistakes here", "mend these first"
        found.append(Problem(path=(), code="JS105", message=message, hint=hint))
    for detail in details[:MOST_PROBLEMS]:
        if detail["type"] == "string_type" and detail["loc"][-1:] == ("[key]",):
            found.append(_say_key(detail, written))
        elif wanted := _WANTED.get(detail["type"]):
            types.setdefault(find_path(detail["loc"], written), []).append(wanted)
        elif detail["type"] == "extra_forbidden":
            found.append((say_unknown or say_unknown_job_key)(find_path(detail["loc"], written)))
        else:
            found.append(_translate(detail, written))
    found += _say_types(types, written)
    if say_unknown is None:
        exclusions = list(_find_exclusions(written))
        known = {problem.path for problem in exclusions}
        found = [problem for problem in found if problem.code != "JS120" or problem.path not in known] + exclusions
    return tuple(problem for problem in found if not _is_echo(problem, found))


def _say_key(detail: ErrorDetails, written: Any) -> Problem:
    """Say that a key is no text; only code can have such."""
    path = find_path(detail["loc"][:-2], written)
    message = f"a key of {_name(path)} must be text, not {kind_of(detail['input'])}"
    return Problem(path=path, code="JS110", message=message)


_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What pydantic's errors about types call for."""


def _translate(detail: ErrorDetails, written: Any) -> Problem:
    context: Mapping[str, Any] = detail.get("ctx") or {}
    kind, steps = detail["type"], detail["loc"]
    if kind == "missing":
        return _say_missing(find_path(steps[:-1], written), str(steps[-1]))
    path = find_path((*steps, *context.get("path", ())), written)
    if kind.startswith("JS"):
        beside = (*steps[:-1], context["other"]) if "other" in context else ()
        other = find_path(beside, written)
        return Problem(
            path=path,
            code=kind,
            message=context["message"],
            hint=context["hint"],
            span=context.get("span"),
            is_relation=bool(beside),
            other=other if beside and other[-1:] == beside[-1:] else None,
        )
    if kind == "enum":
        return _say_policy(path, find_value(written, path))
    said = {"greater_than_equal": f"must be {context.get('ge')} or more", "too_short": "must not be empty"}.get(kind)
    message = f"{_name(path)} {said or 'is not understood: ' + detail['msg'].lower()}"
    return Problem(path=path, code="JS110", message=message)


def _say_missing(path: ValuePath, key: str) -> Problem:
    what = f"`{say_path(path)}`" if path else "the job"
    hint = _MISSING_HINTS.get(key, "") if not path else ""
    return Problem(path=path, code="JS102", message=f"{what} lacks `{key}`", hint=hint)


_MISSING_HINTS = {
    "name": "give it a name that is unique in the project; it becomes the Schedule ID",
    "queue": "name the task queue of its workers, here or in the defaults",
    "workflow": "name the workflow as `package.module:Class`, or as `{type: name}` if it is not Python",
}


def say_unknown_job_key(path: ValuePath, *, beside: Sequence[str] = ("name", "env")) -> Problem:
    """Make the problem of a key that a job does not have.

    Args:
        path: The way to it.
        beside: Which keys of a whole job are allowed at the top: a part of one has no `name`, an overlay no `env`.
    """
    key = str(path[-1])
    message = f"there is no key {quote(key)}" + (f" in `{say_path(path[:-1])}`" if len(path) > 1 else "")
    hint = suggest_key(key, path[:-1]) if len(path) > 1 else suggest_top_key(key, beside)
    return Problem(path=path, code="JS101", message=message, hint=hint, on_key=True)


def _say_policy(path: ValuePath, value: Any) -> Problem:
    policies = [policy.value for policy in OverlapPolicy]
    message = f"{_name(path)} must be one of {join_words(policies, 'or')}, not {_show(value)}"
    return Problem(path=path, code="JS111", message=message, hint=_suggest_policy(value, policies))


_OTHER_POLICIES = {"forbid": "skip", "allow": "allow_all", "replace": "terminate_other", "queue": "buffer_all"}


def _suggest_policy(value: Any, policies: list[str]) -> str:
    if not isinstance(value, str):
        return ""
    word = plain(value.upper().removeprefix("SCHEDULE_OVERLAP_POLICY_"))
    known = {plain(policy): policy for policy in policies} | _OTHER_POLICIES
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{known[close[0]]}`?" if close else ""


def _show(value: Any) -> str:
    return f"`{value}`" if isinstance(value, str) and len(value) <= 40 and value.isprintable() else kind_of(value)  # noqa: PLR2004


def _say_types(types: Mapping[ValuePath, list[str]], written: Any) -> Iterator[Problem]:
    """Make one problem of all the types that one value might have had; where a deeper one is wrong, that says it."""
    for path, kinds in types.items():
        is_union = len(kinds) > 1
        if is_union and any(other[: len(path)] == path != other for other in types):
            continue
        value = find_value(written, path)
        wanted = [kind for kind in dict.fromkeys(kinds) if kind != "a whole number" or "a number" not in kinds]
        message = f"{_name(path)} must be {_join_plain(wanted)}, not {kind_of(value)}"
        yield Problem(
            path=path, code="JS110", message=message, hint="" if is_union else suggest_form(path, kinds[0], value)
        )


def _join_plain(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def suggest_form(path: ValuePath, wanted: str, value: Any) -> str:
    """Say how a value of the wrong type was probably meant."""
    if path == ("schedule",) and isinstance(value, str):
        return _suggest_schedule(value)
    if wanted == "text" and isinstance(value, bool | int | float):
        return f'write "{json.dumps(value)}" in quotes'
    if wanted == "a mapping" and type(value).__module__.partition(".")[0] == "temporalio":
        return _OURS.get(path[-1] if path else "", "")
    if wanted == "a list" and isinstance(value, str | int | float):
        return f"write `[{value if isinstance(value, str) else json.dumps(value)}]`"
    if wanted == "`true` or `false`" and isinstance(value, str):
        meant = _TRUTH.get(value.lower())
        return f"write `{meant}`; YAML 1.2 reads {_show(value)} as text" if meant else ""
    return ""


_OURS: Mapping[str | int, str] = {
    "schedule": "use `jobspec.ScheduleSpec`",
    "run": "use `jobspec.RunOptions`",
    "retry_policy": "use `jobspec.RetryPolicy`",
    "priority": "use `jobspec.Priority`",
    "interval": "use `jobspec.IntervalSpec`",
    "calendar": "use `jobspec.CalendarSpec`",
}
"""What stands for classes of the SDK, by the key in which they are given."""

_TRUTH = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


def _suggest_schedule(text: str) -> str:
    """Say what stands in `schedule` when it is a text: other systems take a cron there."""
    try:
        parse_duration(text)
    except DurationError:
        pass
    else:
        return f"write `schedule: {{interval: {text}}}`"
    try:
        parse_cron(text)
    except CronError:
        return "write it as a mapping with `interval`, `cron` or `calendar`"
    return f'write `schedule: {{cron: "{text}"}}`'


_EXCLUSIONS: tuple[tuple[ValuePath, tuple[str, ...]], ...] = (
    *(((), keys) for keys in EXCLUSIVE_KEYS),
    (("schedule",), ("interval", "cron", "calendar")),
)


def _find_exclusions(written: Any) -> Iterator[Problem]:
    """Find keys that exclude each other, or none of them: models do not get to that while any other value is wrong."""
    for path, keys in _EXCLUSIONS:
        place = find_value(written, path)
        present = [key for key in keys if isinstance(place, Mapping) and key in place]
        if path:  # an empty list of times is as good as none
            present = [key for key in present if place[key] not in ([], ())]
        if len(present) > 1:
            message = f"{join_words(present)} exclude each other"
            yield Problem(
                path=(*path, present[-1]),
                code="JS120",
                message=message,
                hint="keep one of them",
                on_key=True,
                other=(*path, present[0]),
            )
        elif path and isinstance(place, Mapping) and not present:
            message, hint = "the schedule does not say when", f"set one of {join_words(keys)}"
            yield Problem(path=path, code="JS120", message=message, hint=hint, is_relation=True)


def _is_echo(problem: Problem, found: list[Problem]) -> bool:
    """Tell whether a key is only missing because it is misspelt beside."""
    misspelt = [p.hint for p in found if p.code == "JS101" and p.path[:-1] == problem.path]
    if problem.code == "JS102":
        key = problem.message.rpartition(" ")[2]
        return any(key in hint for hint in misspelt)
    if problem.code == "JS120" and not problem.on_key:
        return any(_names_one(hint, ("interval", "cron", "calendar")) for hint in misspelt)
    return False


def _names_one(hint: str, keys: Iterable[str]) -> bool:
    return not hint.startswith("allowed here") and any(f"`{key}`" in hint for key in keys)


def _name(path: ValuePath) -> str:
    """Name a value by its key and what follows, such as `tags[0]`."""
    start = max((index for index, step in enumerate(path) if isinstance(step, str)), default=0)
    return f"`{say_path(path[start:])}`" if path else "the job"


def say_path(path: ValuePath) -> str:
    """Write a path with dots and brackets, such as `schedule.skip[2].month`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def find_path(steps: Iterable[str | int], written: Any) -> ValuePath:
    """Lead pydantic's steps through the value as written, passing over those that it does not have."""
    path: list[str | int] = []
    for step in steps:
        is_there = (isinstance(step, str) and isinstance(written, Mapping) and step in written) or (
            isinstance(step, int)
            and isinstance(written, Sequence)
            and not isinstance(written, str)
            and step < len(written)
        )
        if is_there:
            path.append(step)
            written = written[step]
    return tuple(path)


def find_value(written: Any, path: ValuePath) -> Any:
    """Read the value at a path; None where there is none."""
    for step in path:
        try:
            written = written[step]
        except (KeyError, IndexError, TypeError):
            return None
    return written
