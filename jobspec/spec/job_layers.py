"""The mappings that make up jobs, each with its file: what a document holds, and whether its shape is right.

What can be judged where it stands is judged here, once: the form of a file,
and defaults and the parts for environments, which may not even reach a job.
Jobs are judged after merging.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jobspec.spec.document import find_positions, list_later_lines, locate
from jobspec.spec.findings import Finding
from jobspec.spec.frozen_model import kind_of
from jobspec.spec.merge import IGNORED_PREFIX, is_absence, merge
from jobspec.spec.model import JobSpec
from jobspec.spec.positions import quote
from jobspec.spec.validation import MOST_PROBLEMS, Problem, limit, make_problems, say_unknown_job_key, suggest_form
from jobspec.spec.vocabulary import JOB_KEYS, Keys, suggest_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobspec.diagnostics import Location
    from jobspec.spec.document import Document
    from jobspec.spec.positions import ValuePath


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A mapping that fills jobs, as it was written; two are equal only if they are the same object.

    Attributes:
        document: The file it stands in.
        path: The way to it in that file.
        value: What was written; nearly always a mapping.
    """

    document: Document
    path: ValuePath
    value: Any

    @property
    def name(self) -> str | None:
        """The name of the job, where this is one that has a name."""
        name = self.value.get("name") if isinstance(self.value, dict) else None
        return name if isinstance(name, str) else None

    def locate(self, path: ValuePath, *, key: bool = False) -> Location:
        """Find the place of one of its values, or of the key that introduces it."""
        return locate(self.document, (*self.path, *path), key=key)

    def list_later_lines(self, path: ValuePath) -> Iterator[tuple[str, int]]:
        """List the lines below the first one on which one of its texts goes on, each with the file."""
        return list_later_lines(self.document, (*self.path, *path))

    def find_line(self, path: ValuePath) -> int:
        """Find the line of one of its values."""
        return find_positions(self.document).nearest((*self.path, *path)).line


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What one file holds.

    Attributes:
        defaults: The defaults for the jobs of the file, or of a whole directory where that is what the file is for.
        jobs: Its jobs, as they were written.
        findings: What is wrong with the file, its defaults, and the environments of its jobs.
        is_broken: Whether that leaves none of its jobs to be judged.
    """

    defaults: Layer | None = None
    jobs: tuple[Layer, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_broken: bool = False


def read_defaults(document: Document) -> Form:
    """Read a file that holds the defaults of a directory."""
    layer = Layer(document=document, path=(), value=document.value)
    findings = tuple(Finding(layer=layer, problem=problem) for problem in check_defaults(layer.value))
    return Form(defaults=layer, findings=findings, is_broken=bool(findings))


def read_jobs(document: Document) -> Form:
    """Read a file that holds a job, or several under `jobs`."""
    value = document.value
    top = Layer(document=document, path=(), value=value)
    if "jobs" not in value:
        problems = list(_check_single(value))
        return _make_form(top, None, (top,), problems, is_broken=False)
    problems = list(limit(_check_several(value)))
    is_broken = bool(problems)
    defaults = None
    if "defaults" in value and value["defaults"] is not None:
        defaults = Layer(document=document, path=("defaults",), value=value["defaults"])
        found = [_move(problem, ("defaults",)) for problem in check_defaults(defaults.value)]
        problems += found
        is_broken = is_broken or bool(found)
    entries = value["jobs"] if isinstance(value["jobs"], list) else []
    problems += limit(_check_entries(entries), ("jobs",))
    jobs = tuple(
        Layer(document=document, path=("jobs", index), value=entry)
        for index, entry in enumerate(entries)
        if isinstance(entry, dict)
    )
    return _make_form(top, defaults, jobs, problems, is_broken=is_broken)


def _make_form(
    top: Layer, defaults: Layer | None, jobs: tuple[Layer, ...], problems: list[Problem], *, is_broken: bool
) -> Form:
    findings = [Finding(layer=top, problem=problem) for problem in problems]
    for job in jobs:
        if "env" in job.value:
            findings += [Finding(layer=job, problem=problem, job=job) for problem in check_overlays(job.value["env"])]
    return Form(defaults=defaults, jobs=jobs, findings=tuple(findings), is_broken=is_broken)


def _move(problem: Problem, path: ValuePath) -> Problem:
    return replace(problem, path=(*path, *problem.path))


_FILE_KEYS = Keys(inside={"jobs": None, "defaults": None})


def _check_single(value: Mapping[str, Any]) -> Iterator[Problem]:
    if "defaults" in value:
        yield Problem(
            path=("defaults",),
            code="JS104",
            message="`defaults` stands in a file that has no `jobs`",
            hint="put the jobs into a list under `jobs`, or name the file `defaults.yaml`",
            on_key=True,
        )


def _check_several(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what stands beside `jobs`, and that it is a list."""
    if not isinstance(value["jobs"], list):
        message = f"`jobs` must be a list, not {kind_of(value['jobs'])}"
        yield Problem(path=("jobs",), code="JS110", message=message, hint="begin each job with `- name: …`")
    for key in value:
        if key not in _FILE_KEYS.inside and not key.startswith(IGNORED_PREFIX):
            is_ours = key in JOB_KEYS.inside or key == "env"
            hint = "put it into `defaults`, or into each job" if is_ours else suggest_key(key, (), _FILE_KEYS)
            message = f"{quote(key)} stands beside `jobs`, where only `defaults` may"
            yield Problem(path=(key,), code="JS104", message=message, hint=hint, on_key=True)


