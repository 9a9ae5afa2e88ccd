"""The shop's work: reads the bundled orders, counts stock, writes reports; no network is needed.

Activities that wait are async; activities that compute or touch files are plain
functions, which a worker runs in threads. What they write goes below `.dev/shop`,
or where `SHOP_OUTPUT` says.
"""

import asyncio
import os
import shutil
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from examples.shop.models import (
    CheckResult,
    Newsletter,
    Order,
    OrdersInput,
    Region,
    ReportInput,
    ReportResult,
    Shortage,
)

HERE = Path(__file__).parent


@activity.defn
async def fetch_orders(wanted: OrdersInput) -> list[Order]:
    """Fetch a region's orders batch by batch, as from a slow storefront.

    A retry goes on after the batch that the attempt before reported with its last heartbeat.
    """
    orders = [order for order in _all_orders() if order.region is wanted.region]
    fetched = int(next(iter(activity.info().heartbeat_details), 0))
    while fetched < len(orders):
        await asyncio.sleep(0.2)
        fetched = min(fetched + wanted.batch_size, len(orders))
        activity.heartbeat(fetched)
        activity.logger.info("fetched %d of %d orders from %s", fetched, len(orders), wanted.region)
    return orders


@activity.defn
def record_sales(region: Region, orders: list[Order]) -> Decimal:
    """Write a region's revenue per article to a file and return the sum."""
    revenue: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        revenue[order.sku] += order.total
    text = "".join(f"{sku}\t{amount}\n" for sku, amount in sorted(revenue.items()))
    _output(f"sales-{region}.tsv").write_text(text, encoding="utf-8")
    return sum((order.total for order in orders), Decimal(0))


@activity.defn
def write_report(wanted: ReportInput) -> ReportResult:
    """Write a sales report as Markdown and return where it is."""
    orders = [order for order in _all_orders() if order.region in wanted.regions]
    sold: Counter[str] = Counter()
    for order in orders:
        sold[order.sku] += order.quantity
    best = sold.most_common(wanted.top)
    revenue = sum((order.total for order in orders), Decimal(0))
    summary = f"{len(orders)} orders, {revenue} in revenue; best seller: {best[0][0] if best else 'none'}"
    rows = "".join(f"| {sku} | {quantity} |\n" for sku, quantity in best)
    file = _output("report.md")
    file.write_text(f"# {wanted.title}\n\n{summary}\n\n| article | sold |\n|---|---|\n{rows}", encoding="utf-8")
    return ReportResult(file=str(file), summary=summary)


@activity.defn
async def check_health(name: str) -> CheckResult:
    """Run one named check of the machine that the worker runs on."""
    match name:
        case "disk":
            free = shutil.disk_usage(HERE).free
            return CheckResult(name=name, healthy=free > 2**20, detail=f"{free >> 20} MiB free")
        case "orders":
            return CheckResult(name=name, healthy=bool(_all_orders()), detail=f"{len(_all_orders())} orders readable")
        case "event-loop":
            loop = asyncio.get_running_loop()
            before = loop.time()
            await asyncio.sleep(0.1)
            lag = loop.time() - before - 0.1
            return CheckResult(name=name, healthy=lag < 1, detail=f"{lag * 1000:.0f} ms behind")
        case _:
            raise ApplicationError(f"there is no check {name!r}", type="UnknownCheck", non_retryable=True)


@activity.defn
def record_stock(counted: dict[str, int]) -> int:
    """Write what was counted to a file and return how many pieces there are in all."""
    text = "".join(f"{article}\t{pieces}\n" for article, pieces in sorted(counted.items()))
    _output("stock.tsv").write_text(text, encoding="utf-8")
    return sum(counted.values())


@activity.defn
def write_newsletter(letter: Newsletter) -> str:
    """Write a newsletter to a file and return its text."""
    text = f"{letter.subject}\n\nToday's offers: {', '.join(letter.articles)}.\n"
    _output(f"newsletter-{letter.language}.txt").write_text(text, encoding="utf-8")
    return text


class Warehouse:
    """Activities that share state, here the stock on the shelves.

    Args:
        stock: Pieces per article.
    """

    def __init__(self, stock: dict[str, int]) -> None:
        self._stock = stock

    @activity.defn
    def find_shortages(self, threshold: int) -> list[Shortage]:
        """List the articles of which less than a number of pieces are left."""
        return [Shortage(sku=sku, left=left) for sku, left in sorted(self._stock.items()) if left < threshold]

    @activity.defn
    async def order_supplies(self, shortages: list[Shortage]) -> int:
        """Order a hundred pieces of what is short; returns how many pieces in all."""
        for shortage in shortages:
            await asyncio.sleep(0.1)
            activity.logger.info("ordered 100 of %s", shortage.sku)
        return 100 * len(shortages)


@cache
def _all_orders() -> list[Order]:
    return TypeAdapter(list[Order]).validate_json((HERE / "orders.json").read_bytes())


def _output(name: str) -> Path:
    folder = Path(os.environ.get("SHOP_OUTPUT", HERE.parent.parent / ".dev" / "shop"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


warehouse = Warehouse(TypeAdapter(dict[str, int]).validate_json((HERE / "stock.json").read_bytes()))
"""The instance whose methods a worker registers, as `examples.shop.activities:warehouse.find_shortages`."""
