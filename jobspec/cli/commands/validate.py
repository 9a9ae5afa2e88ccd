"""`validate`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobspec.cli.exits import code_of_files
from jobspec.cli.options import ConnectionOptions, connection_options, env_option, output_option
from jobspec.cli.output import put, say, say_diagnostics, wants_color
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.diagnostics import Diagnostic
    from jobspec.lint.namespace import NamespaceFacts
    from jobspec.spec.findings import Finding
    from jobspec.spec.loaded_jobs import Job, Loaded
    from jobspec.spec.loader import Checked
    from jobspec.spec.project import Project
    from jobspec.spec.workspace import Workspace


@click.command("validate")
@env_option
@click.option("--no-imports", is_flag=True, help="Do not import workflows, activities and models; runs no user code.")
@click.option("--live", is_flag=True, help="Ask the namespace too: search attributes, and workers for task queues.")
@connection_options
@output_option("text", "json", "github")
def validate_command(environment: str | None, output: str, *, no_imports: bool, live: bool, **connection: Any) -> int:
    """Check the spec files, their import paths and inputs, and warn of what is rarely meant.

    Without --env every environment is checked. Shows all mistakes at once and exits 1 if there are any; warnings count
    where jobspec.toml makes them errors.
    """
    from jobspec.spec.workspace import load_workspace

    options = _check_options(connection, live=live)
    workspace = load_workspace(Path.cwd())
    now = datetime.now(UTC)
    checked = _load(workspace, environment, now)
    facts = _ask_namespace(workspace, environment, checked, options) if live else None
    diagnostics = _review(workspace, checked, now, facts, is_complete=environment is None, no_imports=no_imports)
    _report(checked, diagnostics, output, workspace.directory)
    for message in _describe_roots(checked, workspace):
        say(message)
    return code_of_files(has_errors=any(found.is_error for found in diagnostics), is_empty=_is_empty(checked))


def _check_options(connection: dict[str, str | None], *, live: bool) -> ConnectionOptions:
    if not live and any(connection.values()):
        raise UsageError("--profile, --address and --namespace go with --live; nothing else here asks Temporal")
    return ConnectionOptions(**connection)


def _load(workspace: Workspace, environment: str | None, now: datetime) -> Checked:
    from jobspec.cli.specs import open_specs
    from jobspec.spec.loader import Checked, load_all_environments

    if environment:
        loaded = open_specs(environment).loaded
        return Checked(by_environment={environment: loaded}, diagnostics=loaded.diagnostics)
    return load_all_environments(workspace, now=now)


def _review(
    workspace: Workspace,
    checked: Checked,
    now: datetime,
    facts: NamespaceFacts | None,
    *,
    is_complete: bool,
    no_imports: bool,
) -> tuple[Diagnostic, ...]:
    """Say all that is wrong and all that is rarely meant."""
    from jobspec.lint.namespace import lint_namespace
    from jobspec.lint.review import Review, list_unchecked

    review = Review(workspace.project.lint, now)
    for env, loaded in checked.by_environment.items():
        found = [] if no_imports else find_in_code(loaded, workspace.directory, workspace.project)
        if facts is not None:
            found += lint_namespace(loaded.jobs.values(), facts)
        review.add(env, loaded, found)
    unchecked = list_unchecked(imports=no_imports, namespace=facts is None)
    return review.finish(checked.diagnostics, unchecked=unchecked, is_complete=is_complete)


def check_loaded(loaded: Loaded, directory: Path, project: Project) -> list[Diagnostic]:
    """Check the jobs of one environment against the code that they name."""
    from jobspec.spec.findings import make_diagnostics
    from jobspec.spec.hidden_values import hide_values
    from jobspec.spec.ignores import split_ignored

    kept, _ = split_ignored(find_in_code(loaded, directory, project))
    return [*hide_values(make_diagnostics(kept), loaded.documents, loaded.redaction)]


def find_in_code(loaded: Loaded, directory: Path, project: Project) -> list[Finding]:
    """Find what is wrong between the jobs of one environment and the code that they name."""
    from jobspec.library.checks import check_clashes, check_job

    clashes = check_clashes((job.spec for job in loaded.jobs.values()), directory)
    own_converter = project.data_converter is not None
    return [
        job.find(problem)
        for name, job in loaded.jobs.items()
        for problem in (*check_job(job.spec, directory, own_converter=own_converter), *clashes.get(name, ()))
    ]


def _ask_namespace(
    workspace: Workspace, environment: str | None, checked: Checked, options: ConnectionOptions
) -> NamespaceFacts:
    """Find out what the namespace has of what the jobs need."""
    import asyncio

    from jobspec.cli.session import complete_options
    from jobspec.spec.project import resolve_environment

    chosen = resolve_environment(workspace.project, environment)
    completed = complete_options(options, env=environment, environment=chosen)
    queues = sorted({job.spec.queue for job in _walk_jobs(checked)})
    return asyncio.run(_read_facts(completed, queues))


async def _read_facts(options: ConnectionOptions, queues: Sequence[str]) -> NamespaceFacts:
    """Ask the namespace for its search attributes, and for the workers of all task queues at once."""
    import asyncio

    from temporalio.converter import DataConverter

    from jobspec.lint.namespace import NamespaceFacts
    from jobspec.temporal.connection import check_namespace, connect
    from jobspec.temporal.requests import Requests
    from jobspec.temporal.runs.gateway import Runs
    from jobspec.temporal.search_attributes import list_search_attributes

    client = await connect(
        profile=options.profile,
        address=options.address,
        namespace=options.namespace,
        data_converter=DataConverter.default,  # no payload is read
    )
    await check_namespace(client)
    attributes = await list_search_attributes(client, Requests())
    found = await asyncio.gather(*map(Runs(client).task_queue, queues))
    idle = frozenset(queue.name for queue in found if not queue.is_reachable)
    return NamespaceFacts(name=client.namespace, search_attributes=frozenset(attributes), idle_queues=idle)


def _walk_jobs(checked: Checked) -> Iterator[Job]:
    for loaded in checked.by_environment.values():
        yield from loaded.jobs.values()


def _report(checked: Checked, diagnostics: Sequence[Diagnostic], output: str, directory: Path) -> None:
    from jobspec.render.diagnostic_documents import diagnostics_document
    from jobspec.render.diagnostic_text import render_diagnostics

    if output == "json":
        put(diagnostics_document(diagnostics).to_json())
    elif output == "github":
        say_diagnostics(diagnostics, is_read_by_runner=True)  # annotations tell less, and GitHub drops some
        put(_annotate(checked, diagnostics, directory))
    else:
        if diagnostics:
            put(render_diagnostics(diagnostics, color=wants_color(sys.stdout)))
        if summary := _summarize(checked, diagnostics):
            put(summary)


def _annotate(checked: Checked, diagnostics: Sequence[Diagnostic], directory: Path) -> str:
    from jobspec.cli.plan_output import find_prefix
    from jobspec.render.annotations import annotate_diagnostics
    from jobspec.render.diagnostic_documents import diagnostic_document

    found = [diagnostic_document(diagnostic) for diagnostic in diagnostics]
    return annotate_diagnostics(found, prefix=find_prefix(directory), summary=_summarize(checked, diagnostics))


def _summarize(checked: Checked, diagnostics: Sequence[Diagnostic]) -> str:
    from jobspec.render.diagnostic_text import summarize_diagnostics

    if diagnostics:
        return summarize_diagnostics(diagnostics)
    if _is_empty(checked):
        return ""
    jobs = {job.spec.name for job in _walk_jobs(checked)}
    names = [env for env in checked.by_environment if env]
    where = f" in {len(names)} environments ({', '.join(names)})" if len(names) > 1 else ""
    return f"{_count(len(jobs), 'job')}{where}, no mistakes."


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
