"""Desired specs and a live side → the plan, as text and as JSON.

A case is a directory: `specs.yaml` is what git says, `live.yaml` what the server has, `base.yaml` what git said before,
all as they would stand in a file, `case.toml` the rest: time, ownership, pauses, guards, further outputs.
`--update-golden` writes the expectations anew.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from temporalio.api.common.v1 import Payload
from temporalio.api.schedule.v1 import ScheduleInfo
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import MalformedScheduleError
from jobspec.planning.adoption import plan_adoptions
from jobspec.planning.branch import Base, plan_branch, trace_to_branch
from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.disclosure import Privacy
from jobspec.planning.effects import work_out_plan
from jobspec.planning.guards import SpecsFound
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Source
from jobspec.planning.planner import Planned, Terms, plan
from jobspec.render.annotations import annotate_plan
from jobspec.render.plan_documents import BaseDocument, plan_document
from jobspec.render.plan_markdown import render_markdown
from jobspec.render.plan_text import render_plan
from jobspec.spec.model import JobSpec
from jobspec.spec.redaction import PlanSettings, Redaction
from jobspec.temporal.schedules.canonical import CanonicalSchedule, canonical_payload
from jobspec.temporal.schedules.live_schedule import LiveSchedule
from jobspec.timing.duration import parse_duration
from jobspec.timing.upcoming import has_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/case.toml"))


def read_jobs(path: Path) -> list[JobSpec]:
    return [JobSpec.model_validate(job) for job in YAML(typ="safe").load(path)["jobs"]] if path.exists() else []


def desire(job: JobSpec) -> Desired:
    return make_desired(job, pydantic_data_converter.payload_converter)


def find_source(path: Path, name: str) -> Source:
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, line in enumerate(lines, 1) if line.strip() == f"- name: {name}")
    return Source(file="specs.yaml", line=line)


def read_live(job: JobSpec, tweaks: Mapping[str, Any], grace: str) -> LiveSchedule | MalformedScheduleError:
    if "malformed" in tweaks:
        return MalformedScheduleError(tweaks["malformed"])
    pause = Pause(paused=tweaks.get("paused", False), note=tweaks.get("note", ""))
    if "retired" in tweaks:
        pause = retire(pause, now=tweaks["retired"], grace=parse_duration(grace))
    project = None if tweaks.get("unmarked") else tweaks.get("project", "shop")
    return LiveSchedule(
        name=job.name,
        project=project,
        canonical=replace_payloads(desire(job).canonical, tweaks),
        paused=pause.paused,
        note=pause.note,
        info=make_info(tweaks.get("recent_runs", ())),
    )


def make_info(recent_runs: Iterable[datetime]) -> ScheduleInfo:
    info = ScheduleInfo()
    for moment in recent_runs:
        info.recent_actions.add().schedule_time.FromDatetime(moment)
    return info


def replace_payloads(canonical: CanonicalSchedule, tweaks: Mapping[str, Any]) -> CanonicalSchedule:
    """Put payloads in place that no spec makes."""
    made = {
        field: canonical_payload(
            Payload(metadata={"encoding": tweaks[field]["encoding"].encode()}, data=tweaks[field]["data"].encode())
        )
        for field in ("payload", "summary")
        if field in tweaks
    }
    return replace(
        canonical,
        input=(made["payload"],) if "payload" in made else canonical.input,
        static_summary=made.get("summary", canonical.static_summary),
    )


def convert(specs: Path, now: datetime) -> dict[str, Desired]:
    return {
        job.name: replace(
            desire(job),
            find_source=partial(find_source, specs, job.name),
            is_completed=not has_run(job.schedule.timetable, now),
        )
        for job in read_jobs(specs)
        if job.schedule
    }


def make(case: Path, settings: Mapping[str, Any]) -> Planned:
    specs, now, grace = case / "specs.yaml", settings["now"], settings.get("grace", "24h")
    assert isinstance(now, datetime)
    invalid, guards = set(settings.get("invalid", ())), settings.get("guards", {})
    is_offline = "base" in settings and not (case / "live.yaml").exists()
    terms = Terms(
        project="shop",
        owners=frozenset({"shop", "store"}),
        now=now,
        grace=parse_duration(grace),
        can_prune=settings.get("can_prune", True),
        namespace=None if is_offline else "default",
        max_deletes=guards.get("max_deletes", 5),
    )
    desired = DesiredState(
        jobs={name: job for name, job in convert(specs, now).items() if name not in invalid},
        on_demand=frozenset(job.name for job in read_jobs(specs) if job.schedule is None),
        frozen={name: find_source(specs, name) for name in sorted(invalid)},
        found=SpecsFound(missing_roots=tuple(guards.get("missing_roots", ())), is_empty=guards.get("is_empty", False)),
        environment=settings.get("environment"),
    )
    tweaks = settings.get("live", {})
    live = {job.name: read_live(job, tweaks.get(job.name, {}), grace) for job in read_jobs(case / "live.yaml")}
    base = Base(
        jobs=convert(case / "base.yaml", now),
        frozen=frozenset(settings.get("base_frozen", ())),
        broken_files=frozenset(settings.get("base_broken_files", ())),
    )
    if is_offline:
        return plan_branch(base, desired, terms)
    if "adopt" in settings:
        adopted = plan_adoptions(settings["adopt"], desired.jobs, live, terms=terms, former=settings.get("adopt_from"))
        return Planned(plan=adopted, desired=desired.jobs, terms=terms)
    planned = plan(desired, live, terms)
    return trace_to_branch(planned, base) if "base" in settings else planned


def describe_base(settings: Mapping[str, Any]) -> BaseDocument | None:
    if "base" not in settings:
        return None
    is_live, notes = settings["base"] == "live", tuple(settings.get("notes", ()))
    return BaseDocument(ref="main", commit="3f2a9c1" + "0" * 33, live=is_live, notes=notes, diagnostics=())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_plan_is_as_expected(case: Path, update_golden: bool) -> None:  # noqa: FBT001  pytest passes by name
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    planned = make(case, settings)
    document = plan_document(
        planned.plan,
        refusals=planned.refusals,
        effects=work_out_plan(planned.plan, settings["now"]),
        privacy=Privacy(
            redaction=Redaction.of(PlanSettings(redact=tuple(settings.get("redact", ())))),
            hides_input=not settings.get("show_input", True),
        ),
        base=describe_base(settings),
    )
    found = {
        "plan.txt": render_plan(document, width=settings.get("width", 120), ascii=settings.get("ascii", False)),
        "plan.json": document.to_json(),
        "plan.md": render_markdown(document),
        "plan.github": annotate_plan(document, prefix="shop/"),
    }
    for name in ("plan.txt", "plan.json", *settings.get("outputs", ())):
        expected = case / name
        if update_golden:
            expected.write_text(found[name], encoding="utf-8")
        assert found[name] == expected.read_text(encoding="utf-8")
