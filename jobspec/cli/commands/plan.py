"""`plan`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import code_of_plan, code_of_shown_plan
from jobspec.cli.options import (
    PLAN_OUTPUTS,
    ConnectionOptions,
    TargetOptions,
    output_option,
    plan_options,
    target_options,
)
from jobspec.cli.output import say, say_diagnostics
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobspec.cli.session import Session
    from jobspec.cli.specs import Specs
    from jobspec.planning.disclosure import Privacy
    from jobspec.planning.guards import Allowances
    from jobspec.planning.planner import Planned
    from jobspec.render.plan_documents import BaseDocument
    from jobspec.spec.revision import Revision


@click.command("plan")
@target_options
@plan_options
@click.option(
    "--base", "ref", metavar="REF", help="Compare with the commit where this branch left REF; asks no server."
)
@click.option("--live", is_flag=True, help="With --base: ask the server all the same, and tell drift from the branch.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan for `jobspec apply FILE`.")
@click.option(
    "--also", "more", multiple=True, metavar="FORMAT=FILE", help="Write it in another form, too; may be repeated."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@output_option(*PLAN_OUTPUTS)
def plan_command(  # noqa: PLR0913  one argument an option
    target: TargetOptions,
    ref: str | None,
    out: Path | None,
    allowed: tuple[str, ...],
    more: tuple[str, ...],
    output: str,
    *,
    live: bool,
    show_input: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do. Nothing is written.

    With --base, show what the working tree changes against a git revision: without a server, and without running any
    code of the project. With --out, save the plan, so that exactly this is applied later or nothing. Exits 1 when
    specs have mistakes and 3 when apply would refuse, although the plan is shown.
    """
    from jobspec.cli.plan_output import make_document, put_plan, warn_of_changes, write_plan
    from jobspec.cli.specs import open_specs
    from jobspec.planning.guards import parse_allowances

    _check_options(ref, target.connection, out, live=live)
    files = [_read_file_option(text) for text in more]
    is_file = _check_files([path for _, path in files], out)
    allowances = parse_allowances(allowed)
    specs = open_specs(target.environment)
    if ref is not None and not live:
        planned, privacy, base = _plan_branch(specs, ref, allowances, output)
    else:
        session, planned = asyncio.run(plan_live(specs, target.connection, allowances))
        privacy, base = session.make_privacy(shows_input=show_input), None
        if ref is not None:
            planned, base = _trace(session, planned, ref, output)
        if out is not None:
            _save(out, session, planned, privacy)
    specs = warn_of_changes(specs, planned)
    document = make_document(specs, planned, privacy, base)
    for form, path in files:
        write_plan(document, specs, form, path)
    put_plan(document, specs, output)
    if is_file:
        say(f"Saved, to be applied by `jobspec apply {out}`.")
    if out is not None:
        say(f"Plan checksum: {document.checksum}")
    of_plan = code_of_plan(planned.plan, has_mistakes=specs.has_mistakes, is_refused=bool(planned.refusals))
    return code_of_shown_plan(planned.plan, of_plan, is_detailed=detailed_exitcode)


def _check_options(ref: str | None, options: ConnectionOptions, out: Path | None, *, live: bool) -> None:
    if out is not None and ref is not None and not live:
        raise UsageError("--out needs a plan against the server, since no other can be applied; add --live")
    if live and ref is None:
        raise UsageError("--live goes with --base; without that, `jobspec plan` asks the server anyway")
    if ref is not None and not live and options != ConnectionOptions():
        raise UsageError("--profile, --address and --namespace go with --live here; --base alone asks no server")


def _read_file_option(text: str) -> tuple[str, Path]:
    form, separator, name = text.partition("=")
    if form not in PLAN_OUTPUTS or not separator or not name:
        raise UsageError(f"--also takes a form and a file, such as `markdown=plan.md`, and not `{text}`")
    return form, Path(name)


def _check_files(more: Sequence[Path], out: Path | None) -> bool:
    """Check where the plan is written, before anything else is done; says whether `--out` names a regular file.

    Raises:
        UsageError: One cannot be written, or two are the same file, so that the second would replace the first.
    """
    from jobspec.cli.output_file import find_target

    seen: set[Path] = set()
    file = None
    for path in [*more, *([out] if out else [])]:
        if str(path) == "-":
            raise UsageError("--out and --also write files; `--output json` writes a plan to stdout")
        file = find_target(path).file
        if file in seen:
            raise UsageError(f"`{path}` would be written twice; give each --also and --out a file of its own")
        seen |= {file} if file else set()
    return out is not None and file is not None


def _plan_branch(specs: Specs, ref: str, allowances: Allowances, output: str) -> tuple[Planned, Privacy, BaseDocument]:
    """Plan what the branch changes; no server is asked, so nothing goes through a codec."""
    from jobspec.cli.plan_base import describe_base, plan_offline

    revision = _open_revision(specs, ref, output)
    planned = plan_offline(specs, revision, allowances)
    return planned, specs.make_privacy(), describe_base(specs, revision, is_live=False)


def _trace(session: Session, planned: Planned, ref: str, output: str) -> tuple[Planned, BaseDocument]:
    """Say of each change of a plan against the server whether it comes from the branch."""
    from jobspec.cli.plan_base import describe_base, trace

    specs = session.specs
    revision = _open_revision(specs, ref, output)
    return trace(planned, specs, revision, session.converter), describe_base(specs, revision, is_live=True)


def _save(out: Path, session: Session, planned: Planned, privacy: Privacy) -> None:
    from jobspec.cli.approval import make_saved_plan
    from jobspec.cli.output_file import write_file

    # Outside of the event loop: Ctrl-C must reach a write that waits for the reader of a FIFO.
    write_file(out, asyncio.run(make_saved_plan(planned, session.specs, session.converter, privacy)))


def _open_revision(specs: Specs, ref: str, output: str) -> Revision:
    from jobspec.cli.plan_base import open_revision

    revision = open_revision(specs, ref)
    if revision.diagnostics:
        say(f"Mistakes at {revision.short}, with which this is compared:")
        say_diagnostics(revision.diagnostics, is_read_by_runner=output == "github")
    return revision


async def plan_live(specs: Specs, options: ConnectionOptions, allowances: Allowances) -> tuple[Session, Planned]:
    """Connect, read what is live, and plan."""
    from jobspec.cli.session import open_session, plan_specs

    specs.make_terms()  # complain of a project without id before connecting
    session = await open_session(specs, options)
    return session, await plan_specs(specs, session.schedules, allowances)
