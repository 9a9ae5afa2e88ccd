from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from jobspec.errors import RefusedError, RequestError, UsageError
from jobspec.planning.desired import Desired, DesiredState, make_desired
from jobspec.planning.digests import Digester
from jobspec.planning.disclosure import Privacy, make_checksum
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Action, Plan
from jobspec.planning.planner import Planned, Terms, plan
from jobspec.planning.saved import Comparison, compare, make_intents
from jobspec.render.saved_plans import (
    difference_document,
    read_intents,
    read_saved_plan,
    render_differences,
    saved_plan_document,
)
from jobspec.spec.model import JobSpec
from jobspec.spec.redaction import PlanSettings, Redaction
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
    from collections.abc import Mapping


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRACE = timedelta(hours=24)
OWNERS = frozenset({"shop"})
RUNS = Pause(paused=False)
DIGESTER = Digester(key=b"known to few")


def desire(name: str, every: str = "1h", **more: Any) -> Desired:
    job = {"name": name, "queue": "q", "workflow": {"type": "W"}, "schedule": {"interval": every}, **more}
    return make_desired(JobSpec.model_validate(job), pydantic_data_converter.payload_converter)


def live(name: str, every: str = "1h", *, pause: Pause = RUNS, project: str = "shop", **more: Any) -> LiveSchedule:
    canonical = desire(name, every, **more).canonical
    return LiveSchedule(name=name, project=project, canonical=canonical, paused=pause.paused, note=pause.note)


def plan_for(
    *desired: Desired, there: Mapping[str, LiveSchedule | RequestError] | None = None, later: timedelta = timedelta(0)
) -> Planned:
    terms = Terms(project="shop", owners=OWNERS, now=NOW + later, grace=GRACE, namespace="default")
    return plan(DesiredState(jobs={each.name: each for each in desired}), there or {}, terms)


def hold_against(
    then: Planned, now: Planned, digester: Digester | None = None, privacy: Privacy | None = None
) -> Comparison:
    digester, privacy = digester or DIGESTER, privacy or Privacy()
    return compare(make_intents(then, digester, privacy), now, digester, privacy)


def tell(comparison: Comparison) -> list[str]:
    return render_differences([difference_document(each) for each in comparison.differences]).splitlines()


def test_the_same_plan_is_what_is_left_to_do() -> None:
    there = {"b": live("b"), "c": live("c")}
    then = plan_for(desire("a"), desire("b", "2h"), there=there)
    comparison = hold_against(then, plan_for(desire("a"), desire("b", "2h"), there=there, later=timedelta(days=30)))
    assert (comparison.differences, comparison.settled, comparison.postponed) == ((), (), ())
    assert [change.action for change in comparison.plan.changes] == [Action.CREATE, Action.UPDATE, Action.RETIRE]


def test_numbers_that_json_lacks_in_a_live_schedule_have_a_digest_too() -> None:
    """Temporal takes an infinite coefficient from a stranger."""
    usual = live("a", run={"retry_policy": {"maximum_attempts": 3}})
    assert usual.canonical.retry_policy
    retry = replace(usual.canonical.retry_policy, backoff_coefficient=float("inf"))
    endless = replace(usual, canonical=replace(usual.canonical, retry_policy=retry))
    desired = desire("a", run={"retry_policy": {"maximum_attempts": 4}})
    then, now = plan_for(desired, there={"a": usual}), plan_for(desired, there={"a": endless})
    assert hold_against(now, now).differences == ()
    assert tell(hold_against(then, now))[0] == "a: its live schedule has changed"


def test_a_change_of_spec_or_schedule_is_told_job_by_job() -> None:
    there = {"live": live("live"), "spec": live("spec"), "both": live("both"), "gone": live("gone")}
    desired = {name: desire(name, "2h") for name in ("live", "spec", "both", "gone", "new")}
    then = plan_for(*desired.values(), there=there)
    desired |= {"spec": desire("spec", "3h"), "both": desire("both", "3h"), "extra": desire("extra")}
    del desired["gone"]
    there |= {"live": live("live", "9h"), "both": live("both", "9h", queue="r")}
    assert tell(hold_against(then, plan_for(*desired.values(), there=there))) == [
        "both: its spec has changed and its live schedule has changed",
        "    planned: update schedule.interval",
        "    now:     update schedule.interval, queue",
        "extra: it was not in the plan",
        "    planned: nothing",
        "    now:     create",
        "gone: no spec wants it any more",
        "    planned: update schedule.interval",
        "    now:     retire",
        "live: its live schedule has changed",
        "    planned: update schedule.interval",
        "    now:     update schedule.interval",
        "spec: its spec has changed",
        "    planned: update schedule.interval",
        "    now:     update schedule.interval",
    ]


