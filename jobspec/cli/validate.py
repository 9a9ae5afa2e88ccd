"""`validate`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import ExitCode
from jobspec.cli.options import env_option, output_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.loaded import Job, Loaded
    from jobspec.spec.loader import Checked
    from jobspec.spec.project import Workspace


@click.command("validate")
@env_option
@click.option("--no-imports", is_flag=True, help="Do not import workflows, activities and models; runs no user code.")
@output_option("text", "json")
def validate_command(environment: str | None, output: str, *, no_imports: bool) -> int:
    """Check the spec files, their import paths and inputs.

    Without --env every environment is checked. Shows all mistakes at once and exits 1 if there are any.
    """
    from jobspec.cli.output import say
    from jobspec.spec.project import load_workspace
    from jobspec.spec.reports import order

    workspace = load_workspace(Path.cwd())
    checked = _load(workspace, environment)
    found = [*checked.diagnostics, *(() if no_imports else check_code(checked, workspace.directory))]
    diagnostics = order(found)
    _report(checked, diagnostics, output)
    for message in _describe_roots(checked, workspace):
        say(message)
    has_errors = any(found.is_error for found in diagnostics)
    if has_errors:
        return ExitCode.FAILED
    # A wrong directory would pass every review if nothing were called valid.
    return ExitCode.REFUSED if _is_empty(checked) else ExitCode.OK


def _load(workspace: Workspace, environment: str | None) -> Checked:
    from jobspec.cli.specs import open_specs
    from jobspec.spec.loader import Checked, load_all_environments

    if environment:
        loaded = open_specs(environment).loaded
        return Checked(by_environment={environment: loaded}, diagnostics=loaded.diagnostics)
    return load_all_environments(
        workspace.roots,
        relative_to=workspace.directory,
        environments=tuple(workspace.project.env),
        now=datetime.now(UTC),
    )


def check_code(checked: Checked, directory: Path) -> tuple[Diagnostic, ...]:
    """Import what the jobs name and check them against it; what several environments share is said once."""
    from jobspec.spec.reports import unite

    return unite({env: check_loaded(loaded, directory) for env, loaded in checked.by_environment.items()})


def check_loaded(loaded: Loaded, directory: Path) -> list[Diagnostic]:
    """Check the jobs of one environment against the code that they name."""
    from jobspec.jobs.checks import check_clashes, check_job
    from jobspec.spec.reports import make_diagnostics

    clashes = check_clashes((job.spec for job in loaded.jobs.values()), directory)
    return make_diagnostics(
        job.find(problem)
        for name, job in loaded.jobs.items()
        for problem in (*check_job(job.spec, directory), *clashes.get(name, ()))
    )


def _walk_jobs(checked: Checked) -> Iterator[Job]:
    for loaded in checked.by_environment.values():
        yield from loaded.jobs.values()


def _report(checked: Checked, diagnostics: Sequence[Diagnostic], output: str) -> None:
    from jobspec.cli.output import put, wants_color
    from jobspec.render.conversion import diagnostics_document
    from jobspec.render.diagnostics import render_diagnostics, summarize_diagnostics

    if output == "json":
        put(diagnostics_document(diagnostics).to_json())
        return
    if diagnostics:
        put(render_diagnostics(diagnostics, color=wants_color(sys.stdout)))
    jobs = {job.spec.name for job in _walk_jobs(checked)}
    names = [env for env in checked.by_environment if env]
    where = f" in {len(names)} environments ({', '.join(names)})" if len(names) > 1 else ""
    if diagnostics:
        put(summarize_diagnostics(diagnostics))
    elif not _is_empty(checked):
        put(f"{_count(len(jobs), 'job')}{where}, no mistakes.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_empty(checked: Checked) -> bool:
    return any(loaded.is_empty for loaded in checked.by_environment.values())


def _describe_roots(checked: Checked, workspace: Workspace) -> Iterator[str]:
    loaded = next(iter(checked.by_environment.values()))
    yield from (f"The spec directory `{root}` does not exist." for root in loaded.missing_roots)
    yield from (f"The spec directory `{root}` holds no job." for root in loaded.empty_roots)
    if loaded.is_empty and workspace.file is None:
        yield "There is no `jobspec.toml` here or above; `jobspec init` begins a project."
