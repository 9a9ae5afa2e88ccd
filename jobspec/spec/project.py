"""The project file `jobspec.toml`: whose the schedules are, where the specs lie, which environments there are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema, model_validator

from jobspec.diagnostics import Diagnostic, Location
from jobspec.errors import InvalidDefinitionError, ProjectError, RefusedError, UsageError
from jobspec.spec.document import locate, parse_file
from jobspec.spec.file_content import read_file
from jobspec.spec.findings import Finding, make_diagnostics, order, refuse_bug
from jobspec.spec.frozen_model import SpecPart, kind_of, mistake
from jobspec.spec.job_layers import Layer
from jobspec.spec.lint_settings import LintSettings
from jobspec.spec.positions import quote
from jobspec.spec.redaction import PlanSettings, Redaction
from jobspec.spec.scalars import DURATION_SCHEMA, ImportPath, check_duration
from jobspec.spec.spec_files import MAX_BYTES, PROJECT_FILE, SourceFile, refuse
from jobspec.spec.validation import Problem, make_problems, say_path
from jobspec.spec.vocabulary import join_words, plain, read_keys, suggest_key, suggest_word

if TYPE_CHECKING:
    from jobspec.spec.enclosure import Enclosure

ID_PATTERN = r"[a-z0-9][a-z0-9._-]{0,62}"
"""Project ids; `-` alone is none, because it is what marks a schedule as given up."""

ENVIRONMENT_PATTERN = r"(?!x-)[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
"""Environment names; beginning with `x-` they would be ignored in specs."""


def _project_id(value: Any) -> str:
    if not isinstance(value, str):
        raise mistake("JS403", f"a project id must be text, not {kind_of(value)}")
    if not re.fullmatch(ID_PATTERN, value, re.ASCII):
        hint = "use 1 to 63 lower-case letters, digits and . _ -, beginning with a letter or digit"
        raise mistake("JS403", f"{quote(value)} is no project id", hint)
    return value


def _root(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        what = (
            kind_of(value) if not isinstance(value, str) else "control characters" if value.strip() else "an empty text"
        )
        raise mistake("JS402", f"a spec root must be the name of a directory, not {what}")
    path = Path(value)
    if path.is_absolute() or ".." in path.parts:
        message = f"the spec root {quote(value)} must be a directory of the project, named from `{PROJECT_FILE}` on"
        raise mistake("JS402", message, "write it without `..` and without a slash at the beginning")
    return value


def _environment_name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(ENVIRONMENT_PATTERN, value, re.ASCII):
        hint = "use letters, digits and . _ -, beginning with a letter or digit but not with `x-`"
        shown = quote(value) if isinstance(value, str) else kind_of(value)
        raise mistake("JS402", f"{shown} is no name for an environment", hint)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise mistake("JS402", f"a name is wanted, not {'an empty text' if value == '' else kind_of(value)}")
    return value


def _list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


ProjectId = Annotated[
    str, BeforeValidator(_project_id), WithJsonSchema({"type": "string", "pattern": f"^{ID_PATTERN}$"})
]
SpecRoot = Annotated[str, BeforeValidator(_root), WithJsonSchema({"type": "string", "minLength": 1})]
EnvironmentName = Annotated[str, BeforeValidator(_environment_name)]
ConnectionName = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "minLength": 1})]
GraceTime = Annotated[timedelta, BeforeValidator(check_duration), DURATION_SCHEMA]


class Guards(SpecPart):
    """What a single apply may do without being told twice."""

    max_deletes: Annotated[int, Field(ge=0)] = 5
    """How many jobs may leave at once; more need `--allow deletes=N`."""


class Prune(SpecPart):
    """What happens to jobs that left the specs."""

    grace: Annotated[GraceTime, Field(examples=["24h"])] = timedelta(hours=24)
    """From retired to deleted; `0s` deletes at once."""


class Environment(SpecPart):
    """Where an environment is."""

    profile: Annotated[ConnectionName | None, Field(examples=["staging"])] = None
    """Profile of Temporal's own `temporal.toml`."""

    namespace: Annotated[ConnectionName | None, Field(examples=["shop-staging"])] = None
    """Namespace that the connection must have; with another one nothing is written."""


