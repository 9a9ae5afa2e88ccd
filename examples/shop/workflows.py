"""The shop's workflows; each is the subject of a job in `specs/`."""

import asyncio
from datetime import timedelta
from math import ceil

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from examples.shop import activities
    from examples.shop.models import (
        CheckResult,
        Newsletter,
        OrdersInput,
        ReportInput,
        ReportResult,
        RestockResult,
        StockTakeInput,
        SyncResult,
    )

SHORT = timedelta(seconds=30)


@workflow.defn
class SyncOrders:
    """Fetches a region's new orders and records what they earned."""

    @workflow.run
    async def run(self, wanted: OrdersInput) -> SyncResult:
        """Fetch, then record."""
        orders = await workflow.execute_activity(
            activities.fetch_orders,
            wanted,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=3),
        )
        revenue = await workflow.execute_activity(
            activities.record_sales, args=[wanted.region, orders], start_to_close_timeout=SHORT
        )
        workflow.logger.info("synced %d orders from %s", len(orders), wanted.region)
        return SyncResult(
            region=wanted.region,
            orders=len(orders),
            batches=ceil(len(orders) / wanted.batch_size),
            revenue=revenue,
        )


@workflow.defn
class SalesReport:
    """Writes a sales report for some regions."""

    @workflow.run
    async def run(self, wanted: ReportInput) -> ReportResult:
        """Let one activity do it."""
        return await workflow.execute_activity(activities.write_report, wanted, start_to_close_timeout=SHORT)


@workflow.defn
class CheckHealth:
    """Runs some health checks side by side."""

    @workflow.run
    async def run(self) -> list[CheckResult]:
        """Run all checks and return their outcomes in order."""
        checks = [
            workflow.execute_activity(activities.check_health, name, start_to_close_timeout=SHORT)
            for name in ("disk", "orders", "event-loop")
        ]
        return list(await asyncio.gather(*checks))


@workflow.defn(name="restock-shelves")
class RestockShelves:
    """Orders what runs low; its workflow type is another name than the class's."""

    @workflow.run
    async def run(self, threshold: int, dry_run: bool) -> RestockResult:  # noqa: FBT001  an argument in a spec
        """Find what is short, and order it unless it is a dry run."""
        warehouse = activities.warehouse
        short = await workflow.execute_activity(warehouse.find_shortages, threshold, start_to_close_timeout=SHORT)
        ordered = 0
        if short and not dry_run:
            ordered = await workflow.execute_activity(warehouse.order_supplies, short, start_to_close_timeout=SHORT)
        return RestockResult(shortages=short, ordered=ordered)


@workflow.defn
class TakeStock:
    """Waits while people count what lies on the shelves, article by article."""

    @workflow.init
    def __init__(self, wanted: StockTakeInput) -> None:
        """Begin with nothing counted."""
        self._counted: dict[str, int] = {}
        self._missing = set(wanted.articles)

    @workflow.run
    async def run(self, wanted: StockTakeInput) -> dict[str, int]:  # noqa: ARG002  read where it begins
        """Record the pieces of each article once all have been counted."""
        await workflow.wait_condition(lambda: not self._missing)
        await workflow.execute_activity(activities.record_stock, self._counted, start_to_close_timeout=SHORT)
        return self._counted

    @workflow.signal
    def count(self, article: str, pieces: int) -> None:
        """Take what somebody counted; a later count of the same article replaces it."""
        self._counted[article] = pieces
        self._missing.discard(article)

    @workflow.query
    def missing(self) -> list[str]:
        """List the articles that nobody has counted yet."""
        return sorted(self._missing)


@workflow.defn
class PreviewNewsletter:
    """Writes tomorrow's newsletter in one language."""

    @workflow.run
    async def run(self, letter: Newsletter) -> str:
        """Return the text, so that it can be read in the Temporal UI."""
        return await workflow.execute_activity(activities.write_newsletter, letter, start_to_close_timeout=SHORT)
