"""`plan` and `apply`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import ExitCode, code_of
from jobspec.cli.options import ConnectionOptions, connection_options, env_option, output_option, plan_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from jobspec.cli.specs import Specs
    from jobspec.live.schedules import Schedules
    from jobspec.planning.apply import Outcome
    from jobspec.planning.convergence import Planned
    from jobspec.planning.guards import Allowances
    from jobspec.planning.plan import Plan
    from jobspec.render.documents import PlanDocument


@click.command("plan")
@env_option
@connection_options
@plan_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@output_option("text", "json")
def plan_command(  # noqa: PLR0913  one argument an option
    environment: str | None,
    profile: str | None,
    address: str | None,
    namespace: str | None,
    allowed: tuple[str, ...],
    output: str,
    *,
    show_input: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do. Nothing is written.

    Exits 1 when specs have mistakes and 3 when apply would refuse, although the plan is shown.
    """
    from jobspec.cli.specs import open_specs
    from jobspec.planning.guards import parse_allowances

    allowances = parse_allowances(allowed)
    specs = open_specs(environment)
    options = ConnectionOptions(profile=profile, address=address, namespace=namespace)
    planned, schedules = asyncio.run(_plan(specs, options, allowances))
    _show(specs, planned, output, show_input=show_input or not has_codec(schedules))
    code = code_of_plan(specs, planned)
    if code is ExitCode.OK and detailed_exitcode and planned.plan.changes:
        return ExitCode.CHANGES
    return code


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
        planned, schedules = runner.run(_plan(specs, options, allowances))
        shows_input = show_input or not has_codec(schedules)
        document = _show(specs, planned, "text", show_input=shows_input, to_stderr=output == "json")
        outcomes = []
        if _may_write(specs, planned, yes=yes, keep_going=keep_going):
            outcomes = runner.run(_write(planned, schedules))
    _report(document, outcomes, output)
    code = code_of_plan(specs, planned)
    return code_of_outcomes(outcomes, code) if outcomes else (code or _declined(planned))


async def _plan(specs: Specs, options: ConnectionOptions, allowances: Allowances) -> tuple[Planned, Schedules]:
    from jobspec.cli.planning import make_terms, plan_specs
    from jobspec.cli.specs import connect_to
    from jobspec.live.schedules import Schedules

    make_terms(specs)  # complain of a project without id before connecting
    schedules = Schedules(await connect_to(specs, options))
    return await plan_specs(specs, schedules, allowances), schedules


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
    from jobspec.planning.apply import Assignment, apply_plan

    # A question may wait for its answer for days; the grace time of what is retired begins now.
    terms = replace(planned.terms, now=datetime.now(UTC))
    assignment = Assignment(schedules=schedules, wanted=planned.wanted, terms=terms)
    return await report_outcomes(apply_plan(planned.plan, assignment))


def _declined(planned: Planned) -> ExitCode:
    return ExitCode.REFUSED if planned.plan.changes else ExitCode.OK


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


def report_plan(plan: Plan, schedules: Schedules) -> None:
    """Show a plan that no guard looks at."""
    from jobspec.cli.output import is_ascii_only, put, wants_color, width
    from jobspec.render.conversion import plan_document
    from jobspec.render.plan import render_plan

    document = plan_document(plan, show_input=not has_codec(schedules))
    put(render_plan(document, width=width(), ascii=is_ascii_only(sys.stdout), color=wants_color(sys.stdout)))


def has_codec(schedules: Schedules) -> bool:
    """Whether inputs go through a codec, so that they are not to be shown without being asked for."""
    return schedules.client.data_converter.payload_codec is not None


def _show(specs: Specs, planned: Planned, output: str, *, show_input: bool, to_stderr: bool = False) -> PlanDocument:
    from jobspec.cli.output import is_ascii_only, put, say, say_diagnostics, wants_color, width
    from jobspec.planning.effects import work_out_plan
    from jobspec.render.conversion import plan_document
    from jobspec.render.plan import render_plan

    document = plan_document(
        planned.plan,
        refusals=planned.refusals,
        diagnostics=specs.loaded.diagnostics,
        effects=work_out_plan(planned.plan, planned.terms.now),
        show_input=show_input,
    )
    say_diagnostics(specs.loaded.diagnostics)
    stream = sys.stderr if to_stderr else sys.stdout
    if output == "json":
        put(document.to_json())
    else:
        text = render_plan(document, width=width(), ascii=is_ascii_only(stream), color=wants_color(stream))
        (say if to_stderr else put)(text)
    return document


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


def code_of_plan(specs: Specs, planned: Planned) -> ExitCode:
    """Say what a plan means before anything is written."""
    if specs.has_mistakes:
        return ExitCode.FAILED
    return ExitCode.REFUSED if planned.refusals else code_of_held(planned.plan)


def code_of_held(plan: Plan) -> ExitCode:
    """Say what it means that schedules are held."""
    return ExitCode.REFUSED if plan.held else ExitCode.OK


def code_of_outcomes(outcomes: Sequence[Outcome], of_plan: ExitCode) -> ExitCode:
    """Say what became of a plan as a whole.

    Args:
        outcomes: At least one.
        of_plan: What the plan meant before.
    """
    from jobspec.planning.apply import Status

    statuses = {outcome.status for outcome in outcomes}
    if Status.DONE not in statuses:
        codes = {of_plan, *map(_code_of_unwritten, outcomes)}
        return next(code for code in ExitCode if code in codes)
    if of_plan is ExitCode.FAILED:
        return ExitCode.FAILED
    is_all = of_plan is ExitCode.OK and statuses <= {Status.DONE, Status.UNCHANGED}
    return ExitCode.OK if is_all else ExitCode.PARTIAL


def _code_of_unwritten(outcome: Outcome) -> ExitCode:
    from jobspec.planning.apply import Status

    if outcome.error:
        return code_of(outcome.error)
    return ExitCode.CONFLICT if outcome.status is Status.CONFLICT else ExitCode.OK
