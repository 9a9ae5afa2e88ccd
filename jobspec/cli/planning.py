"""From loaded specs to a plan, for the commands that show or carry out one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.planning.convergence import Planned, desire_loaded, plan_jobs
from jobspec.planning.plan import Terms
from jobspec.spec.project import get_project_id

if TYPE_CHECKING:
    from jobspec.cli.specs import Specs
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
        terms=make_terms(specs),
        max_deletes=specs.project.guards.max_deletes,
        allowances=allowances,
    )


def make_terms(specs: Specs) -> Terms:
    """Say what a plan is made under.

    Raises:
        ProjectError: The project has no id, so nothing can be its own.
    """
    return Terms(
        project=get_project_id(specs.project),
        owners=specs.owners,
        now=specs.now,
        grace=specs.project.prune.grace,
        can_prune=not specs.loaded.incomplete,
    )