def test_what_is_so_already_needs_nothing() -> None:
    then = plan_for(desire("a"), desire("b", "2h"), there={"b": live("b"), "c": live("c")})
    retired = retire(RUNS, now=NOW, grace=GRACE)
    there = {"a": live("a"), "b": live("b", "2h"), "c": live("c", pause=retired)}
    comparison = hold_against(then, plan_for(desire("a"), desire("b", "2h"), there=there))
    assert comparison.differences == ()
    assert [intent.name for intent in comparison.settled] == ["a", "b", "c"]
    assert comparison.plan.changes == ()


def test_what_is_so_already_by_another_spec_is_stale() -> None:
    then = plan_for(desire("b", "2h"), there={"b": live("b")})
    assert (
        tell(hold_against(then, plan_for(desire("b", "3h"), there={"b": live("b", "3h")})))[0]
        == "b: its spec has changed"
    )
    then = plan_for(there={"c": live("c")})
    assert tell(hold_against(then, plan_for()))[0] == "c: it is not there any more"


def test_a_deletion_that_fell_due_meanwhile_waits() -> None:
    there = {"a": live("a"), "old": live("old", pause=retire(RUNS, now=NOW, grace=GRACE))}
    then = plan_for(desire("a", "2h"), there=there)
    assert then.plan.retired == ("old",)
    comparison = hold_against(then, plan_for(desire("a", "2h"), there=there, later=2 * GRACE))
    assert (comparison.differences, comparison.postponed) == ((), ("old",))
    assert [change.name for change in comparison.plan.changes] == ["a"]


def test_a_retirement_that_was_made_and_fell_due_meanwhile_is_settled() -> None:
    then = plan_for(there={"c": live("c")})
    there = {"c": live("c", pause=retire(RUNS, now=NOW, grace=GRACE))}
    comparison = hold_against(then, plan_for(there=there, later=2 * GRACE))
    assert (comparison.differences, comparison.postponed, comparison.plan.changes) == ((), ("c",), ())
    assert [intent.name for intent in comparison.settled] == ["c"]


def test_a_deletion_that_nobody_knew_of_is_stale() -> None:
    there = {"c": live("c", pause=retire(RUNS, now=NOW - 2 * GRACE, grace=GRACE))}
    assert tell(hold_against(plan_for(), plan_for(there=there)))[0] == "c: it was not in the plan"


def test_a_pause_by_an_operator_changes_nothing() -> None:
    then = plan_for(desire("a", "2h"), there={"a": live("a")})
    paused = live("a", pause=Pause(paused=True, note="an incident"))
    comparison = hold_against(then, plan_for(desire("a", "2h"), there={"a": paused}))
    assert comparison.differences == ()
    assert comparison.plan.changes[0].pause == Pause(paused=True, note="an incident")


def test_what_is_held_now_is_stale_and_says_why() -> None:
    then = plan_for(desire("a", "2h"), desire("b"), there={"a": live("a")})
    foreign = live("b", project="other")
    lines = tell(
        hold_against(then, plan_for(desire("a", "2h"), desire("b"), there={"a": RequestError("no"), "b": foreign}))
    )
    assert lines[0] == "a: it is held now: no"
    assert lines[3].startswith("b: it is held now: a schedule of that name exists and belongs to the project `other`")


def test_a_job_that_is_over_by_now_needs_nothing() -> None:
    then = plan_for(desire("a"))
    over = replace(desire("a"), is_completed=True)
    comparison = hold_against(then, plan_for(over))
    assert [intent.name for intent in comparison.settled] == ["a"]


SECRET: dict[str, Any] = {
    "input": {"password": "hunter1", "n": 1},
    "run": {"memo": {"key": "k1"}, "search_attributes": {"A": "s1"}},
}
OTHER: dict[str, Any] = {
    "input": {"password": "hunter2", "n": 1},
    "run": {"memo": {"key": "k2"}, "search_attributes": {"A": "s2"}},
}
REDACTION = Redaction.of(PlanSettings(redact=("input.password", "run.memo.key", "run.search_attributes")))


def test_what_is_redacted_counts_and_cannot_be_tried_without_the_key() -> None:
    then, now = [plan_for(desire("a", **job), there={"a": live("a", "9h")}) for job in (SECRET, OTHER)]
    privacy = Privacy(redaction=REDACTION, key=b"id")
    assert make_checksum(then.plan, privacy) != make_checksum(now.plan, privacy)
    assert make_checksum(then.plan, privacy) != make_checksum(then.plan, replace(privacy, key=b"of another"))
    assert tell(hold_against(then, now, privacy=privacy))[0] == "a: its spec has changed"
    other = Digester(key=b"another")
    assert make_intents(then, other, privacy).changes[0].spec != make_intents(then, DIGESTER, privacy).changes[0].spec
    keyless = replace(privacy, key=b"")
    assert make_checksum(then.plan, keyless) == make_checksum(now.plan, keyless)
    assert make_checksum(then.plan, Privacy()) != make_checksum(now.plan, Privacy())


def test_no_checksum_covers_what_a_codec_hides() -> None:
    then, now = [
        plan_for(desire("a", input=job["input"]), there={"a": live("a", "9h", input={"n": 1})})
        for job in (SECRET, OTHER)
    ]
    privacy = Privacy(redaction=REDACTION, hides_input=True, key=b"id")
    assert make_checksum(then.plan, privacy) == make_checksum(now.plan, privacy)


