"""The project and its specs, as nearly every command begins with them, and the jobs that a command line names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobspec.cli.output import say, say_diagnostics
from jobspec.errors import NotFoundError
from jobspec.spec.project import list_owners, resolve_environment
from jobspec.spec.workspace import load_workspace, open_workspace

if TYPE_CHECKING:
    from jobspec.diagnostics import Diagnostic
    from jobspec.library.registry import Registry
    from jobspec.planning.desired import JobSet
    from jobspec.planning.disclosure import Privacy
    from jobspec.planning.guards import Allowances
    from jobspec.planning.planner import Terms
    from jobspec.spec.loaded_jobs import Job, Loaded
    from jobspec.spec.project import Environment, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """A project with its specs loaded for one environment.

    Attributes:
        directory: Where jobspec.toml is, and where import paths start.
        project: What it says.
        env: The chosen environment's name; None where the project declares none.
        environment: Where that environment is.
        loaded: The jobs and all that is wrong with them.
        now: When they were loaded.
    """

    directory: Path
    project: Project
    env: str | None
    environment: Environment
    loaded: Loaded
    now: datetime

    @property
    def owners(self) -> frozenset[str]:
        """All marks that are ours: the project and its former ids.

        Raises:
            ProjectError: The project has no id, so nothing can be its own.
        """
        return list_owners(self.project)

    def make_terms(self, allowances: Allowances | None = None) -> Terms:
        """Say what a plan is made under.

        Args:
            allowances: Guards that the caller lets pass; default: none.

        Raises:
            ProjectError: The project has no id, so nothing can be its own.
        """
        from jobspec.planning.planner import make_terms

        return make_terms(self.project, self.loaded, now=self.now, allowances=allowances)

    def make_privacy(self, *, hides_input: bool = False, shows_input: bool = False, key: bytes = b"") -> Privacy:
        """Say what of a plan must not be shown.

        Args:
            hides_input: Whether inputs go through a codec.
            shows_input: Whether somebody asked to see them all the same.
            key: What only those know who can read live schedules; empty where no server was asked.
        """
        from jobspec.planning.disclosure import Privacy

        return Privacy(redaction=self.loaded.redaction, hides_input=hides_input, shows_input=shows_input, key=key)

    @property
    def job_set(self) -> JobSet:
        """The jobs, to plan for."""
        from jobspec.planning.desired import JobSet

        return JobSet.of_files(self.loaded, self.env)

    @property
    def has_mistakes(self) -> bool:
        """Whether any text is wrong, warnings aside."""
        return any(found.is_error for found in self.loaded.diagnostics)


def open_specs(env: str | None) -> Specs:
    """Find the project from the working directory upwards and load its specs.

    Args:
        env: As given by `--env`.

    Raises:
        ProjectError: jobspec.toml is broken.
        UsageError: The environment is missing or unknown.
    """
    workspace = load_workspace(Path.cwd())
    environment = resolve_environment(workspace.project, env)
    now = datetime.now(UTC)
    loaded = open_workspace(workspace, env=env, now=now)
    return Specs(
        directory=workspace.directory,
        project=workspace.project,
        env=env,
        environment=environment,
        loaded=loaded,
        now=now,
    )


def find_job(loaded: Loaded, name: str) -> Job:
    """Find a job by its name; what is wrong with it is said on stderr.

    Args:
        loaded: The jobs.
        name: As given.

    Raises:
        NotFoundError: There is none that can be used.
    """
    job = loaded.jobs.get(name)
    if job is not None:
        return job
    is_known = name in loaded.frozen or name in loaded.absent
    found = [each for each in loaded.diagnostics if each.job == name or (not is_known and _hides_jobs(each))]
    say_diagnostics(found)
    raise _refuse_name(name, loaded, is_hidden=bool(found))


def _hides_jobs(found: Diagnostic) -> bool:
    """Whether it may be the reason why a job is not known: its file could not be read."""
    return found.is_error and found.code < "JS1"


def _refuse_name(name: str, loaded: Loaded, *, is_hidden: bool) -> NotFoundError:
    from difflib import get_close_matches

    if name in loaded.frozen:
        return NotFoundError(f"the job `{name}` has mistakes, so there is nothing to show; see above")
    if name in loaded.absent:
        return NotFoundError(f"the job `{name}` is not there in this environment")
    if is_hidden:
        return NotFoundError(f"no spec that can be read names a job `{name}`; see above")
    nearest = get_close_matches(name, loaded.jobs, n=3)
    hint = "; did you mean " + " or ".join(f"`{match}`" for match in nearest) + "?" if nearest else ""
    return NotFoundError(f"no spec names a job `{name}`{hint}")


def open_registry(specs: Specs) -> Registry:
    """Make the registry of the specs' jobs."""
    from jobspec.library.project_registry import make_registry

    return make_registry(specs.loaded, project=specs.project, directory=specs.directory, env=specs.env)


def warn_of_others(specs: Specs, names: set[str]) -> None:
    """Mention in one line that specs of other jobs have mistakes."""
    number = sum(found.is_error and found.job not in names for found in specs.loaded.diagnostics)
    if number:
        verb = "another spec has a mistake" if number == 1 else f"other specs have {number} mistakes"
        say(f"warning: {verb}; `jobspec validate` shows {'it' if number == 1 else 'them'}")
