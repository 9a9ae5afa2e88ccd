"""From loaded specs to a plan, for the commands that show or carry out one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.planning.convergence import Planned, desire_loaded, plan_jobs

if TYPE_CHECKING:
    from jobspec.cli.session import Specs
    from jobspec.live.schedules import Schedules
    from jobspec.planning.guards import Allowances


async def plan_specs(specs: Specs, schedules: Schedules, allowances: Allowances) -> Planned:
    """Read what is live and plan.

    Args:
        specs: The specs.
        schedules: The namespace.
        allowances: Guards that the caller lets pass.
    """
    return await plan_jobs(
        schedules,
        desire_loaded(specs.loaded, specs.env, is_private=bool(specs.project.plan.redact)),
        terms=specs.make_terms(),
        max_deletes=specs.project.guards.max_deletes,
        allowances=allowances,
    )
