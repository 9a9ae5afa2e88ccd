"""`apply` and an empty `plan` of the Prow jobs, against the bare requests that they cannot do without."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from corpora import PROW
from measuring import Figure, Meter, Spent, probe
from servers import make_namespace, run_server
from temporalio.api.workflowservice.v1 import DescribeScheduleRequest, ListSchedulesRequest
from temporalio.service import RPCError, RPCStatusCode

from jobspec.cli.session import plan_specs
from jobspec.cli.specs import open_specs
from jobspec.planning.apply import Assignment, WriteStatus, apply_plan
from jobspec.planning.desired import Conversion, convert_jobs
from jobspec.planning.guards import parse_allowances
from jobspec.temporal.schedules.gateway import Schedules
from jobspec.temporal.schedules.writes import make_create_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence

    from servers import Backend
    from temporalio.api.workflowservice.v1 import CreateScheduleRequest
    from temporalio.client import Client

    from jobspec.cli.specs import Specs
    from jobspec.planning.planner import Planned

APPLY_GOAL = 1.15
PLAN_GOAL = 1.1

_CONCURRENCIES = (8, 16, 32, 64)
_TRIED = 160
"""How many creates are enough to choose between these."""

_LATEST_MINUTE = 48


@dataclass(kw_only=True)
class Sides:
    """What both sides of one comparison took, round after round."""

    ours: list[Spent] = field(default_factory=list)
    theirs: list[Spent] = field(default_factory=list)

    def make_figures(self, name: str, against: str, goal: float) -> Iterator[Figure]:
        """Compare by the clock, which the goal is about, and by the CPU time, which neighbours disturb less."""
        yield Figure(
            name=name,
            against=against,
            unit="s",
            ours=tuple(spent.wall for spent in self.ours),
            theirs=tuple(spent.wall for spent in self.theirs),
            goal=goal,
        )
        yield Figure(
            name="the same, CPU time of client and server",
            against="the same",
            unit="s",
            ours=tuple(spent.cpu for spent in self.ours),
            theirs=tuple(spent.cpu for spent in self.theirs),
        )


async def measure_converging(backend: Backend, rounds: int, note: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Measure on one back end.

    Args:
        backend: The scheduler.
        rounds: How often each side is measured.
        note: Tells what is going on.
    """
    os.chdir(PROW)
    await _wait_for_the_hour(note)
    specs = open_specs(None)
    async with run_server(backend) as server:
        create_at = await _find_best_for_creates(server, specs, note)
        count = len(specs.job_set.scheduled)
    sides = await _measure_apply(backend, specs, rounds, create_at, note)
    for figure in sides.make_figures(
        f"apply {count:,} new jobs, {backend}", f"bare creates, {create_at} at a time", APPLY_GOAL
    ):
        yield figure
    async with run_server(backend) as server:
        client = await make_namespace(server)
        await _apply(client, specs)
        describe_at = await _find_best_for_describes(client, specs, note)
        sides = await _measure_plan(client, specs, rounds * 3, describe_at, note)
        for figure in sides.make_figures(
            f"an empty plan of {count:,} jobs, {backend}",
            f"bare list and describes, {describe_at} at a time",
            PLAN_GOAL,
        ):
            yield figure
        yield await _measure_memory(server, client, backend)


async def _wait_for_the_hour(note: Callable[[str], None]) -> None:
    """Begin early in an hour: at its start hundreds of the schedules of every namespace fire at once."""
    now = datetime.now(UTC)
    if now.minute >= _LATEST_MINUTE:
        note(f"waiting until the hour is over, at which many of the schedules fire: {60 - now.minute} minutes")
        await asyncio.sleep(60 * (61 - now.minute))


async def _measure_apply(
    backend: Backend, specs: Specs, rounds: int, concurrency: int, note: Callable[[str], None]
) -> Sides:
    """Apply, and create the same schedules bare, in a namespace each; which comes first alternates.

    Each round has a new server: one that already keeps thousands of schedules is slower, and busy when some fire.
    """
    sides = Sides()
    for number in range(rounds):
        async with run_server(backend) as server:
            for is_ours in (number % 2 == 0, number % 2 == 1):
                fresh = await make_namespace(server)
                if is_ours:
                    sides.ours.append(await _apply(fresh, specs))
                    note(f"applied in {sides.ours[-1]}")
                else:
                    sides.theirs.append(await _create(fresh, make_creates(specs, fresh), concurrency))
                    note(f"created bare in {sides.theirs[-1]}")
    return sides


async def _measure_plan(
    client: Client, specs: Specs, rounds: int, concurrency: int, note: Callable[[str], None]
) -> Sides:
    sides = Sides()
    for number in range(rounds):
        for is_ours in (number % 2 == 0, number % 2 == 1):
            if is_ours:
                sides.ours.append(await _plan(client, specs))
                note(f"planned in {sides.ours[-1]}")
            else:
                sides.theirs.append(await _read(client, specs, concurrency))
                note(f"read bare in {sides.theirs[-1]}")
    return sides


