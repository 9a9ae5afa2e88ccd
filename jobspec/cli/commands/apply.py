"""`apply`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import code_of_apply, code_of_plan
from jobspec.cli.options import TargetOptions, output_option, plan_options, target_options
from jobspec.cli.output import put, say
from jobspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobspec.cli.approval import Approval
    from jobspec.cli.specs import Specs
    from jobspec.planning.apply import Outcome
    from jobspec.planning.planner import Planned
    from jobspec.render.plan_documents import PlanDocument
    from jobspec.temporal.schedules.gateway import Schedules


@click.command("apply")
@click.argument("plan_file", required=False, type=click.Path(path_type=Path), metavar="[PLAN]")
@target_options
@plan_options
@click.option("--checksum", metavar="SHA256", help="Apply only the plan that was shown with this checksum.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where there is no terminal.")
@click.option("--keep-going", is_flag=True, help="Apply the rest although some specs have mistakes; nothing is pruned.")
@output_option("text", "json")
def apply_command(  # noqa: PLR0913  one argument an option
    plan_file: Path | None,
    target: TargetOptions,
    allowed: tuple[str, ...],
    checksum: str | None,
    output: str,
    *,
    show_input: bool,
    yes: bool,
    keep_going: bool,
) -> int:
    """Make the live schedules equal to the specs.

    Shows the plan, asks, writes, and reads back what it wrote. One failing job does not stop the others. With PLAN,
    which `jobspec plan --out` saved, or with --checksum, exactly that is applied, or nothing, and exit code 4 says that
    something else would be done now.
    """
    from jobspec.cli.approval import approve, check_checksum, check_namespace_of, check_place, open_saved_plan
    from jobspec.cli.commands.plan import plan_live
    from jobspec.cli.plan_output import make_document, warn_of_changes
    from jobspec.cli.specs import open_specs
    from jobspec.planning.guards import parse_allowances

    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; look at `jobspec plan`, then use `jobspec apply --yes`")
    check_checksum(checksum)
    allowances = parse_allowances(allowed)
    saved = open_saved_plan(plan_file) if plan_file else None
    specs = open_specs(target.environment or (saved.environment if saved else None))
    if saved:
        check_place(saved, specs)
    # One event loop in two turns: the question stands between them, where Ctrl-C is heard at once.
    with asyncio.Runner() as runner:
        session, planned = runner.run(plan_live(specs, target.connection, allowances))
        privacy = session.make_privacy(shows_input=show_input)
        if saved:
            check_namespace_of(saved, session.client.namespace, privacy)
        approval = runner.run(approve(planned, session.converter, privacy, saved=saved, checksum=checksum))
        planned = approval.planned
        specs = warn_of_changes(specs, planned)
        document = make_document(specs, planned, privacy)
        _show(document, specs, output)
        _tell(approval)
        outcomes = []
        if not approval.stale and _may_write(specs, planned, yes=yes, keep_going=keep_going):
            outcomes = runner.run(_write(planned, session.schedules))
    _report(document, [*approval.settled, *outcomes], approval, output)
    of_plan = code_of_plan(planned.plan, has_mistakes=specs.has_mistakes, is_refused=bool(planned.refusals))
    return code_of_apply(planned.plan, outcomes, of_plan, is_stale=bool(approval.stale))


def _tell(approval: Approval) -> None:
    """Say what became of an approved plan since."""
    from jobspec.render.saved_plans import render_differences
    from jobspec.render.terminal import escape

    for name in approval.postponed:
        say(f"{escape(name)}: its grace time is over since the plan was made; the next apply deletes it.")
    if approval.stale:
        say(f"Nothing was written: {approval.stale}{':' if approval.differences else '.'}")
    if approval.differences:
        say(render_differences(approval.differences))


def _show(document: PlanDocument, specs: Specs, output: str) -> None:
    from jobspec.cli.plan_output import draw_plan, say_findings

    say_findings(specs)
    if output == "json":
        say(draw_plan(document, to_stderr=True))
    else:
        put(draw_plan(document))


def _may_write(specs: Specs, planned: Planned, *, yes: bool, keep_going: bool) -> bool:
    """Whether there is something to write and nothing and nobody refuses it; says why not."""
    refuses = planned.refusals or (specs.has_mistakes and not keep_going)
    number = len(planned.plan.changes)
    if number and not refuses and (yes or _is_approved(number)):
        return True
    if number:
        _say_nothing_written(planned, has_mistakes=specs.has_mistakes, keep_going=keep_going)
    return False


async def _write(planned: Planned, schedules: Schedules) -> list[Outcome]:
    from jobspec.cli.plan_output import report_outcomes
    from jobspec.planning.apply import Assignment, apply_plan

    # A question may wait for its answer for days; the grace time of what is retired begins now.
    terms = replace(planned.terms, now=datetime.now(UTC))
    assignment = Assignment(schedules=schedules, desired=planned.desired, terms=terms)
    return await report_outcomes(apply_plan(planned.plan, assignment))


def _report(document: PlanDocument, outcomes: Sequence[Outcome], approval: Approval, output: str) -> None:
    from jobspec.render.outcomes import apply_document, outcome_document, summarize_outcomes

    if output == "json":
        put(apply_document(document, outcomes, approval.differences).to_json())
    elif outcomes:
        put(summarize_outcomes([outcome_document(outcome) for outcome in outcomes]))


def _is_approved(number: int) -> bool:
    noun = "this change" if number == 1 else f"these {number} changes"
    return click.confirm(f"Apply {noun}?", err=True)


def _say_nothing_written(planned: Planned, *, has_mistakes: bool, keep_going: bool) -> None:
    if has_mistakes and not keep_going:
        say("Nothing was written: mend the mistakes above, or apply the rest with --keep-going.")
    elif planned.refusals:
        overrides = " ".join(refusal.override for refusal in planned.refusals)
        say(f"Nothing was written. If this is meant, add {overrides}.")
    else:
        say("Nothing was written.")
