"""Which exit code a command ends with: the whole table, and its order."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from jobspec.cli.exits import (
    ExitCode,
    code_of_apply,
    code_of_cycles,
    code_of_error,
    code_of_failures,
    code_of_files,
    code_of_outcomes,
    code_of_plan,
    code_of_shown_plan,
    code_of_unwritten,
    pick,
)
from jobspec.diagnostics import Diagnostic, Location
from jobspec.errors import (
    AlreadyStartedError,
    BugError,
    ForeignScheduleError,
    JobspecError,
    NotFoundError,
    ProjectError,
    RefusedError,
    RequestError,
    RunFailedError,
    ScheduleExistsError,
    UnreachableError,
    UsageError,
)
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.guards import Refusal
from jobspec.planning.plan import Action, Change, Held, HeldReason, Plan, Reason
from jobspec.planning.planner import Planned, Terms
from jobspec.reconcile.report import Cause, Report, Trigger, Withheld
from jobspec.reconcile.spec_source import Reading
from jobspec.results import Status as RunStatus
from jobspec.spec.loaded_jobs import Loaded
from jobspec.spec.project import Environment
from jobspec.spec.workspace import load_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"


def test_the_page_of_exit_codes_has_the_table_in_its_order() -> None:
    listed = [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)]
    assert listed == list(ExitCode)


@pytest.mark.parametrize(("first", "second"), list(combinations(ExitCode, 2)))
def test_of_two_codes_the_one_that_the_table_names_first_is_picked(first: ExitCode, second: ExitCode) -> None:
    assert pick([second, first]) is pick([first, second]) is first


def test_nothing_to_complain_of_is_0() -> None:
    assert pick([]) is ExitCode.OK


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 64),
        (click.UsageError("no"), 64),
        (click.BadParameter("no"), 64),
        (ZeroDivisionError(), 70),
        (RecursionError(), 70),
        (UnreachableError("gone"), 69),
        (BugError("a bug in jobspec"), 70),
        (JobspecError("no"), 1),
        (NotFoundError("no"), 1),
        (ProjectError("no"), 1),
        (RequestError("no"), 1),
        (RunFailedError("no", status=RunStatus.FAILED), 1),
        (RefusedError("no"), 3),
        (ForeignScheduleError("no"), 3),
        (ScheduleExistsError("no"), 4),
        (AlreadyStartedError("no"), 4),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
    ],
)
def test_each_kind_of_error_has_its_code(error: BaseException, code: int) -> None:
    assert code_of_error(error) == code


@pytest.mark.parametrize("code", ExitCode)
def test_data_that_could_not_be_written_fails_what_went_well(code: ExitCode) -> None:
    went_well = code in (ExitCode.OK, ExitCode.CHANGES)
    assert code_of_unwritten(code) is (ExitCode.FAILED if went_well else code)


@pytest.mark.parametrize(
    ("has_errors", "is_empty", "code"), [(False, False, 0), (True, False, 1), (False, True, 3), (True, True, 1)]
)
def test_files_with_errors_fail_and_none_at_all_are_refused(has_errors: bool, is_empty: bool, code: int) -> None:  # noqa: FBT001
    assert code_of_files(has_errors=has_errors, is_empty=is_empty) == code


@pytest.mark.parametrize(
    ("failures", "done", "code"),
    [
        ([], 0, 0),
        ([], 2, 0),
        ([RequestError("no")], 1, 5),
        ([UnreachableError("gone")], 1, 5),
        ([RefusedError("no")], 0, 3),
        ([ScheduleExistsError("no"), RefusedError("no")], 0, 3),
        ([RefusedError("no"), RequestError("no")], 0, 1),
        ([RequestError("no"), UnreachableError("gone")], 0, 69),
    ],
)
def test_failures_beside_something_done_are_a_part(failures: list[JobspecError], done: int, code: int) -> None:
    assert code_of_failures(failures, done=done) == code


CHANGE = Change(name="a", action=Action.UPDATE, reason=Reason.CHANGED)
EMPTY = Plan(project="shop", namespace="default")
CHANGING = replace(EMPTY, changes=(CHANGE,))
HELD = replace(EMPTY, held=(Held(name="b", reason=HeldReason.FOREIGN, message="it is another project's"),))
BOTH = replace(CHANGING, held=HELD.held)


@pytest.mark.parametrize(
    ("plan", "has_mistakes", "is_refused", "code"),
    [
        (EMPTY, False, False, 0),
        (CHANGING, False, False, 0),
        (HELD, False, False, 3),
        (BOTH, False, False, 3),
        (CHANGING, False, True, 3),
        (CHANGING, True, False, 1),
        (BOTH, True, True, 1),
    ],
)
def test_mistakes_come_before_what_is_refused_or_held(
    plan: Plan,
    has_mistakes: bool,  # noqa: FBT001
    is_refused: bool,  # noqa: FBT001
    code: int,
) -> None:
    assert code_of_plan(plan, has_mistakes=has_mistakes, is_refused=is_refused) == code


@pytest.mark.parametrize("of_plan", [ExitCode.OK, ExitCode.REFUSED, ExitCode.FAILED])
def test_changes_have_a_code_only_on_request_and_where_nothing_else_is_wrong(of_plan: ExitCode) -> None:
    assert code_of_shown_plan(CHANGING, of_plan, is_detailed=False) is of_plan
    assert code_of_shown_plan(EMPTY, of_plan, is_detailed=True) is of_plan
    assert code_of_shown_plan(CHANGING, of_plan, is_detailed=True) is (of_plan or ExitCode.CHANGES)


def settle(status: WriteStatus, error: JobspecError | None = None) -> Outcome:
    return Outcome(change=CHANGE, status=status, error=error)


DONE, UNCHANGED, CONFLICT, SKIPPED = map(
    settle, (WriteStatus.DONE, WriteStatus.UNCHANGED, WriteStatus.CONFLICT, WriteStatus.SKIPPED)
)
FAILED = settle(WriteStatus.FAILED, RequestError("no"))
REFUSED = settle(WriteStatus.FAILED, RefusedError("no"))
UNREACHABLE = settle(WriteStatus.FAILED, UnreachableError("gone"))

OUTCOMES = pytest.mark.parametrize(
    ("outcomes", "of_plan", "code"),
    [
        ([DONE], ExitCode.OK, ExitCode.OK),
        ([DONE, UNCHANGED], ExitCode.OK, ExitCode.OK),
        ([UNCHANGED], ExitCode.OK, ExitCode.OK),
        ([DONE], ExitCode.FAILED, ExitCode.FAILED),
        ([DONE, FAILED], ExitCode.FAILED, ExitCode.FAILED),
        ([DONE], ExitCode.REFUSED, ExitCode.PARTIAL),
        ([UNCHANGED], ExitCode.REFUSED, ExitCode.REFUSED),
        ([DONE, FAILED], ExitCode.OK, ExitCode.PARTIAL),
        ([DONE, UNREACHABLE, SKIPPED], ExitCode.OK, ExitCode.PARTIAL),
        ([DONE, CONFLICT], ExitCode.OK, ExitCode.PARTIAL),
        ([FAILED, SKIPPED], ExitCode.OK, ExitCode.FAILED),
        ([UNREACHABLE, SKIPPED], ExitCode.OK, ExitCode.UNREACHABLE),
        ([UNREACHABLE, FAILED], ExitCode.OK, ExitCode.UNREACHABLE),
        ([UNREACHABLE], ExitCode.FAILED, ExitCode.UNREACHABLE),
        ([REFUSED], ExitCode.OK, ExitCode.REFUSED),
        ([CONFLICT], ExitCode.OK, ExitCode.CONFLICT),
        ([CONFLICT, UNCHANGED], ExitCode.OK, ExitCode.CONFLICT),
        ([CONFLICT], ExitCode.REFUSED, ExitCode.REFUSED),
        ([CONFLICT, FAILED], ExitCode.REFUSED, ExitCode.FAILED),
    ],
)


@OUTCOMES
def test_outcomes_count_as_done_refused_in_conflict_or_partly_done(
    outcomes: list[Outcome], of_plan: ExitCode, code: ExitCode
) -> None:
    assert code_of_outcomes(outcomes, of_plan) is code


@OUTCOMES
def test_apply_ends_as_its_outcomes_do(outcomes: list[Outcome], of_plan: ExitCode, code: ExitCode) -> None:
    assert code_of_apply(CHANGING, outcomes, of_plan, is_stale=False) is code


@pytest.mark.parametrize("of_plan", [ExitCode.OK, ExitCode.REFUSED, ExitCode.FAILED])
def test_without_outcomes_the_plan_decides(of_plan: ExitCode) -> None:
    assert code_of_outcomes([], of_plan) is of_plan
    assert code_of_apply(EMPTY, [], of_plan, is_stale=False) is of_plan


@pytest.mark.parametrize(
    ("of_plan", "code"),
    [(ExitCode.OK, 3), (ExitCode.REFUSED, 3), (ExitCode.FAILED, 1)],
    ids=["declined", "held", "bad"],
)
def test_changes_that_apply_did_not_try_are_refused(of_plan: ExitCode, code: int) -> None:
    assert code_of_apply(CHANGING, [], of_plan, is_stale=False) == code


@pytest.mark.parametrize(("of_plan", "code"), [(ExitCode.OK, 4), (ExitCode.REFUSED, 3), (ExitCode.FAILED, 1)])
@pytest.mark.parametrize("plan", [EMPTY, CHANGING])
def test_a_stale_plan_is_a_conflict(plan: Plan, of_plan: ExitCode, code: int) -> None:
    assert code_of_apply(plan, [], of_plan, is_stale=True) == code


TERMS = Terms(project="shop", owners=frozenset({"shop"}), now=NOW, grace=timedelta(days=1))
REFUSAL = Refusal(guard="deletes", message="too many", override="--allow deletes=9")


def report(
    plan: Plan | None = EMPTY,
    *outcomes: Outcome,
    refusals: Sequence[Refusal] = (),
    causes: Sequence[Cause] = (),
    unconfirmed: bool = False,
    error: JobspecError | None = None,
) -> Report:
    planned = None if plan is None else Planned(plan=plan, desired={}, terms=TERMS, refusals=tuple(refusals))
    withheld = {cause.value: Withheld(change=CHANGE, cause=cause, message="not now") for cause in causes}
    return Report(
        trigger=Trigger.START,
        started_at=NOW,
        planned=planned,
        outcomes=outcomes,
        withheld=withheld,
        unconfirmed=unconfirmed,
        error=error,
    )


MISTAKE = Diagnostic(code="JS001", message="it cannot be read", location=Location(path="specs/a.yaml"))


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([report()], 0),
        ([report(CHANGING, DONE)], 0),
        ([report(CHANGING, causes=[Cause.DRY_RUN])], 0),
        ([report(CHANGING, causes=[Cause.PRUNE_OFF])], 0),
        ([report(CHANGING, causes=[Cause.GUARD])], 3),
        ([report(CHANGING, causes=[Cause.DRY_RUN, Cause.GUARD])], 3),
        ([report(CHANGING, causes=[Cause.UNCONFIRMED])], 3),
        ([report(CHANGING, causes=[Cause.CONTENDED])], 3),
        ([report(CHANGING, refusals=[REFUSAL])], 3),
        ([report(HELD)], 3),
        ([report(BOTH, DONE)], 5),
        ([report(CHANGING, DONE, FAILED)], 5),
        ([report(CHANGING, CONFLICT)], 4),
        ([report(CHANGING, FAILED)], 1),
        ([report(CHANGING, UNREACHABLE)], 69),
        ([report(CHANGING, FAILED), report(CHANGING, DONE)], 5),
        ([report(CHANGING, DONE, unconfirmed=True), report()], 0),
        ([report(None, error=UnreachableError("gone"))], 69),
        ([report(None, error=RefusedError("another namespace"))], 3),
        ([report(None, error=ProjectError("broken", (MISTAKE,)))], 1),
        ([report(CHANGING, DONE), report(None, error=UnreachableError("gone"))], 5),
        ([report(None)], 70),
    ],
)
def test_cycles_end_as_apply_would(reports: list[Report], code: int) -> None:
    assert code_of_cycles(reports) == code


@pytest.mark.parametrize(("outcomes", "code"), [([], 1), ([DONE], 1), ([CONFLICT], 1), ([UNREACHABLE], 69)])
def test_mistakes_in_the_files_fail_a_cycle_that_wrote_the_rest(
    outcomes: list[Outcome], code: int, tmp_path: Path
) -> None:
    reading = Reading(
        workspace=load_workspace(tmp_path),
        environment=Environment(),
        loaded=Loaded(jobs={}, diagnostics=(MISTAKE,)),
        read_at=NOW,
        is_confirmed=True,
        commit=None,
        files=(),
    )
    assert code_of_cycles([replace(report(CHANGING, *outcomes), reading=reading)]) == code


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([], 130),
        ([report(CHANGING, DONE, SKIPPED)], 130),
        ([report(CHANGING, DONE, unconfirmed=True)], 130),
        ([report(CHANGING, DONE)], 0),
        ([report(CHANGING, DONE, FAILED)], 5),
        ([report()], 0),
    ],
)
def test_a_signal_counts_unless_it_came_after_the_last_write(reports: list[Report], code: int) -> None:
    assert code_of_cycles(reports, is_interrupted=True) == code