def test_that_a_redacted_value_differs_is_known() -> None:
    same = plan_for(desire("a", **SECRET), there={"a": live("a", "9h", **SECRET)})
    other = plan_for(desire("a", **SECRET), there={"a": live("a", "9h", **OTHER)})
    privacy = Privacy(redaction=REDACTION)
    assert make_checksum(same.plan, privacy) != make_checksum(other.plan, privacy)
    lines = tell(hold_against(same, other, privacy=privacy))
    assert lines[2] == "    now:     update schedule.interval, input.password, run.memo.key, run.search_attributes.A"


def test_with_a_key_digests_know_everything_and_tell_nothing_without_it() -> None:
    then, now = [plan_for(desire("a", **job), there={"a": live("a", "9h")}) for job in (SECRET, OTHER)]
    privacy = Privacy(redaction=REDACTION, hides_input=True)
    digester = Digester(key=b"k" * 32)
    comparison = hold_against(then, now, digester, privacy)
    assert tell(comparison)[0] == "a: its spec has changed"
    assert "update schedule.interval, input, run.memo, " in tell(comparison)[1]
    assert make_intents(then, digester, privacy) != make_intents(then, Digester(key=b"l" * 32), privacy)


def test_a_checksum_stands_for_all_that_is_shown_and_for_no_times() -> None:
    there = {"a": live("a"), "b": live("b")}
    base = make_checksum(plan_for(desire("a", "2h"), there=there).plan, Privacy())
    assert base.startswith("sha256:")
    assert len(base) == 71
    later = plan_for(desire("a", "2h"), there=there, later=timedelta(days=9))
    assert make_checksum(later.plan, Privacy(shows_input=True)) == base
    others = [
        plan_for(desire("a", "3h"), there=there),
        plan_for(desire("a", "2h"), desire("b"), there=there),
        plan_for(desire("a", "2h")),
    ]
    others += [plan_for(desire("a", "2h"), there={**there, "a": live("a", "9h")})]
    assert len({base, *(make_checksum(each.plan, Privacy()) for each in others)}) == 5
    elsewhere = replace(plan_for(desire("a", "2h"), there=there).plan, namespace="other")
    assert make_checksum(elsewhere, Privacy()) != base


def test_a_digest_is_the_same_in_every_process() -> None:
    code = (
        "import test_saved_plans as t;"
        "job = t.desire('a', schedule={'cron': ['0 1 * * MON', '5 2 1 * *', '*/7 * * * *'], 'skip': ['2027-01-01']});"
        "print(t.DIGESTER.of_spec(job))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def save(**changes: Any) -> dict[str, Any]:
    planned = plan_for(desire("a", **SECRET), there={"b": live("b")})
    document = saved_plan_document(
        planned.plan,
        make_intents(planned, DIGESTER, Privacy()),
        namespace_digest="0",
        key=None,
        checksum=make_checksum(planned.plan, Privacy()),
        made_at=NOW,
        version="1.2",
    )
    return {**json.loads(document.to_json()), **changes}


def read(document: Any, version: str = "1.2") -> Any:
    return read_saved_plan(json.dumps(document), name="plan.json", version=version)


def test_a_saved_plan_is_read_back_and_holds_no_value() -> None:
    written = save()
    assert "hunter" not in json.dumps(written)
    planned = plan_for(desire("a", **SECRET), there={"b": live("b")})
    assert read_intents(read(written)) == make_intents(planned, DIGESTER, Privacy())


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kind": "plan"}', "[" * 20_000])
def test_something_else_is_no_saved_plan(text: str) -> None:
    with pytest.raises(UsageError, match=r"`plan\.json` is no saved plan"):
        read_saved_plan(text, name="plan.json", version="1.2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "`plan.json` was made by jobspec 1.2, and this is 1.2, which may plan differently"),
        ({"jobspec": "1.3"}, "made by jobspec 1.3, and this is 1.2"),
        ({"jobspec": 5}, "was made, and this is 1.2"),
        ({"more": 1}, "damaged"),
        ({"changes": [{}]}, "damaged"),
        ({"namespace": "other"}, "not as it was written"),
        ({"changes": []}, "not as it was written"),
        ({"digest": ""}, "not as it was written"),
        ({"checksum": "sha256:" + "0" * 64}, "not as it was written"),
    ],
)
def test_a_plan_of_another_version_or_touched_by_somebody_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError, match=f"{message}.*; make the plan again with `jobspec plan --out`"):
        read(save(**changes))


def test_an_empty_plan_is_a_plan() -> None:
    empty = Planned(
        plan=Plan(project="shop", namespace="default"),
        desired={},
        terms=Terms(project="shop", owners=OWNERS, now=NOW, grace=GRACE),
    )
    assert hold_against(empty, plan_for(desire("a"), there={"a": live("a")})).differences == ()
