"""One job's layers → a valid spec, or what is wrong with it; and what can be remembered about that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.spec.input_schema import Verdict, check_input, read_schema, resolve, say_unjudged
from jobspec.spec.loaded_jobs import ValuePlace, find_place, make_finding
from jobspec.spec.merge import merge
from jobspec.spec.model import JobSpec
from jobspec.spec.validation import Problem, validate_job
from jobspec.timing.upcoming import fires_plainly, next_run

if TYPE_CHECKING:
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.findings import Finding
    from jobspec.spec.input_schema import FileReader, InputSchema
    from jobspec.spec.job_layers import Layer
    from jobspec.spec.model import ScheduleSpec


_MOST_CALENDARS = 1000
"""With more, it would take long to find out that a schedule never fires."""


@dataclass(slots=True, kw_only=True, eq=False)
class Judgement:
    """What became of one job in one environment; holds as long as its layers do.

    Attributes:
        layers: What was judged, the job itself last.
        env: The environment, None for the base or where none of the layers says anything about the environment.
        spec: The valid job.
        is_absent: Whether it is not there in this environment.
        findings: What is wrong with it.
        schema: The schema that last judged its input.
        schema_findings: What that schema had against it.
        fires_at: A run that is known to come; until then nobody needs to ask again whether it ever fires.
    """

    layers: tuple[Layer, ...]
    env: str | None
    spec: JobSpec | None = None
    is_absent: bool = False
    findings: tuple[Finding, ...] = ()
    schema: InputSchema | None = None
    schema_findings: tuple[Finding, ...] = ()
    fires_at: datetime | None = None

    def find(self, problem: Problem) -> Finding:
        """Lead a problem of the merged job to the text that has it."""
        return make_finding(self.layers, self.env, problem)

    def find_schema_place(self) -> ValuePlace:
        """Find where `input_schema` was written, which is what it is relative to."""
        return find_place(self.layers, ("input_schema",), self.env)


def judge_job(layers: tuple[Layer, ...], env: str | None) -> Judgement:
    """Merge a job and validate it."""
    judgement = Judgement(layers=layers, env=env)
    merged = merge([layer.value for layer in layers], env)
    if merged is None:
        judgement.is_absent = True
        return judgement
    result = validate_job(merged)
    if isinstance(result, JobSpec):
        judgement.spec = result
    else:
        judgement.findings = tuple(judgement.find(problem) for problem in result)
    return judgement


class Schemas:
    """The schema files that one load needs, each read once.

    Args:
        read: How to read them.
        known: Schemas from an earlier load.
    """

    def __init__(self, read: FileReader, known: dict[str, InputSchema]) -> None:
        self._read = read
        self._known = known
        self._fresh: dict[str, InputSchema | str] = {}
        self._slow: dict[str, str] = {}

    @property
    def loaded(self) -> dict[str, InputSchema]:
        """What can be taken over by the next load."""
        return {path: schema for path, schema in self._fresh.items() if not isinstance(schema, str)}

    def get(self, path: str) -> InputSchema | str:
        """Read a schema by its name to show; why it cannot be read otherwise."""
        if path not in self._fresh:
            file = self._read(path)
            if file.problem is not None:
                self._fresh[path] = file.problem.message
            else:
                self._fresh[path] = read_schema(file, self._known.get(path))
        return self._fresh[path]

    def judge(self, schema: InputSchema, spec: JobSpec) -> Verdict:
        """Judge the input of a job; once a schema could not judge one, it is tried with no other in this load."""
        if schema.path in self._slow:
            reason = f"it failed on that of `{self._slow[schema.path]}`, and is tried again the next time"
            return Verdict(problems=(say_unjudged(schema, reason),), gave_up=True, is_final=False)
        verdict = check_input(schema, spec.input)
        if verdict.gave_up:
            self._slow[schema.path] = spec.name
        return verdict


def check_schema(judgement: Judgement, spec: JobSpec, schemas: Schemas) -> tuple[Finding, ...] | Diagnostic:
    """Judge the input of a job by its schema.

    Returns:
        What is wrong with the job; or what is wrong with the schema itself, which concerns all that use it.
    """
    place = judgement.find_schema_place()
    path = resolve(place.layer.document.path, spec.input_schema or "")
    schema = schemas.get(path) if path else "it is no relative path with forward slashes"
    if isinstance(schema, str):
        message = f"the schema file cannot be read: {schema}"
        hint = "the path is relative to the file that names it"
        return (judgement.find(Problem(path=("input_schema",), code="JS310", message=message, hint=hint)),)
    if schema.problem is not None:
        return schema.problem
    if judgement.schema is schema:
        return judgement.schema_findings
    verdict = schemas.judge(schema, spec) if "input" in spec.model_fields_set else Verdict()
    judgement.schema_findings = tuple(judgement.find(problem) for problem in verdict.problems)
    judgement.schema = schema if verdict.is_final else None
    return judgement.schema_findings


def check_runs(judgement: Judgement, schedule: ScheduleSpec, now: datetime) -> tuple[Finding, ...]:
    """Warn of a schedule that has ended or will never fire."""
    if schedule.end_at is not None and schedule.end_at <= now:
        message = f"the schedule ended at `{schedule.end_at.isoformat()}`, so the job never runs again"
        return (judgement.find(_warn(("schedule", "end_at"), "JS240", message, "move the end, or remove the job")),)
    if schedule.end_at is not None and schedule.start_at is not None and schedule.end_at < schedule.start_at:
        message = "`end_at` is before `start_at`, so the schedule never fires"
        problem = _warn(("schedule", "end_at"), "JS241", message, "move one of them")
        return (judgement.find(replace(problem, other=("schedule", "start_at"))),)
    if fires_plainly(schedule.timetable, now):
        return ()
    if len(schedule.cron) + len(schedule.calendar) + len(schedule.skip) > _MOST_CALENDARS:
        return ()
    if judgement.fires_at is None or judgement.fires_at <= now:
        judgement.fires_at = next_run(schedule.timetable, now)
    if judgement.fires_at is not None:
        return ()
    kind = next(kind for kind in ("interval", "cron", "calendar") if getattr(schedule, kind))
    hint = "look at its days and months, `skip`, `start_at` and `end_at`"
    return (judgement.find(_warn(("schedule", kind), "JS241", "the schedule never fires", hint)),)


def _warn(path: tuple[str, ...], code: str, message: str, hint: str) -> Problem:
    return Problem(path=path, code=code, message=message, hint=hint, severity=Severity.WARNING)
