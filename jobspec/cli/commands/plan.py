"""`plan`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import code_of_plan, code_of_shown_plan
from jobspec.cli.options import (
    PLAN_OUTPUTS,
    ConnectionOptions,
    connection_options,
    env_option,
    output_option,
    plan_options,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from temporalio.converter import DataConverter

    from jobspec.cli.session import Specs
    from jobspec.live.schedules import Schedules
    from jobspec.planning.apply import Outcome
    from jobspec.planning.convergence import Planned
    from jobspec.planning.guards import Allowances
    from jobspec.planning.plan import Plan
    from jobspec.planning.shown import Privacy
    from jobspec.render.documents import BaseDocument
    from jobspec.spec.project import Project
    from jobspec.spec.revision import Revision


@click.command("plan")
@env_option
@connection_options
@plan_options
@click.option(
    "--base", "ref", metavar="REF", help="Compare with the commit where this branch left REF; asks no server."
)
@click.option("--live", is_flag=True, help="With --base: ask the server all the same, and tell drift from the branch.")
@click.option(
    "--out", "target", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan for `jobspec apply FILE`."
)
@click.option(
    "--also", "more", multiple=True, metavar="FORMAT=FILE", help="Write it in another form, too; may be repeated."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@output_option(*PLAN_OUTPUTS)
def plan_command(  # noqa: PLR0913  one argument an option
    environment: str | None,
    ref: str | None,
    target: Path | None,
    allowed: tuple[str, ...],
    more: tuple[str, ...],
    output: str,
    *,
    live: bool,
    show_input: bool,
    detailed_exitcode: bool,
    **connection: str | None,
) -> int:
    """Show what apply would do. Nothing is written.

    With --base, show what the working tree changes against a git revision: without a server, and without running any
    code of the project. With --out, save the plan, so that exactly this is applied later or nothing. Exits 1 when
    specs have mistakes and 3 when apply would refuse, although the plan is shown.
    """
    from jobspec.cli.output import say
    from jobspec.cli.plan_output import make_document, make_privacy, put_plan, warn_of_changes, write_plan
    from jobspec.cli.session import open_specs
    from jobspec.planning.guards import parse_allowances

    options = ConnectionOptions(**connection)
    _check_options(ref, options, target, live=live)
    files = [_read_file_option(text) for text in more]
    is_file = _check_files([path for _, path in files], target)
    allowances = parse_allowances(allowed)
    specs = open_specs(environment)
    if ref is not None and not live:
        from jobspec.cli.plan_base import plan_offline

        against = _open_revision(specs, ref, output)
        planned, privacy = plan_offline(specs, against, allowances), make_privacy(specs.project, None)
        revision: Revision | None = against
    else:
        planned, schedules, namespace_id = asyncio.run(plan_live(specs, options, allowances))
        converter = schedules.client.data_converter
        privacy = make_privacy(specs.project, converter, shows_input=show_input, namespace_id=namespace_id)
        revision = None if ref is None else _open_revision(specs, ref, output)
        planned = _trace(specs, planned, revision, converter)
        if target is not None:
            _save(target, planned, specs, converter, privacy)
    base = _describe_base(specs, revision, is_live=live)
    specs = warn_of_changes(specs, planned)
    document = make_document(specs, planned, privacy, base)
    for form, path in files:
        write_plan(document, specs, form, path)
    put_plan(document, specs, output)
    if is_file:
        say(f"Saved, to be applied by `jobspec apply {target}`.")
    if target is not None:
        say(f"Plan checksum: {document.checksum}")
    of_plan = code_of_plan(planned.plan, has_mistakes=specs.has_mistakes, is_refused=bool(planned.refusals))
    return code_of_shown_plan(planned.plan, of_plan, is_detailed=detailed_exitcode)


def _check_options(ref: str | None, options: ConnectionOptions, target: Path | None, *, live: bool) -> None:
    from jobspec.errors import UsageError

    if target is not None and ref is not None and not live:
        raise UsageError("--out needs a plan against the server, since no other can be applied; add --live")
    if live and ref is None:
        raise UsageError("--live goes with --base; without that, `jobspec plan` asks the server anyway")
    if ref is not None and not live and options != ConnectionOptions():
        raise UsageError("--profile, --address and --namespace go with --live here; --base alone asks no server")


def _read_file_option(text: str) -> tuple[str, Path]:
    from jobspec.errors import UsageError

    form, separator, name = text.partition("=")
    if form not in PLAN_OUTPUTS or not separator or not name:
        raise UsageError(f"--also takes a form and a file, such as `markdown=plan.md`, and not `{text}`")
    return form, Path(name)


def _check_files(more: Sequence[Path], target: Path | None) -> bool:
    """Check where the plan is written, before anything else is done; says whether `--out` names a regular file.

    Raises:
        UsageError: One cannot be written, or two are the same file, so that the second would replace the first.
    """
    from jobspec.cli.output_file import find_target
    from jobspec.errors import UsageError

    seen: set[Path] = set()
    file = None
    for path in [*more, *([target] if target else [])]:
        if str(path) == "-":
            raise UsageError("--out and --also write files; `--output json` writes a plan to stdout")
        file = find_target(path).file
        if file in seen:
            raise UsageError(f"`{path}` would be written twice; give each --also and --out a file of its own")
        seen |= {file} if file else set()
    return target is not None and file is not None


def _trace(specs: Specs, planned: Planned, revision: Revision | None, converter: DataConverter) -> Planned:
    """Say of each change of a plan against the server whether it comes from the branch; without a commit, nothing."""
    from jobspec.cli.plan_base import trace

    return planned if revision is None else trace(planned, specs, revision, converter)


def _describe_base(specs: Specs, revision: Revision | None, *, is_live: bool) -> BaseDocument | None:
    from jobspec.cli.plan_base import describe_base

    return None if revision is None else describe_base(specs, revision, is_live=is_live)


def _save(target: Path, planned: Planned, specs: Specs, converter: DataConverter, privacy: Privacy) -> None:
    from jobspec.cli.approval import make_saved_plan
    from jobspec.cli.output_file import write_file

    # Outside of the event loop: Ctrl-C must reach a write that waits for the reader of a FIFO.
    write_file(target, asyncio.run(make_saved_plan(planned, specs, converter, privacy)))


def _open_revision(specs: Specs, ref: str, output: str) -> Revision:
    from jobspec.cli.output import say, say_diagnostics
    from jobspec.cli.plan_base import open_revision

    revision = open_revision(specs, ref)
    if revision.diagnostics:
        say(f"Mistakes at {revision.short}, with which this is compared:")
        say_diagnostics(revision.diagnostics, is_read_by_runner=output == "github")
    return revision


async def plan_live(specs: Specs, options: ConnectionOptions, allowances: Allowances) -> tuple[Planned, Schedules, str]:
    """Connect, read what is live, and plan; gives the id of the namespace, too."""
    from jobspec.cli.planning import plan_specs
    from jobspec.cli.session import open_namespace
    from jobspec.live.schedules import Schedules

    specs.make_terms()  # complain of a project without id before connecting
    client, namespace_id = await open_namespace(specs, options)
    schedules = Schedules(client)
    return await plan_specs(specs, schedules, allowances), schedules, namespace_id


async def report_outcomes(outcomes: AsyncIterator[Outcome]) -> list[Outcome]:
    """Tell of each change as it is settled."""
    from jobspec.cli.output import is_ascii_only, say
    from jobspec.render.conversion import outcome_document
    from jobspec.render.outcomes import render_outcome

    settled = []
    async for outcome in outcomes:
        settled.append(outcome)
        say(render_outcome(outcome_document(outcome), ascii=is_ascii_only(sys.stderr)))
    return settled


def report_plan(plan: Plan, schedules: Schedules, project: Project) -> None:
    """Show a plan that no guard looks at."""
    from jobspec.cli.output import put
    from jobspec.cli.plan_output import draw_plan, make_privacy
    from jobspec.render.conversion import plan_document

    privacy = make_privacy(project, schedules.client.data_converter)
    put(draw_plan(plan_document(plan, privacy=privacy)))
