"""What the daemon writes into its log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reports import CHANGE, Reading, make_report

from jobspec.errors import UnreachableError
from jobspec.planning.apply import Outcome, WriteStatus
from jobspec.planning.guards import Refusal
from jobspec.planning.plan import Held, HeldReason
from jobspec.reconcile.event_log import EventLog
from jobspec.reconcile.logs import set_up_logging
from jobspec.reconcile.report import Cause, Report, Result, Withheld

if TYPE_CHECKING:
    import io


def tell(event_log: EventLog, stream: io.StringIO, report: Report) -> list[str]:
    stream.truncate(0)
    stream.seek(0)
    event_log.tell_report(report)
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]


def test_a_problem_is_told_when_it_begins_and_when_it_ends(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()
    held = Held(name="a", reason=HeldReason.FOREIGN, message="it is another's")
    refusal = Refusal(guard="deletes", message="6 jobs would go", override="--allow deletes=6")
    gone = UnreachableError("nobody there")

    told = [
        tell(event_log, stream, report)
        for report in (
            make_report(reading=Reading("x")),
            make_report(reading=Reading("x")),
            make_report(reading=Reading("x", "y"), held=[held], refusals=[refusal]),
            make_report(reading=Reading("y"), planned=None, error=gone, result=Result.UNREACHABLE),
            make_report(reading=None, planned=None, error=gone, result=Result.UNREACHABLE),
            make_report(reading=Reading("y"), held=[held], refusals=[refusal]),
            make_report(reading=Reading()),
        )
    ]

    assert told == [
        ["a.yaml: JS101 x"],
        [],
        ["a.yaml: JS101 y", "removals are withheld: 6 jobs would go", "`a` is held: it is another's"],
        ["nobody there", "over: a.yaml: JS101 x"],
        [],
        ["over: nobody there"],
        ["over: a.yaml: JS101 y", "over: removals are withheld: 6 jobs would go", "over: `a` is held: it is another's"],
    ]


def test_what_waits_is_told_once_although_its_sentence_changes(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()
    for seconds, told in ((60, 1), (30, 0), (0, 0)):
        withheld = Withheld(change=CHANGE, cause=Cause.CONTENDED, message=f"next attempt in {seconds}s")
        assert len(tell(event_log, stream, make_report(withheld={"a": withheld}))) == told


def test_changes_are_told_with_all_that_matters(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.DONE))
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.FAILED, message="no"))
    EventLog().tell_outcome(Outcome(change=CHANGE, status=WriteStatus.UNCHANGED))
    first, second = map(json.loads, stream.getvalue().splitlines())
    particulars = {"job": "a", "action": "update", "reason": "drift", "source": "a.yaml:1"}
    assert first | particulars | {"message": "updated `a` (drift)", "level": "info"} == first
    assert second | particulars | {"message": "update `a` was not done: no", "level": "error"} == second


def test_what_fails_again_and_again_is_told_once_for_each_reason(stream: io.StringIO) -> None:
    set_up_logging("json", stream=stream)
    event_log = EventLog()

    def try_it(status: WriteStatus, message: str = "") -> list[str]:
        stream.truncate(0)
        stream.seek(0)
        outcome = Outcome(change=CHANGE, status=status, message=message)
        event_log.tell_outcome(outcome)
        event_log.tell_report(make_report(outcomes=(outcome,)))
        return [json.loads(line)["message"].partition(" after ")[0] for line in stream.getvalue().splitlines()]

    failed = "update `a` was not done: no"
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert try_it(WriteStatus.FAILED, "no") == []
    assert try_it(WriteStatus.FAILED, "never") == ["update `a` was not done: never", "converged"]
    assert try_it(WriteStatus.DONE) == ["updated `a` (drift)", "converged"]
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert try_it(WriteStatus.UNCHANGED) == [f"over: {failed}"]
    assert try_it(WriteStatus.FAILED, "no") == [failed, "converged"]
    assert tell(event_log, stream, make_report(planned=None, result=Result.UNREACHABLE)) == []
    assert tell(event_log, stream, make_report()) == [f"over: {failed}"]
