"""Desired specs and a live side → the plan, as text and as JSON.

A case is a directory: `specs.yaml` is what git says, `live.yaml` what the server has, `base.yaml` what git said before,
all as they would stand in a file, `case.toml` the rest: time, ownership, pauses, guards, further outputs.
`--update-golden` writes the expectations anew.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from ruamel.yaml import YAML
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import MalformedScheduleError
from jobspec.live.canonical import canonical_payload
from jobspec.live.messages import DesiredSchedule, make_desired
from jobspec.planning.adoption import plan_adoptions
from jobspec.planning.branches import Base, plan_branch, trace_to_branch
from jobspec.planning.convergence import DesiredJobs
from jobspec.planning.decisions import make_plan
from jobspec.planning.effects import work_out_plan
from jobspec.planning.guards import Allowances, SpecsFound, check
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Plan, Source, Terms, Wanted
from jobspec.planning.shown import Privacy
from jobspec.planning.wanted import SourcedSpec, WantedJobs
from jobspec.render.annotations import annotate_plan
from jobspec.render.plan_documents import BaseDocument, plan_document
from jobspec.render.plan_markdown import render_markdown
from jobspec.render.plan_text import render_plan
from jobspec.spec.model import JobSpec
from jobspec.spec.redaction import PlanSettings, Redaction
from jobspec.timing.duration import parse_duration
from jobspec.timing.upcoming import has_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.live.canonical import CanonicalSchedule
    from jobspec.live.schedules import LiveSchedule

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/case.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The part of a live schedule that planning looks at."""

    name: str
    project: str | None
    canonical: CanonicalSchedule
    paused: bool
    note: str
    recent_runs: tuple[datetime, ...] = ()


def read_jobs(path: Path) -> list[JobSpec]:
    return [JobSpec.model_validate(job) for job in YAML(typ="safe").load(path)["jobs"]] if path.exists() else []


def desire(job: JobSpec) -> DesiredSchedule:
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
    live = Live(
        name=job.name,
        project=project,
        canonical=replace_payloads(desire(job).canonical, tweaks),
        paused=pause.paused,
        note=pause.note,
        recent_runs=tuple(tweaks.get("recent_runs", ())),
    )
    return cast("LiveSchedule", live)


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


def want(specs: Path, now: datetime) -> dict[str, Wanted]:
    return {
        job.name: Wanted(
            desired=desire(job),
            find_source=partial(find_source, specs, job.name),
            is_completed=not has_run(job.schedule.timetable, now),
        )
        for job in read_jobs(specs)
        if job.schedule
    }


def make(case: Path, settings: Mapping[str, Any]) -> Plan:
    specs, now, grace = case / "specs.yaml", settings["now"], settings.get("grace", "24h")
    assert isinstance(now, datetime)
    jobs = read_jobs(specs)
    invalid = set(settings.get("invalid", ()))
    terms = Terms(
        project="shop",
        owners=frozenset({"shop", "store"}),
        now=now,
        grace=parse_duration(grace),
        can_prune=settings.get("can_prune", True),
    )
    wanted = {name: job for name, job in want(specs, now).items() if name not in invalid}
    tweaks = settings.get("live", {})
    live = {job.name: read_live(job, tweaks.get(job.name, {}), grace) for job in read_jobs(case / "live.yaml")}
    base = Base(
        wanted=want(case / "base.yaml", now),
        frozen=frozenset(settings.get("base_frozen", ())),
        broken_files=frozenset(settings.get("base_broken_files", ())),
    )
    if "base" in settings and not live:
        desired = DesiredJobs(
            jobs=tuple(SourcedSpec(spec=job) for job in jobs if job.name not in invalid),
            frozen={name: find_source(specs, name) for name in sorted(invalid)},
            environment=settings.get("environment"),
        )
        found = WantedJobs(wanted=wanted)
        return plan_branch(base, found, desired=desired, terms=terms, max_deletes=5, allowances=Allowances()).plan
    if "adopt" in settings:
        former = settings.get("adopt_from")
        return plan_adoptions(settings["adopt"], wanted, live, terms=terms, former=former, namespace="default")
    plan = make_plan(
        wanted,
        live,
        terms=terms,
        invalid={name: find_source(specs, name) for name in sorted(invalid)},
        namespace="default",
        environment=settings.get("environment"),
    )
    return trace_to_branch(plan, wanted, base) if "base" in settings else plan


def describe_base(settings: Mapping[str, Any]) -> BaseDocument | None:
    if "base" not in settings:
        return None
    is_live, notes = settings["base"] == "live", tuple(settings.get("notes", ()))
    return BaseDocument(ref="main", commit="3f2a9c1" + "0" * 33, live=is_live, notes=notes, diagnostics=())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_plan_is_as_expected(case: Path, update_golden: bool) -> None:  # noqa: FBT001  pytest passes by name
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    plan = make(case, settings)
    guards = settings.get("guards", {})
    refusals = check(
        plan,
        found=SpecsFound(missing_roots=tuple(guards.get("missing_roots", ())), is_empty=guards.get("is_empty", False)),
        max_deletes=guards.get("max_deletes", 5),
        allowances=Allowances(),
    )
    document = plan_document(
        plan,
        refusals=refusals,
        effects=work_out_plan(plan, settings["now"]),
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
