"""`apply`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import ExitCode
from jobspec.cli.options import ConnectionOptions, connection_options, env_option, output_option, plan_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobspec.cli.specs import Specs
    from jobspec.live.schedules import Schedules
    from jobspec.planning.apply import Outcome
    from jobspec.planning.convergence import Planned
    from jobspec.render.documents import PlanDocument


@click.command("apply")
@env_option
@connection_options
@plan_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where there is no terminal.")
@click.option("--keep-going", is_flag=True, help="Apply the rest although some specs have mistakes; nothing is pruned.")
@output_option("text", "json")
def apply_command(  # noqa: PLR0913  one argument an option
    environment: str | None,
    profile: str | None,
    address: str | None,
    namespace: str | None,
    allowed: tuple[str, ...],
    output: str,
    *,
    show_input: bool,
    yes: bool,
    keep_going: bool,
) -> int:
    """Make the live schedules equal to the specs.

    Shows the plan, asks, writes, and reads back what it wrote. One failing job does not stop the others.
    """
    from jobspec.cli.plan import code_of_outcomes, code_of_plan, plan_live
    from jobspec.cli.showing import make_document, make_privacy
    from jobspec.cli.specs import open_specs
    from jobspec.errors import UsageError
    from jobspec.planning.guards import parse_allowances

    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; look at `jobspec plan`, then use `jobspec apply --yes`")
    allowances = parse_allowances(allowed)
    specs = open_specs(environment)
    options = ConnectionOptions(profile=profile, address=address, namespace=namespace)
    # One event loop in two turns: the question stands between them, where Ctrl-C is heard at once.
    with asyncio.Runner() as runner:
        planned, schedules = runner.run(plan_live(specs, options, allowances))
        privacy = make_privacy(specs.project, schedules.client.data_converter, shows_input=show_input)
        document = make_document(specs, planned, privacy)
        _show(document, specs, output)
        outcomes = []
        if _may_write(specs, planned, yes=yes, keep_going=keep_going):
            outcomes = runner.run(_write(planned, schedules))
    _report(document, outcomes, output)
    code = code_of_plan(specs, planned)
    return code_of_outcomes(outcomes, code) if outcomes else (code or _declined(planned))


def _show(document: PlanDocument, specs: Specs, output: str) -> None:
    from jobspec.cli.output import put, say, say_diagnostics
    from jobspec.cli.showing import draw_plan

    say_diagnostics(specs.loaded.diagnostics)
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
    from jobspec.cli.plan import report_outcomes
    from jobspec.planning.apply import Assignment, apply_plan

    # A question may wait for its answer for days; the grace time of what is retired begins now.
    terms = replace(planned.terms, now=datetime.now(UTC))
    assignment = Assignment(schedules=schedules, wanted=planned.wanted, terms=terms)
    return await report_outcomes(apply_plan(planned.plan, assignment))


def _declined(planned: Planned) -> ExitCode:
    return ExitCode.REFUSED if planned.plan.changes else ExitCode.OK


def _report(document: PlanDocument, outcomes: Sequence[Outcome], output: str) -> None:
    from jobspec.cli.output import put
    from jobspec.render.conversion import apply_document, outcome_document
    from jobspec.render.outcomes import summarize_outcomes

    if output == "json":
        put(apply_document(document, outcomes).to_json())
    elif outcomes:
        put(summarize_outcomes([outcome_document(outcome) for outcome in outcomes]))


def _is_approved(number: int) -> bool:
    noun = "this change" if number == 1 else f"these {number} changes"
    return click.confirm(f"Apply {noun}?", err=True)


def _say_nothing_written(planned: Planned, *, has_mistakes: bool, keep_going: bool) -> None:
    from jobspec.cli.output import say

    if has_mistakes and not keep_going:
        say("Nothing was written: mend the mistakes above, or apply the rest with --keep-going.")
    elif planned.refusals:
        overrides = " ".join(refusal.override for refusal in planned.refusals)
        say(f"Nothing was written. If this is meant, add {overrides}.")
    else:
        say("Nothing was written.")
