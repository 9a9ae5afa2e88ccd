"""Other code under names that good.py has too."""

from temporalio import activity, workflow


@workflow.defn
class TakesNothing:
    @workflow.run
    async def run(self) -> None: ...


@activity.defn
async def fetch() -> None: ...