class Project(SpecPart):
    """The content of `jobspec.toml`."""

    project: Annotated[ProjectId | None, Field(examples=["shop"])] = None
    """Permanent id: the ownership mark of all schedules; needed to write."""

    also_owns: Annotated[tuple[ProjectId, ...], BeforeValidator(_list), Field(examples=[["store"]])] = ()
    """Former ids, still ours."""

    specs: Annotated[tuple[SpecRoot, ...], BeforeValidator(_list), Field(min_length=1)] = ("specs",)
    """Directories that hold the spec files, relative to this file."""

    data_converter: Annotated[ImportPath | None, Field(examples=["shop.codec:converter"])] = None
    """Import path of the data converter; default: that of `temporalio.contrib.pydantic`."""

    guards: Guards = Guards()
    """What a single apply may do without being told twice."""

    prune: Prune = Prune()
    """What happens to jobs that left the specs."""

    plan: PlanSettings = PlanSettings()
    """How plans are shown."""

    lint: LintSettings = LintSettings()
    """What `jobspec validate` warns of, beyond mistakes."""

    env: dict[EnvironmentName, Environment] = Field(default={}, examples=[{"staging": {"namespace": "shop-staging"}}])
    """The environments; once there is one, `--env` is needed."""

    @property
    def redaction(self) -> Redaction:
        """What must not be shown of its jobs."""
        return Redaction.of(self.plan)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if self.project is not None and self.project in self.also_owns:
            index = self.also_owns.index(self.project)
            raise mistake("JS403", "`also_owns` names former ids, not the present one", path=("also_owns", index))
        return self


NO_PROJECT: Final = Project()
"""All defaults, where there is no file."""


def read_project_file(enclosure: Enclosure) -> SourceFile:
    """Read `jobspec.toml` as it was found in a directory; one that has vanished meanwhile has a problem."""
    missing = refuse("JS001", PROJECT_FILE, "it has vanished while it was read", "try again")
    return read_file(PROJECT_FILE, enclosure) or SourceFile(path=PROJECT_FILE, problem=missing)


def read_project(file: SourceFile) -> Project | tuple[Diagnostic, ...]:
    """Read a project file that was found already, on this disk or elsewhere.

    Returns:
        The project, or everything that is wrong with it.
    """
    try:
        return _read_project(file)
    except Exception as error:  # noqa: BLE001  the daemon goes on when the file is another one
        return (refuse_bug(error, file.path),)


def _read_project(file: SourceFile) -> Project | tuple[Diagnostic, ...]:
    document = parse_file(file)
    if isinstance(document, Diagnostic):
        return (_translate_file(document),)
    try:
        return Project.model_validate(document.value)
    except ValidationError as error:
        layer = Layer(document=document, path=(), value=document.value)
        problems = [_translate(problem) for problem in make_problems(error, document.value, say_unknown=_say_unknown)]
        return order(make_diagnostics(Finding(layer=layer, problem=problem) for problem in problems))


def _translate_file(found: Diagnostic) -> Diagnostic:
    """Say of this file what is said of spec files otherwise."""
    message, hint = _FILE_MISTAKES.get(found.code, (found.message, found.hint))
    return replace(found, message=message, hint=hint)


_SETTINGS_HINT = 'write `project = "…"` with an id that the project will keep'
_FILE_MISTAKES = {
    "JS002": ("this is no regular file", "remove it, and write a file in its place"),
    "JS004": (f"the file has more than the {MAX_BYTES:,} bytes that are read", "keep only settings in it"),
    "JS006": ("the file is empty", _SETTINGS_HINT),
}


def _translate(problem: Problem) -> Problem:
    """Give a problem the code of this file where its own is one of jobs; a level without a rule is a wrong key."""
    if problem.code == "JS404":
        return replace(problem, on_key=True)
    return replace(problem, code="JS402") if problem.code.startswith("JS1") else problem


