"""Gather the jobs of many files: names that are there twice, frozen and absent jobs, all findings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobspec.bugs import describe_bug
from jobspec.diagnostics import Diagnostic, Related
from jobspec.spec.findings import Finding, explain_bug, make_diagnostics, make_related
from jobspec.spec.ignores import split_ignored
from jobspec.spec.job_layers import check_alone, list_environments
from jobspec.spec.job_validation import Judgement, check_runs, check_schema, judge_job
from jobspec.spec.loaded_jobs import Job
from jobspec.spec.merge import is_touched
from jobspec.spec.positions import quote
from jobspec.spec.validation import Problem, limit
from jobspec.spec.vocabulary import join_words, suggest_word
from jobspec.timing.upcoming import fires_plainly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from jobspec.spec.ignores import Ignore
    from jobspec.spec.job_layers import Form, Layer
    from jobspec.spec.job_validation import Schemas
    from jobspec.spec.model import JobSpec

_SHOWN_JOBS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What a file comes to whose jobs are all right, and will be until it or what they inherit is changed.

    Attributes:
        inherited: The defaults of its directories.
        declared: The environments of the project.
        named: Its jobs as they were written, by name.
        jobs: Those of them that are there in the environment.
        absent: The names of the others.
        environments: The environments that the file names.
    """

    inherited: tuple[Layer, ...]
    declared: frozenset[str]
    named: Mapping[str, Layer]
    jobs: Mapping[str, Job]
    absent: frozenset[str]
    environments: frozenset[str]


@dataclass(slots=True)
class Remembered:
    """What is known of the jobs of one file.

    Attributes:
        judgements: What became of each, by its index and the environment.
        plain: What all of them come to, by the environment, where nothing was wrong with any.
    """

    judgements: dict[tuple[int, str | None], Judgement] = field(default_factory=dict)
    plain: dict[str | None, Plain] = field(default_factory=dict)


MOST_MISTAKES = 10_000
"""How many mistakes are looked for in a project: to write down a hundred thousand takes ten seconds."""


