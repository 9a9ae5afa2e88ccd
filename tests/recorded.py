"""What a namespace answers, written down: for tests of the rules that read lists and descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from temporalio.api.schedule.v1 import ScheduleListInfo
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.planning.desired import make_desired
from jobspec.spec.model import JobSpec
from jobspec.temporal.schedules.live_schedule import Listed, LiveSchedule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from jobspec.errors import JobspecError
    from jobspec.temporal.schedules.gateway import Schedules

SHOP = frozenset({"shop", "store"})
"""Marks that are ours."""


def listed(*names: str, project: str | None = "shop", note: str = "") -> tuple[Listed, ...]:
    """Make entries of a list."""
    return tuple(Listed(name=name, project=project, info=ScheduleListInfo(notes=note)) for name in names)


def live(name: str, *, every: str = "1h", project: str | None = "shop", paused: bool = False) -> LiveSchedule:
    """Make a schedule as it would be described."""
    job = {"name": name, "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every}}
    desired = make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)
    return LiveSchedule(name=name, project=project, canonical=desired.canonical, paused=paused, message=desired.message)


@dataclass(slots=True, kw_only=True)
class Recorded:
    """A namespace that always answers the same.

    Attributes:
        pages: What a list shows, page by page.
        schedules: What describes answer, by name; all other names do not exist.
        described: The names that were described, one tuple a request.
    """

    pages: Iterable[tuple[Listed, ...]] = ()
    schedules: Mapping[str, LiveSchedule | JobspecError] = field(default_factory=dict)
    described: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def reader(self) -> Schedules:
        """This, as what reads schedules takes it."""
        return cast("Schedules", self)

    async def list_pages(self) -> AsyncIterator[tuple[Listed, ...]]:
        for page in self.pages:
            yield page

    async def list(self) -> tuple[Listed, ...]:
        return tuple(entry for page in self.pages for entry in page)

    async def describe_all(self, names: Iterable[str]) -> dict[str, LiveSchedule | JobspecError]:
        asked = tuple(names)
        self.described += [asked] if asked else []
        return {name: self.schedules[name] for name in asked if name in self.schedules}
