"""What the shop's workflows take and give."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Region(StrEnum):
    """Where the shop sells."""

    EU = "eu"
    US = "us"


class Order(BaseModel):
    """One order as the shop's storefront exports it."""

    id: str
    region: Region
    placed: date
    sku: str
    quantity: int = Field(ge=1)
    unit_price: Decimal = Field(ge=0)

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.quantity * self.unit_price


class OrdersInput(BaseModel):
    """Which orders to fetch."""

    model_config = ConfigDict(extra="forbid")

    region: Region
    batch_size: int = Field(default=100, ge=1, le=1000)


class SyncResult(BaseModel):
    """What a run of `SyncOrders` did."""

    region: Region
    orders: int
    batches: int
    revenue: Decimal


class ReportInput(BaseModel):
    """Which sales report to write."""

    model_config = ConfigDict(extra="forbid")

    title: str = "Sales"
    regions: list[Region] = Field(default=[Region.EU, Region.US], min_length=1)
    top: int = Field(default=3, ge=1)


class ReportResult(BaseModel):
    """Where a report went and its first line."""

    file: str
    summary: str


class CheckResult(BaseModel):
    """The outcome of one health check."""

    name: str
    healthy: bool
    detail: str


class Shortage(BaseModel):
    """An article of which little is left."""

    sku: str
    left: int


class RestockResult(BaseModel):
    """What ran low and how many pieces were ordered."""

    shortages: list[Shortage]
    ordered: int


class StockTakeInput(BaseModel):
    """Which articles to count."""

    model_config = ConfigDict(extra="forbid")

    articles: list[str] = []


@dataclass
class Newsletter:
    """A newsletter; a plain dataclass, since anything that pydantic can read will do."""

    subject: str
    articles: list[str]
    language: str = "en"
