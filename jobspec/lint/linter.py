"""All rules over the jobs of one environment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jobspec.lint.clocks import lint_clocks
from jobspec.lint.herds import lint_herds
from jobspec.lint.secrets import lint_secrets
from jobspec.lint.skips import lint_skips
from jobspec.lint.times import lint_times
from jobspec.lint.warning import warn
from jobspec.spec.findings import FAILED_CHECK, Finding, explain_bug
from jobspec.spec.validation import find_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from jobspec.spec.lint_settings import LintSettings
    from jobspec.spec.loaded_jobs import Job
    from jobspec.spec.model import JobSpec
    from jobspec.spec.validation import Problem

_OWN = frozenset({"JS504", "JS505", "JS507"})
"""Rules that do not hold for what a job inherits: it is made for jobs of all kinds, and says little about this one."""

_KIB = 1024

# How large inputs and memos may be: the server's defaults (common/dynamicconfig/constants.go: limit.blobSize.error,
# limit.blobSize.warn, limit.memoSize.warn); the SDK warns at the same sizes.
MOST_BYTES = 2048 * _KIB
LARGE_BYTES = 512 * _KIB
LARGE_MEMO_BYTES = 2 * _KIB
_ELSEWHERE = "put the data where the workflow can fetch it, and pass its address"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


class Linter:
    """Lints jobs, each once: what is known of an unchanged job is said again without looking.

    Args:
        settings: What the project says about lint.
    """

    def __init__(self, settings: LintSettings) -> None:
        self._settings = settings
        self._known: dict[int, tuple[JobSpec, tuple[Problem, ...]]] = {}

    def lint(self, jobs: Iterable[Job], now: datetime) -> Iterator[Finding]:
        """Find what is rarely meant in the jobs of one environment.

        Args:
            jobs: All of its jobs.
            now: Changes of the clock and minutes with many jobs are looked for from this day on.
        """
        known = tuple(jobs)
        for job in known:
            try:
                found = [*self._find_in(job, now)]
            except Exception as error:  # noqa: BLE001  it concerns this job and no other
                found = [_tell_bug(job, error)]
            yield from found
        try:
            yield from lint_herds(known, now, self._settings.max_jobs_per_minute)
        except Exception as error:  # noqa: BLE001  all other rules have been looked at
            yield from (_tell_bug(job, error) for job in known[:1])

    def _find_in(self, job: Job, now: datetime) -> Iterator[Finding]:
        problems = [*self._lint_job(job.spec)]
        if job.spec.schedule is not None:
            problems += lint_clocks(job.spec.schedule, now)
        for problem in problems:
            if problem.code not in _OWN or job.origin(problem.path).layer is job.layers[-1]:
                yield _find(job, problem)

    def _lint_job(self, spec: JobSpec) -> tuple[Problem, ...]:
        """Apply the rules that know nothing but the job; a job is known as long as it is the same object."""
        found = self._known.get(id(spec))
        if found is None:
            found = self._known[id(spec)] = spec, tuple(lint_job(spec, self._settings))
        return found[1]


def _tell_bug(job: Job, error: Exception) -> Finding:
    return Finding(layer=job.layers[-1], problem=explain_bug(error, code=FAILED_CHECK), job=job.layers[-1])


def _find(job: Job, problem: Problem) -> Finding:
    """Lead a problem to the text that has it; a model has lists also where a single entry was written."""
    return job.find(replace(problem, path=find_path(problem.path, job.merged)))


def lint_job(spec: JobSpec, settings: LintSettings) -> Iterator[Problem]:
    """Apply the rules that know nothing but the job, whatever the day."""
    if settings.require_owner and not spec.owner.strip():
        yield warn(("name",), "JS512", f"the job `{spec.name}` has no owner", "set `owner`, here or in defaults")
    yield from lint_times(spec, settings)
    if spec.schedule is not None and spec.schedule.skip:
        yield from lint_skips(spec.schedule)
    yield from lint_sizes(spec)
    yield from lint_secrets(spec)


def lint_sizes(spec: JobSpec) -> Iterator[Problem]:
    """Warn of large inputs and memos, as plain JSON; a codec may make them smaller or larger."""
    path = ("input",) if "input" in spec.model_fields_set else ("args",)
    size = sum(map(_measure_json, spec.arguments))
    memo = _measure_json(spec.run.memo) if spec.run.memo else 0
    if size + memo > MOST_BYTES:
        where, what = (path, "input") if size >= memo else (("run", "memo"), "memo")
        message = (
            f"the {what} makes the job {_show_size(size + memo)}, more than the 2 MiB that Temporal takes by default"
        )
        yield warn(where, "JS513", message, _ELSEWHERE)
        return
    if size > LARGE_BYTES:
        message = f"the input has {_show_size(size)}; Temporal warns from 512 KiB on, and stores it with every run"
        yield warn(path, "JS513", message, _ELSEWHERE)
    if memo > LARGE_MEMO_BYTES:
        message = f"the memo has {_show_size(memo)}; Temporal warns from 2 KiB on, for every list of runs carries it"
        yield warn(("run", "memo"), "JS513", message, "keep what people look for in it, and the rest elsewhere")


def _measure_json(value: Any) -> int:
    return len(_ENCODER.encode(value).encode("utf-8", "surrogatepass"))


def _show_size(size: int) -> str:
    return f"{size / _KIB:,.0f} KiB" if size >= 10 * _KIB else f"{size / _KIB:.1f} KiB"