class Collection:
    """The jobs of all files in one environment, as they come in.

    Args:
        env: The chosen environment.
        declared: The environments of the project; empty when it declares none.
        now: Judges which schedules have ended; None does not.
        schemas: Reads the schemas of inputs.
    """

    def __init__(self, env: str | None, declared: frozenset[str], now: datetime | None, schemas: Schemas) -> None:
        self.frozen: set[str] = set()
        self.absent: set[str] = set()
        self.environments: set[str] = set()
        self.ignores: set[Ignore] = set()
        self._env = env
        self._declared = declared
        self._now = now
        self._schemas = schemas
        self._findings: list[Finding] = []
        self._mistakes = 0
        self._jobs: dict[str, Job] = {}
        self._named: dict[str, Layer] = {}
        self._unusable: dict[Diagnostic, list[Layer]] = {}

    def add_defaults(self, form: Form) -> bool:
        """Take a defaults file in; tell whether it can be used."""
        self._findings += form.findings
        try:
            is_known = form.defaults is None or self._check_environments(form.defaults, None)
        except Exception as error:  # noqa: BLE001  it concerns the jobs below and no others
            assert form.defaults is not None  # noqa: S101
            self._findings.append(Finding(layer=form.defaults, problem=explain_bug(error)))
            return False
        return is_known and not form.is_broken

    def add_jobs(self, form: Form, inherited: tuple[Layer, ...] | None, known: Remembered) -> None:
        """Take the jobs of a file in.

        Args:
            form: What the file holds.
            inherited: The defaults of its directories, outermost first; None where they are broken.
            known: What earlier loads made of its jobs.
        """
        if inherited is None or not self._take_plain(inherited, known.plain.get(self._env)):
            before = len(self._findings)
            self._judge_jobs(form, inherited, known.judgements)
            known.plain.pop(self._env, None)
            if inherited is not None and len(self._findings) == before:
                try:
                    self._remember_plain(form, inherited, known)
                except Exception as error:  # noqa: BLE001  the jobs are judged; they will be again the next time
                    describe_bug(error)

    def _take_plain(self, inherited: tuple[Layer, ...], plain: Plain | None) -> bool:
        """Take over what a file came to in an earlier load; tell whether that still holds."""
        if plain is None or plain.inherited != inherited or plain.declared != self._declared:
            return False
        if not self._named.keys().isdisjoint(plain.named):
            return False
        self._named.update(plain.named)
        self._jobs.update(plain.jobs)
        self.absent.update(plain.absent)
        self.environments.update(plain.environments)
        return True

    def _remember_plain(self, form: Form, inherited: tuple[Layer, ...], known: Remembered) -> None:
        """Remember what a file comes to, unless that depends on another file or on the time."""
        named = {job.name: job for job in form.jobs if job.name is not None}
        jobs = {name: self._jobs[name] for name in named if name in self._jobs}
        if len(named) < len(form.jobs) or not all(self._is_plain(job.spec) for job in jobs.values()):
            return
        defaults = () if form.defaults is None else (form.defaults,)
        known.plain[self._env] = Plain(
            inherited=inherited,
            declared=self._declared,
            named=named,
            jobs=jobs,
            absent=frozenset(named.keys() - jobs.keys()),
            environments=frozenset(env for layer in (*defaults, *form.jobs) for env in list_environments(layer)),
        )

    def _is_plain(self, spec: JobSpec) -> bool:
        is_timeless = self._now is not None and (
            spec.schedule is None or fires_plainly(spec.schedule.timetable, self._now)
        )
        return spec.input_schema is None and is_timeless

    def _judge_jobs(
        self, form: Form, inherited: tuple[Layer, ...] | None, judged: dict[tuple[int, str | None], Judgement]
    ) -> None:
        is_usable = self.add_defaults(form)
        wrong = {finding.job for finding in form.findings if finding.job is not None}
        own = () if form.defaults is None else (form.defaults,)
        for index, job in enumerate(form.jobs):
            if self._mistakes > MOST_MISTAKES:
                self._leave_unchecked(form.jobs[index:])
                break
            before = len(self._findings)
            layers = None if inherited is None or not is_usable else (*inherited, *own, job)
            try:
                is_right = self._add_job(index, job, layers, judged)
            except Exception as error:  # noqa: BLE001  it concerns this job and no other
                self._findings.append(Finding(layer=job, problem=explain_bug(error), job=job))
                is_right = False
            if not is_right or job in wrong:
                self._freeze(job)
                self._mistakes += len(self._findings) - before

    def _leave_unchecked(self, jobs: Sequence[Layer]) -> None:
        """Freeze the rest of a file's jobs, and say so at the first of them."""
        message = f"there are more than {MOST_MISTAKES:,} mistakes; the jobs of this file are not checked from here on"
        problem = Problem(path=(), code="JS105", message=message, hint="fix the other mistakes first")
        self._findings.append(Finding(layer=jobs[0], problem=problem, job=jobs[0]))
        for job in jobs:
            if job.name is not None:
                self._named.setdefault(job.name, job)
            self._freeze(job)

    def _add_job(
        self,
        index: int,
        job: Layer,
        layers: tuple[Layer, ...] | None,
        judged: dict[tuple[int, str | None], Judgement],
    ) -> bool:
        """Take a job in, and the layers that make it up unless one is broken; tell whether nothing is wrong."""
        is_known = "env" not in job.value or self._check_environments(job, job)
        is_unique = self._check_name(job)
        if layers is None:
            self._findings += [Finding(layer=job, problem=found, job=job) for found in check_alone(job.value)]
            return False
        is_right = self._judge(index, layers, judged)
        return is_known and is_unique and is_right

    def freeze_all(self, form: Form) -> None:
        """Freeze the jobs of a file."""
        for job in form.jobs:
            self._freeze(job)

    def finish(self) -> tuple[dict[str, Job], list[Diagnostic]]:
        """Give the valid jobs by name, and all that is wrong and not ignored."""
        names = sorted(name for name in self._jobs if name not in self.frozen)
        kept, self.ignores = split_ignored(self._findings)
        diagnostics = make_diagnostics(kept)
        diagnostics += [_name_safely(problem, users) for problem, users in self._unusable.items()]
        return {name: self._jobs[name] for name in names}, diagnostics

    def _freeze(self, job: Layer) -> None:
        if job.name is not None:
            self.frozen.add(job.name)

    def _check_name(self, job: Layer) -> bool:
        name = job.name
        if name is None:
            return True
        first = self._named.setdefault(name, job)
        if first is job:
            return True
        problem = Problem(
            path=("name",),
            code="JS130",
            message=f"there is another job of the name `{name}`",
            hint="rename one of them",
        )
        related = (Related(message="the other one", location=first.locate(("name",))),)
        self._findings.append(Finding(layer=job, problem=problem, job=job, related=related))
        self.frozen.add(name)
        return False

    def _check_environments(self, layer: Layer, job: Layer | None) -> bool:
        """Note the environments that a layer names; tell whether the project has them all."""
        named = list_environments(layer)
        self.environments.update(named)
        unknown = [env for env in named if env not in self._declared] if self._declared else []
        problems = limit((self._refuse_environment(env) for env in unknown), ("env",))
        self._findings += [Finding(layer=layer, problem=problem, job=job) for problem in problems]
        return not unknown

    def _refuse_environment(self, env: str) -> Problem:
        words = sorted(self._declared)
        hint = suggest_word(env, words) or f"`jobspec.toml` declares {join_words(words)}"
        message = f"the project has no environment {quote(env)}"
        return Problem(path=("env", env), code="JS140", message=message, hint=hint, on_key=True)

    def _judge(self, index: int, layers: tuple[Layer, ...], judged: dict[tuple[int, str | None], Judgement]) -> bool:
        """Judge a job, or take over what is known of it; tell whether nothing is wrong."""
        env = self._env
        if env is not None and not is_touched([layer.value for layer in layers], env):
            env = None
        judgement = judged.get((index, env))
        if judgement is None or judgement.layers != layers:
            judgement = judged[index, env] = judge_job(layers, env)
        name = layers[-1].name
        if judgement.is_absent and name is not None:
            self.absent.add(name)
        self._findings += judgement.findings
        spec = judgement.spec
        if spec is None:
            return judgement.is_absent
        is_valid = spec.input_schema is None or self._check_input(judgement, spec)
        schema = judgement.schema if spec.input_schema else None
        self._jobs[spec.name] = Job(spec=spec, layers=layers, env=env, schema=schema)
        if self._now is not None and spec.schedule is not None:
            self._findings += check_runs(judgement, spec.schedule, self._now)
        return is_valid

    def _check_input(self, judgement: Judgement, spec: JobSpec) -> bool:
        found = check_schema(judgement, spec, self._schemas)
        if isinstance(found, tuple):
            self._findings += found
            return not found
        self._unusable.setdefault(found, []).append(judgement.layers[-1])
        return False


def _name_safely(problem: Diagnostic, users: list[Layer]) -> Diagnostic:
    try:
        return _name_users(problem, users)
    except Exception as error:  # noqa: BLE001  what is wrong is said without them
        describe_bug(error)
        return problem


def _name_users(problem: Diagnostic, users: list[Layer]) -> Diagnostic:
    """Say which jobs use a schema that is wrong, once however many they are."""
    shown = [(user.name, user.locate(("input_schema",))) for user in users[:_SHOWN_JOBS]]
    return replace(problem, related=tuple(make_related("used by", shown, len(users))))
