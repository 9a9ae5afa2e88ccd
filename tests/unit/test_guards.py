from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobspec.errors import UsageError
from jobspec.planning.guards import Allowances, SpecsFound, check, parse_allowances
from jobspec.planning.pauses import Pause, retire
from jobspec.planning.plan import Action, Change, Plan, Reason

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RETIRED = retire(Pause(paused=False), now=NOW, grace=timedelta(0))


def plan(**actions: int) -> Plan:
    changes = [
        Change(name=f"{action}-{number}", action=Action(action), reason=Reason.REMOVED)
        for action, count in actions.items()
        for number in range(count)
    ]
    return Plan(project="shop", namespace="default", changes=tuple(changes))


def refused(made: Plan, limit: int = 5, **more: object) -> list[tuple[str, str]]:
    found = more.get("found", SpecsFound())
    allowances = more.get("allowances", Allowances())
    assert isinstance(found, SpecsFound)
    assert isinstance(allowances, Allowances)
    refusals = check(made, found=found, max_deletes=limit, allowances=allowances)
    return [(refusal.guard, refusal.override) for refusal in refusals]


@pytest.mark.parametrize(
    ("made", "limit", "override"),
    [
        (plan(retire=5), 5, None),
        (plan(retire=6), 5, "--allow deletes=6"),
        (plan(retire=3, delete=3), 5, "--allow deletes=6"),
        (plan(delete=1), 0, "--allow deletes=1"),
        (plan(create=50, update=50, restore=50, adopt=50), 0, None),
    ],
)
def test_what_leaves_is_counted(made: Plan, limit: int, override: str | None) -> None:
    assert refused(made, limit) == ([("deletes", override)] if override else [])


def test_a_deletion_after_its_grace_is_not_counted_again() -> None:
    change = Change(name="a", action=Action.DELETE, reason=Reason.REMOVED, pause=RETIRED)
    assert refused(Plan(project="shop", namespace="default", changes=(change,)), 0) == []


def test_the_named_override_lets_exactly_this_plan_pass() -> None:
    made = plan(retire=7)
    ((_, override),) = refused(made)
    assert refused(made, allowances=parse_allowances([override.removeprefix("--allow ")])) == []
    assert refused(plan(retire=8), allowances=parse_allowances([override.removeprefix("--allow ")])) != []


@pytest.mark.parametrize("found", [SpecsFound(missing_roots=("specs",)), SpecsFound(is_empty=True)])
def test_specs_without_jobs_are_refused(found: SpecsFound) -> None:
    assert refused(plan(), found=found) == [("empty", "--allow empty")]
    assert refused(plan(), found=found, allowances=Allowances(empty=True)) == []


def test_allowing_emptiness_does_not_allow_deletions() -> None:
    found = SpecsFound(is_empty=True)
    assert refused(plan(retire=6), found=found, allowances=Allowances(empty=True)) == [("deletes", "--allow deletes=6")]


@pytest.mark.parametrize("text", ["", "all", "deletes", "deletes=", "deletes=-1", "deletes=x", "deletes=²", "empty=1"])
def test_an_unknown_allowance_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_allowances([text])