def _check_entries(entries: list[Any]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            message = f"entry {index + 1} of `jobs` must be a mapping, not {kind_of(entry)}"
            hint = "remove the empty entry" if entry is None else ""
            yield Problem(path=("jobs", index), code="JS110", message=message, hint=hint)


def check_defaults(value: Any) -> tuple[Problem, ...]:
    """Judge defaults where they stand: their keys and each value by itself."""
    if not isinstance(value, dict):
        message = f"`defaults` must be a mapping, not {kind_of(value)}"
        return (Problem(path=(), code="JS110", message=message),)
    problems = list(limit(_check_keys(value, (), JOB_KEYS, is_overlay=False)))
    if len(problems) <= MOST_PROBLEMS:
        problems += _check_values(value, None)
    if "env" in value:
        problems += check_overlays(value["env"])
        problems += [p for env in _name_overlays(value["env"]) for p in _check_values(value, env)]
    return tuple(dict.fromkeys(problems))


def check_overlays(overlays: Any) -> Iterator[Problem]:
    """Judge the form and the keys of an `env`."""
    if overlays is None:
        return
    if not isinstance(overlays, dict):
        message = f"`env` must be a mapping of environments, not {kind_of(overlays)}"
        yield Problem(path=("env",), code="JS110", message=message)
        return
    for env, overlay in overlays.items():
        if isinstance(overlay, dict) and not env.startswith(IGNORED_PREFIX):
            yield from limit(_check_keys(overlay, ("env", env), JOB_KEYS, is_overlay=True), ("env", env))
        elif not env.startswith(IGNORED_PREFIX) and not is_absence(overlay):
            message = f"the part for {quote(env)} must be a mapping, not {kind_of(overlay)}"
            hint = "write `null` (`false` in TOML) when the job is not there, or leave it out"
            yield Problem(path=("env", env), code="JS110", message=message, hint=hint)


def list_environments(layer: Layer) -> tuple[str, ...]:
    """List the environments that a layer names."""
    return _name_overlays(layer.value.get("env")) if isinstance(layer.value, dict) else ()


def _name_overlays(overlays: Any) -> tuple[str, ...]:
    if not isinstance(overlays, dict):
        return ()
    return tuple(env for env in overlays if not env.startswith(IGNORED_PREFIX))


def _check_keys(value: Mapping[str, Any], path: ValuePath, keys: Keys, *, is_overlay: bool) -> Iterator[Problem]:
    """Check the keys of a mapping and of all mappings in it that have fixed keys."""
    is_top = keys is JOB_KEYS
    for key, item in value.items():
        place = (*path, key)
        if key.startswith(IGNORED_PREFIX) or (is_top and key == "env" and not is_overlay):
            continue
        if is_top and key in {"name", "env"}:
            yield _refuse_own(place, key, is_overlay=is_overlay)
        elif key not in keys.inside:
            beside = () if is_overlay else ("env",)
            yield replace(say_unknown_job_key(place[2:] if is_overlay else place, beside=beside), path=place)
        elif below := keys.inside[key]:
            if key in {"schedule", "run"} and item is not None and not isinstance(item, dict):
                yield _refuse_type(place, key, item)
            yield from _check_below(item, place, below, is_overlay=is_overlay)


def _check_below(item: Any, place: ValuePath, keys: Keys, *, is_overlay: bool) -> Iterator[Problem]:
    if isinstance(item, dict):
        yield from _check_keys(item, place, keys, is_overlay=is_overlay)
    elif isinstance(item, list):
        for index, entry in enumerate(item):
            yield from _check_below(entry, (*place, index), keys, is_overlay=is_overlay)


def _refuse_own(path: ValuePath, key: str, *, is_overlay: bool) -> Problem:
    if key == "env":
        message, hint = "`env` cannot stand inside the part for an environment", "move it out"
    elif is_overlay:
        message, hint = "`name` is the same in every environment", "remove it"
    else:
        message, hint = "`name` is no default: every job has its own", "move it into the job"
    return Problem(path=path, code="JS103", message=message, hint=hint, on_key=True)


def _refuse_type(path: ValuePath, key: str, value: Any) -> Problem:
    message = f"`{key}` must be a mapping, not {kind_of(value)}"
    return Problem(path=path, code="JS110", message=message, hint=suggest_form((key,), "a mapping", value))


_STAND_IN = {"name": "a", "queue": "a", "workflow": "a:A"}
"""Completes defaults, so that what they do set can be judged."""


def _check_values(value: Mapping[str, Any], env: str | None) -> Iterator[Problem]:
    """Judge each value of defaults by itself; what depends on several values may be completed by the job."""
    part = value if env is None else value["env"][env]
    if not isinstance(part, dict):
        return
    merged = merge([part, {"schedule": {}}]) or {}
    for problem in _judge_part(merged):
        if problem.code != "JS101":  # said with the keys already
            yield _move(problem, () if env is None else ("env", env))


def check_alone(value: Mapping[str, Any]) -> Iterator[Problem]:
    """Judge what a job itself sets, where its defaults are broken and it cannot be judged as a whole."""
    return _judge_part(merge([value]) or {})


def _judge_part(merged: Mapping[str, Any]) -> Iterator[Problem]:
    """Judge each value of a part of a job by itself."""
    completed: dict[str, Any] = {**_STAND_IN, **merged}
    try:
        JobSpec.model_validate(completed)
    except ValidationError as error:
        for problem in make_problems(error, completed):
            if problem.code != "JS102" and not problem.is_relation:
                yield problem
