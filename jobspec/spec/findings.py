"""Findings → diagnostics: positions are looked up here, and what many jobs inherit is said once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobspec.bugs import HINT, describe_bug
from jobspec.diagnostics import RULES, Diagnostic, Location, Related, Severity
from jobspec.secrets import mask
from jobspec.spec.validation import Problem, find_value
from jobspec.spec.vocabulary import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobspec.spec.job_layers import Layer
    from jobspec.spec.positions import ValuePath

_SHOWN_JOBS = 3
"""How many of the jobs that share a mistake are named."""

_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem and the layer it stands in; the problem's path begins there.

    Attributes:
        layer: Where the offending text is.
        problem: What is wrong.
        job: The layer of the job that is wrong for it; None when it belongs to a file or to defaults.
        related: Other places that explain it.
    """

    layer: Layer
    problem: Problem
    job: Layer | None = None
    related: tuple[Related, ...] = ()


def make_diagnostics(findings: Iterable[Finding]) -> list[Diagnostic]:
    """Turn findings into diagnostics, one for each mistake in the text however many jobs inherit it."""
    groups: dict[tuple[Layer, Problem], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.layer, finding.problem), []).append(finding)
    return [_make_safely(group) for group in groups.values()]


def _make_safely(group: Sequence[Finding]) -> Diagnostic:
    try:
        return _make_diagnostic(group)
    except Exception as error:  # noqa: BLE001  it concerns what the group does and nothing else
        code = FAILED_CHECK if group[0].problem.severity is Severity.WARNING else BUG
        return refuse_bug(error, group[0].layer.document.path, code=code, job=group[0].job)


BUG = "JS901"
"""The code of an unexpected exception that leaves a file or a job unjudged."""

FAILED_CHECK = "JS902"
"""The code of one that a check raised which only warns."""

_DONE = {BUG: "judged", FAILED_CHECK: "checked in full"}


def refuse_bug(error: Exception, path: str, *, code: str = BUG, job: Layer | None = None) -> Diagnostic:
    """Say of a file, or of one of its jobs, that it could not be judged because of a bug.

    Args:
        error: What was raised.
        path: The file.
        code: `BUG`, or `FAILED_CHECK` where all can be used all the same.
        job: The job.
    """
    name = job.name if job else None
    what = f"the job `{name}`" if name else "the file"
    message = f"a bug in jobspec keeps {what} from being {_DONE[code]} ({describe_bug(error)})"
    location, severity = Location(path=path), RULES[code].severity
    return Diagnostic(code=code, message=message, location=location, severity=severity, hint=HINT, job=name)


def explain_bug(error: Exception, *, code: str = BUG, path: ValuePath = ()) -> Problem:
    """Say of a job, or of a part of it, that it could not be judged because of a bug.

    Args:
        error: What was raised.
        code: `BUG`, or `FAILED_CHECK` where the job can be used all the same.
        path: The part.
    """
    message = f"a bug in jobspec keeps the job from being {_DONE[code]} ({describe_bug(error)})"
    return Problem(path=path, code=code, message=message, hint=HINT, severity=RULES[code].severity)


def _make_diagnostic(group: Sequence[Finding]) -> Diagnostic:
    first = group[0]
    problem = first.problem
    jobs = list(dict.fromkeys(finding.job for finding in group if finding.job is not None))
    inheritors = [(job.name, job.locate(())) for job in jobs[:_SHOWN_JOBS] if job is not first.layer]
    return Diagnostic(
        code=problem.code,
        message=_cut(problem.message),
        location=_find_location(first),
        severity=problem.severity,
        hint=_cut(problem.hint),
        related=(*first.related, *make_related("inherited by", inheritors, len(jobs))),
        job=jobs[0].name if len(jobs) == 1 else None,
    )


def _cut(text: str) -> str:
    """Cut a text that repeats a huge one of the user's; not before it is masked, as half a token looks like none."""
    text = mask(text, is_prose=True)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def make_related(how: str, jobs: Sequence[tuple[str | None, Location]], total: int) -> Iterable[Related]:
    """Name the first of the jobs that a mistake concerns, and count the others.

    Args:
        how: How they are concerned, such as `inherited by`.
        jobs: Names and places of the first ones.
        total: How many there are.
    """
    others = total - len(jobs)
    for index, (name, location) in enumerate(jobs):
        more = f" and {others} other {'job' if others == 1 else 'jobs'}" if others and index == len(jobs) - 1 else ""
        yield Related(message=f"{how} {f'`{name}`' if name else 'this job'}{more}", location=location)


def _find_location(finding: Finding) -> Location:
    problem = finding.problem
    location = finding.layer.locate(problem.path, key=problem.on_key)
    if problem.span is None:
        return location
    return _narrow(location, find_value(finding.layer.value, problem.path), problem.span)


def _narrow(location: Location, value: Any, span: tuple[int, int]) -> Location:
    """Mark a part of a text, where the text stands in its line as it is and not escaped or folded."""
    if not isinstance(value, str):
        return location
    start = location.excerpt.find(value, location.column - 1)
    if start < 0 or start > location.column:  # a quote may stand before it
        return location
    first, end = span
    return replace(location, column=start + first + 1, length=max(1, end - first))


def order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by place, as a reader goes through the files, each mistake once."""
    return tuple(
        sorted(
            dict.fromkeys(diagnostics),
            key=lambda found: (found.location.path, found.location.line, found.location.column, found.code),
        )
    )


def unite(found: Mapping[str | None, Sequence[Diagnostic]]) -> tuple[Diagnostic, ...]:
    """Say each mistake of several environments once, with its environments where it is not one of all.

    Args:
        found: What each environment has; the key None is the base.
    """
    where: dict[tuple[str, str, Location], list[str | None]] = {}
    first: dict[tuple[str, str, Location], Diagnostic] = {}
    for env, diagnostics in found.items():
        for diagnostic in diagnostics:
            key = (diagnostic.code, diagnostic.message, diagnostic.location)
            first.setdefault(key, diagnostic)
            where.setdefault(key, []).append(env)
    return order(
        diagnostic if None in where[key] or len(where[key]) == len(found) else _say_where(diagnostic, where[key])
        for key, diagnostic in first.items()
    )


def _say_where(diagnostic: Diagnostic, environments: Sequence[str | None]) -> Diagnostic:
    names = [env for env in environments if env is not None]
    noun = "environment" if len(names) == 1 else "environments"
    return replace(diagnostic, message=f"{diagnostic.message} (in the {noun} {join_words(names)})")
