"""`adopt` and `forget`: whose a schedule is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from jobspec.cli.exits import code_of_failures, code_of_outcomes, code_of_plan
from jobspec.cli.options import TargetOptions, target_options
from jobspec.cli.output import put, say, say_diagnostics, say_error
from jobspec.errors import JobspecError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jobspec.cli.options import ConnectionOptions
    from jobspec.cli.specs import Specs
    from jobspec.planning.desired import Desired, DesiredState
    from jobspec.planning.observe import Observed


@click.command("adopt")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--from", "former", metavar="PROJECT", help="Take schedules that bear this project's mark.")
@click.option("--all", "take_all", is_flag=True, help="Take every one that already is as its spec wants it.")
@target_options
def adopt_command(names: tuple[str, ...], former: str | None, target: TargetOptions, *, take_all: bool) -> int:
    """Take over schedules that this project does not own yet.

    Writes this project's mark and nothing else: what else differs from the spec is shown, and is the next apply's
    business. Takes unmarked schedules, or with --from those of another project.
    """
    from jobspec.cli.specs import open_specs

    if bool(names) == take_all:
        raise UsageError("name the schedules to take over, or use --all for those that already are as their specs say")
    specs = open_specs(target.environment)
    return asyncio.run(_adopt(specs, target.connection, frozenset(names), former))


async def _adopt(specs: Specs, options: ConnectionOptions, names: Collection[str], former: str | None) -> int:
    from jobspec.cli.plan_output import draw_plan, report_outcomes
    from jobspec.cli.session import open_session
    from jobspec.planning.adoption import plan_adoptions
    from jobspec.planning.apply import Assignment, apply_plan
    from jobspec.planning.desired import Conversion, convert_jobs
    from jobspec.planning.observe import describe
    from jobspec.render.plan_documents import plan_document

    terms = specs.make_terms()
    session = await open_session(specs, options)
    terms = replace(terms, namespace=session.client.namespace)
    desired = convert_jobs(specs.job_set, Conversion.of(session.client, specs.now))
    _check_names(names, desired, specs)
    live = await describe(session.schedules, names or desired.jobs)
    chosen = names or _find_equal(desired.jobs, live, former)
    for error in desired.failed.values() if not names else ():
        say(f"error: {error}")
    plan = plan_adoptions(chosen, desired.jobs, live, terms=terms, former=former)
    put(draw_plan(plan_document(plan, privacy=session.make_privacy())))
    assignment = Assignment(schedules=session.schedules, desired=desired.jobs, terms=terms, adopt_from=former)
    outcomes = await report_outcomes(apply_plan(plan, assignment))
    return code_of_outcomes(outcomes, code_of_plan(plan, is_refused=bool(desired.failed and not names)))


def _check_names(names: Collection[str], desired: DesiredState, specs: Specs) -> None:
    for name in names:
        if name in desired.failed:
            raise desired.failed[name]
        if name not in desired.jobs:
            say_diagnostics(mistake for mistake in specs.loaded.diagnostics if mistake.job == name)
            raise NotFoundError(f"no valid spec has a schedule named `{name}`, so there is nothing to take it over for")


def _find_equal(desired: Mapping[str, Desired], live: Mapping[str, Observed], former: str | None) -> list[str]:
    from jobspec.planning.adoption import is_as_desired

    return [
        name
        for name, found in live.items()
        if not isinstance(found, JobspecError) and found.project == former and is_as_desired(desired[name], found)
    ]


@click.command("forget")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@target_options
def forget_command(names: tuple[str, ...], target: TargetOptions) -> int:
    """Drop this project's mark from schedules and nothing else.

    They stay as they are and have no owner: no plan touches them until somebody adopts them.
    """
    from jobspec.cli.specs import open_specs

    specs = open_specs(target.environment)
    return asyncio.run(_forget(specs, target.connection, tuple(dict.fromkeys(names))))


async def _forget(specs: Specs, options: ConnectionOptions, names: tuple[str, ...]) -> int:
    from jobspec.cli.session import open_session
    from jobspec.planning.apply import forget

    owners = specs.owners
    session = await open_session(specs, options)
    failures: list[JobspecError] = []
    for name in names:
        try:
            await forget(session.schedules, name, owners=owners)
        except JobspecError as error:
            failures.append(error)
            say_error(error)
        else:
            put(f"forgot {name}")
    return code_of_failures(failures, done=len(names) - len(failures))