_OTHER_WORDS = {
    "name": "project",
    "id": "project",
    "projectid": "project",
    "root": "specs",
    "roots": "specs",
    "paths": "specs",
    "directory": "specs",
    "converter": "data_converter",
    "codec": "data_converter",
    "environment": "env",
    "environments": "env",
    "formerids": "also_owns",
    "aliases": "also_owns",
    "maxdeletes": "guards.max_deletes",
    "grace": "prune.grace",
    "redact": "plan.redact",
    "sensitive": "plan.redact",
    "levels": "lint.levels",
    "rules": "lint.levels",
    "requireowner": "lint.require_owner",
}


def _say_unknown(path: tuple[str | int, ...]) -> Problem:
    key = str(path[-1])
    message = f"there is no key {quote(key)}" + (f" in `{say_path(path[:-1])}`" if len(path) > 1 else "")
    known = _OTHER_WORDS.get(plain(key)) if len(path) == 1 else None
    place = ("env",) if path[0] == "env" else path[:-1]  # below `env` names come first, which are free
    hint = f"jobspec calls it `{known}`" if known else suggest_key(key, place, read_keys(Project))
    return Problem(path=path, code="JS401", message=message, hint=hint, on_key=True)


def locate_roots(file: SourceFile, project: Project) -> dict[str, Location]:
    """Find where a project file names its spec roots; nothing of those that it leaves to the default.

    Args:
        file: The file.
        project: What it says.
    """
    document = parse_file(file)
    if isinstance(document, Diagnostic) or "specs" not in document.value:
        return {}
    return {root: locate(document, ("specs", index)) for index, root in enumerate(project.specs)}


def check_project_id(text: str) -> str:
    """Check an id that code gives.

    Raises:
        InvalidDefinitionError: It is none.
    """
    try:
        return TypeAdapter(ProjectId).validate_python(text)
    except ValidationError as error:
        raise InvalidDefinitionError("; ".join(detail["msg"] for detail in error.errors())) from error


def get_project_id(project: Project) -> str:
    """Give the id that marks what the project owns.

    Raises:
        ProjectError: There is none, and writing needs one.
    """
    if project.project is None:
        raise ProjectError(f"the project has no id; set `project` in `{PROJECT_FILE}`, or run `jobspec init`")
    return project.project


def list_owners(project: Project) -> frozenset[str]:
    """Give all marks that are the project's: its id and its former ones.

    Raises:
        ProjectError: It has no id, so nothing can be its own.
    """
    return frozenset({get_project_id(project), *project.also_owns})


def resolve_environment(project: Project, env: str | None) -> Environment:
    """Give the settings of the chosen environment.

    Args:
        project: The project.
        env: What `--env` says; None without it. Where the project declares no environments, any may be chosen.

    Raises:
        UsageError: One must be chosen, or there is none of that name.
    """
    if not project.env:
        if env is not None and not re.fullmatch(ENVIRONMENT_PATTERN, env, re.ASCII):
            raise UsageError(f"`{env}` is no name for an environment")
        return Environment()
    names = sorted(project.env)
    if env is None:
        raise UsageError(f"choose an environment with `--env`: {join_words(names, 'or')}")
    if env not in project.env:
        hint = suggest_word(env, names)
        raise UsageError(f"there is no environment `{env}`; {hint or 'the project has ' + join_words(names)}")
    return project.env[env]


def check_environment(environment: Environment, env: str | None, namespace: str) -> None:
    """Hold a connection to an environment's namespace.

    Args:
        environment: Where it is.
        env: Its name.
        namespace: Where the connection leads.

    Raises:
        RefusedError: The environment is in another one.
    """
    if environment.namespace not in (None, namespace):
        raise RefusedError(
            f"the environment `{env}` is in the namespace `{environment.namespace}`, but the connection leads to "
            f"`{namespace}`; set the namespace of the Temporal profile, TEMPORAL_NAMESPACE or --namespace to it"
        )
