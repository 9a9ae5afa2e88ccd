"""Workflows and activities that are as they should be."""

import dataclasses
import typing
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from temporalio import activity, workflow
from temporalio.common import RawValue
from typing_extensions import TypedDict

print("printed while imported")  # noqa: T201  stdout must stay clean all the same

Numbers = list[int]


class Item(BaseModel):
    sku: str
    quantity: int = 1


class Basket(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[Item]
    due: date | None = None
    label: str = Field(default="", alias="name")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    inner: Item


@dataclasses.dataclass
class Plain:
    left: int
    right: int = 0


class Typed(TypedDict):
    key: str


class Opaque:
    """Nothing that pydantic knows."""


@workflow.defn
class TakesBasket:
    @workflow.run
    async def run(self, basket: Basket) -> None: ...


@workflow.defn
class TakesNothing:
    @workflow.run
    async def run(self) -> None: ...


@workflow.defn
class TakesTwo:
    @workflow.run
    async def run(self, item: Item, count: int = 1) -> None: ...


@workflow.defn
class TakesMany:
    @workflow.run
    async def run(self, *numbers: int) -> None: ...


@workflow.defn
class TakesAnything:
    @workflow.run
    async def run(self, value) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001  nothing to check against


@workflow.defn
class TakesRaw:
    @workflow.run
    async def run(self, value: RawValue) -> None: ...


@workflow.defn
class TakesPositive:
    @workflow.run
    async def run(self, number: Annotated[int, Field(gt=0)]) -> None: ...


@workflow.defn
class TakesEither:
    @workflow.run
    async def run(self, value: int | Item) -> None: ...


@workflow.defn
class TakesOpen:
    @workflow.run
    async def run(self, value: Open) -> None: ...


@workflow.defn
class TakesPlain:
    @workflow.run
    async def run(self, value: Plain) -> None: ...


@workflow.defn
class TakesOpaque:
    @workflow.run
    async def run(self, value: Opaque) -> None: ...


@workflow.defn
class TakesTwoOpaque:
    @workflow.run
    async def run(self, value: Opaque, number: int = 0) -> None: ...


class OldDict(typing.TypedDict):
    sku: str


@workflow.defn
class TakesTypedDict:
    @workflow.run
    async def run(self, value: OldDict) -> None: ...


@workflow.defn
class KeywordOnly:
    @workflow.run
    async def run(self, *, value: int) -> None: ...


@workflow.defn(name="named-otherwise")
class Named:
    @workflow.run
    async def run(self) -> None: ...


@workflow.defn(dynamic=True)
class Dynamic:
    @workflow.run
    async def run(self, values: Sequence[RawValue]) -> None: ...


class Undecorated(TakesNothing):
    """A subclass needs its own decorator."""


@activity.defn
async def fetch() -> None: ...


@activity.defn
def store(value: Any) -> None: ...


@activity.defn(name="fetch")
async def other_fetch() -> None: ...


def undecorated() -> None: ...


class Shelf:
    @activity.defn
    def count(self) -> int:
        return 0


shelf = Shelf()


class Outer:
    class Inner(BaseModel):
        value: int


def __getattr__(name: str) -> Any:
    if name == "explosive":
        raise RuntimeError("do not touch")
    raise AttributeError(name)


class Moody(BaseModel):
    mood: str

    @field_validator("mood")
    @classmethod
    def _check(cls, mood: str) -> str:
        print("validating")  # noqa: T201  stdout must stay clean all the same
        return {"good": mood}[mood]


class Unfinished(BaseModel):
    part: "Absent"  # type: ignore[name-defined]  # noqa: F821


@workflow.defn
class TakesMoody:
    @workflow.run
    async def run(self, value: Moody) -> None: ...


@workflow.defn
class TakesUnfinished:
    @workflow.run
    async def run(self, value: Unfinished) -> None: ...