async def _measure_memory(server: Client, client: Client, backend: Backend) -> Figure:
    """Plan in a process of its own, against one that has imported what is needed to connect and has connected."""
    address = server.service_client.config.target_host
    peaks = [await asyncio.to_thread(probe, "plan", str(PROW), address, client.namespace) for _ in range(3)]
    idle = [await asyncio.to_thread(probe, "connect", address, client.namespace) for _ in range(3)]
    return Figure(
        name=f"peak memory of that plan, {backend}",
        against="a connected client alone",
        unit="MB",
        ours=tuple(run["peak"] for run in peaks),
        theirs=tuple(run["peak"] for run in idle),
    )


async def _apply(client: Client, specs: Specs) -> Spent:
    meter = Meter()
    schedules = Schedules(client)
    planned = await plan_specs(specs, schedules, parse_allowances(()))
    assignment = Assignment(schedules=schedules, desired=planned.desired, terms=planned.terms)
    outcomes = [outcome async for outcome in apply_plan(planned.plan, assignment)]
    spent = meter.read()
    failed = next((outcome for outcome in outcomes if outcome.status is not WriteStatus.DONE), None)
    if failed or len(outcomes) != len(planned.desired):
        raise RuntimeError(f"{len(outcomes)} of {len(planned.desired)} were written, and this failed: {failed}")
    return spent


async def _plan(client: Client, specs: Specs) -> Spent:
    meter = Meter()
    planned = await plan_specs(specs, Schedules(client), parse_allowances(()))
    spent = meter.read()
    if not is_empty(planned):
        raise RuntimeError(f"the plan is not empty: {planned.plan.changes[:1]} {planned.plan.held[:1]}")
    return spent


def is_empty(planned: Planned) -> bool:
    """Whether every job is live and as its spec wants it."""
    plan = planned.plan
    return not (plan.changes or plan.held or planned.refusals) and plan.unchanged == len(planned.desired)


def make_creates(specs: Specs, client: Client) -> list[CreateScheduleRequest]:
    """Make the requests that `apply` sends, ready to be sent, so that the server has the same to do."""
    return [
        make_create_request(client, name, job.message, project="prow", with_attribute=True)
        for name, job in convert_jobs(specs.job_set, Conversion.of(client, specs.now)).jobs.items()
    ]


async def _create(client: Client, requests: Sequence[CreateScheduleRequest], concurrency: int) -> Spent:
    meter = Meter()
    await _send_all(client.workflow_service.create_schedule, requests, concurrency)
    return meter.read()


async def _read(client: Client, specs: Specs, concurrency: int) -> Spent:
    """List all pages, and describe all jobs."""
    names = [job.spec.name for job in specs.loaded.jobs.values() if job.spec.schedule]
    meter = Meter()
    page = ListSchedulesRequest(namespace=client.namespace, maximum_page_size=1000)
    while True:
        answer = await client.workflow_service.list_schedules(page)
        if not answer.next_page_token:
            break
        page.next_page_token = answer.next_page_token
    requests = [DescribeScheduleRequest(namespace=client.namespace, schedule_id=name) for name in names]
    await _send_all(client.workflow_service.describe_schedule, requests, concurrency)
    return meter.read()


async def _send_all(rpc: Callable[[Any], Awaitable[Any]], requests: Iterable[Any], concurrency: int) -> None:
    """Send all requests, so many at a time, the cheapest way there is."""
    waiting = iter(requests)

    async def work() -> None:
        for request in waiting:
            try:
                await rpc(request)
            except RPCError as error:  # a machine that is too busy breaks connections
                if error.status not in {RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE}:
                    raise
                await rpc(request)

    await asyncio.gather(*(work() for _ in range(concurrency)))


async def _find_best_for_creates(server: Client, specs: Specs, note: Callable[[str], None]) -> int:
    took = {}
    for concurrency in (_CONCURRENCIES[-1], *_CONCURRENCIES):  # the first one only warms the server up
        client = await make_namespace(server)
        took[concurrency] = await _create(client, make_creates(specs, client)[:_TRIED], concurrency)
    return _choose(took, "creates", note)


async def _find_best_for_describes(client: Client, specs: Specs, note: Callable[[str], None]) -> int:
    await _read(client, specs, 32)  # the first describe of a schedule takes longer, for whoever is first
    took = {concurrency: await _read(client, specs, concurrency) for concurrency in _CONCURRENCIES}
    return _choose(took, "list and describes", note)


def _choose(took: dict[int, Spent], what: str, note: Callable[[str], None]) -> int:
    note(f"{what}: " + ", ".join(f"{concurrency} at a time in {spent}" for concurrency, spent in took.items()))
    return min(took, key=lambda concurrency: took[concurrency].wall)
