"""Which changes of a plan the daemon does not make now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from jobspec.planning.guards import Refusal
from jobspec.planning.plan import Action, Change, Plan, Reason
from jobspec.planning.planner import Planned, Terms
from jobspec.reconcile.admission import REMOVALS, admit
from jobspec.reconcile.contention import Contention
from jobspec.reconcile.report import Cause
from jobspec.reconcile.settings import DaemonSettings

TERMS = Terms(
    project="shop", owners=frozenset({"shop"}), now=datetime(2026, 3, 1, tzinfo=UTC), grace=timedelta(hours=24)
)
DELETES = Refusal(guard="deletes", message="9 jobs would go", override="--allow deletes=9")
EMPTY = Refusal(guard="empty", message="the specs hold not one job", override="--allow empty")
CHANGES = tuple(Change(name=action.value, action=action, reason=Reason.CHANGED) for action in Action)
WRITES = {action.value for action in Action if action not in REMOVALS}


def make_contention(*names: str) -> Contention:
    """Remember that others have changed these back again and again, up to now, which is 100."""
    contention = Contention(window=1000.0, first_wait=60.0, longest_wait=600.0)
    for change in CHANGES:
        for _ in range(3 if change.name in names else 0):
            contention.note(change, 100.0)
    return contention


def run(
    *refusals: Refusal, is_confirmed: bool = True, contended: tuple[str, ...] = (), now: float = 101.0, **settings: Any
) -> tuple[set[str], dict[str, Cause]]:
    """Withhold; gives the names that are written, and by name why the others are not."""
    planned = Planned(
        plan=Plan(project="shop", namespace="default", changes=CHANGES), desired={}, terms=TERMS, refusals=refusals
    )
    plan, withheld = admit(
        planned,
        settings=DaemonSettings(**settings),
        is_confirmed=is_confirmed,
        contention=make_contention(*contended),
        now=now,
    )
    assert replace(plan, changes=()) == replace(planned.plan, changes=())
    assert all(each.change.name == name for name, each in withheld.items())
    return {change.name for change in plan.changes}, {name: each.cause for name, each in withheld.items()}


def test_what_nothing_speaks_against_is_written() -> None:
    assert run() == ({action.value for action in Action}, {})


@pytest.mark.parametrize(
    ("refusals", "options", "cause"),
    [
        ((DELETES,), {}, Cause.GUARD),
        ((EMPTY,), {}, Cause.GUARD),
        ((), {"prunes": False}, Cause.PRUNE_OFF),
        ((), {"is_confirmed": False}, Cause.UNCONFIRMED),
        ((DELETES, EMPTY), {"prunes": False, "is_confirmed": False}, Cause.PRUNE_OFF),
        ((DELETES,), {"is_confirmed": False}, Cause.GUARD),
    ],
)
def test_removals_alone_wait_for_what_stands_against_them(
    refusals: tuple[Refusal, ...], options: dict[str, Any], cause: Cause
) -> None:
    assert run(*refusals, **options) == (WRITES, {"retire": cause, "delete": cause})


def test_a_guard_names_what_lets_it_pass() -> None:
    planned = Planned(
        plan=Plan(project="shop", namespace="default", changes=CHANGES),
        desired={},
        terms=TERMS,
        refusals=(DELETES, EMPTY),
    )
    _, withheld = admit(planned, settings=DaemonSettings(), is_confirmed=True, contention=make_contention(), now=0.0)
    assert "9 jobs would go; the specs hold not one job" in withheld["delete"].message
    assert "`jobspec apply --allow deletes=9 --allow empty`" in withheld["delete"].message


def test_a_contended_job_waits_and_no_other_does() -> None:
    written, withheld = run(contended=("update", "retire"))
    assert withheld == {"update": Cause.CONTENDED, "retire": Cause.CONTENDED}
    assert written == {action.value for action in Action} - {"update", "retire"}
    assert run(contended=("update",), now=1000.0)[1] == {}


def test_a_dry_run_writes_nothing_and_says_why_each_change_waits_anyway() -> None:
    written, withheld = run(DELETES, contended=("update",), is_dry_run=True)
    assert written == set()
    assert withheld == dict.fromkeys(WRITES, Cause.DRY_RUN) | {
        "retire": Cause.GUARD,
        "delete": Cause.GUARD,
        "update": Cause.CONTENDED,
    }


@given(st.sets(st.sampled_from([DELETES, EMPTY])), st.booleans(), st.booleans(), st.booleans())
def test_nothing_goes_unless_everything_agrees(
    refusals: set[Refusal],
    confirmed: bool,  # noqa: FBT001  drawn
    prunes: bool,  # noqa: FBT001  drawn
    dry: bool,  # noqa: FBT001  drawn
) -> None:
    written, withheld = run(*refusals, is_confirmed=confirmed, prunes=prunes, is_dry_run=dry)
    assert written | withheld.keys() == {action.value for action in Action}
    assert not written & withheld.keys()
    may_go = not refusals and confirmed and prunes and not dry
    assert written & {"retire", "delete"} == ({"retire", "delete"} if may_go else set())
    assert (written >= WRITES) == (not dry)
