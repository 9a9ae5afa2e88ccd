"""What the daemon writes into its log: each change when it is made, each problem when it begins and when it ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from jobspec.errors import report_bug
from jobspec.planning.apply import WriteStatus
from jobspec.planning.plan import HeldReason
from jobspec.reconcile.logs import log
from jobspec.reconcile.report import Cause, Result
from jobspec.render.outcomes import DONE_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jobspec.diagnostics import Diagnostic
    from jobspec.planning.apply import Outcome
    from jobspec.planning.plan import Change, Held
    from jobspec.reconcile.report import Report, Withheld

Key: TypeAlias = "tuple[str, ...]"
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedProblem:
    """Something that is wrong for as long as it lasts.

    Attributes:
        key: Equal for the same problem in the next cycle, whatever its sentence says then.
        level: How bad it is, of the module `logging`.
        message: What is wrong.
        data: The same for machines.
    """

    key: Key
    level: int
    message: str
    data: dict[str, Any] = field(default_factory=dict)


class EventLog:
    """Writes the log of one daemon, each problem once."""

    def __init__(self) -> None:
        self._problems: dict[Key, LoggedProblem] = {}
        self._undone: dict[str, str] = {}
        self._is_news = False

    def tell_outcome(self, outcome: Outcome) -> None:
        """Tell what became of a change; what is tried again and again in vain for the same reason is told once."""
        change = outcome.change
        data = _describe_change(change)
        if outcome.status is WriteStatus.DONE:
            self._undone.pop(change.name, None)
            self._tell(logging.INFO, f"{DONE_WORDS[change.action]} `{change.name}` ({change.reason.value})", data)
        elif outcome.status is not WriteStatus.UNCHANGED:
            level = logging.INFO if outcome.status is WriteStatus.SKIPPED else logging.ERROR
            what = f"{change.action.value} `{change.name}` was not done: {outcome.message}"
            if self._undone.get(change.name) != what:
                self._undone[change.name] = what
                self._tell(level, what, {**data, "status": outcome.status.value})

    def _tell(self, level: int, message: str, data: dict[str, Any]) -> None:
        self._is_news = True
        log(level, message, **data)

    def tell_report(self, report: Report) -> None:
        """Tell what is wrong since this cycle, and what is not any more."""
        found = {problem.key: problem for problem in _list_problems(report)}
        for key, problem in found.items():
            if key not in self._problems:
                log(problem.level, problem.message, **problem.data)
        for key, problem in self._problems.items():
            if key in found:
                continue
            if not _can_tell(key[0], report):
                found[key] = problem
            elif problem.level >= logging.WARNING:
                log(logging.INFO, f"over: {problem.message}", **problem.data)
        self._problems = found
        self._tell_done(report)
        if self._is_news:
            _tell_end(report)
        self._is_news = False

    def _tell_done(self, report: Report) -> None:
        """Tell which changes that were not done are needed no more."""
        if report.planned is None:
            return
        needed = {outcome.change.name for outcome in report.outcomes if outcome.status is not WriteStatus.UNCHANGED}
        for name in self._undone.keys() - needed - report.withheld.keys():
            log(logging.INFO, f"over: {self._undone.pop(name)}", job=name)


def _can_tell(kind: str, report: Report) -> bool:
    """Whether a cycle got far enough to see a problem of that kind, if there were one."""
    match kind:
        case "cycle":
            return True
        case "diagnostic":
            return report.diagnostics is not None
        case _:
            return report.planned is not None


def _tell_end(report: Report) -> None:
    done = sum(outcome.status is WriteStatus.DONE for outcome in report.outcomes)
    log(
        logging.INFO,
        f"{report.result.value} after {done} of {len(report.outcomes)} changes in {report.seconds:.2f} s",
        trigger=report.trigger.value,
        commit=report.reading.commit if report.reading else None,
    )


def _describe_change(change: Change) -> dict[str, Any]:
    return {
        "job": change.name,
        "action": change.action.value,
        "reason": change.reason.value,
        "fields": ",".join(field.field for field in change.fields) or None,
        "source": str(change.source) if change.source else None,
    }


def _list_problems(report: Report) -> Iterator[LoggedProblem]:
    if report.error is not None:
        level = logging.WARNING if report.result is Result.UNREACHABLE else logging.ERROR
        yield LoggedProblem(key=("cycle", type(report.error).__name__), level=level, message=str(report.error))
    yield from _try_each(_judge_diagnostic, report.diagnostics or ())
    if report.planned is not None:
        for refusal in report.planned.refusals:
            message = f"removals are withheld: {refusal.message}"
            yield LoggedProblem(key=("guard", refusal.guard, message), level=logging.ERROR, message=message)
        held = (held for held in report.planned.plan.held if held.reason is not HeldReason.INVALID)
        yield from _try_each(_judge_held, held)  # diagnostics say more of what is invalid
    yield from _try_each(_judge_withheld, report.withheld.values())


def _try_each(judge: Callable[[Item], LoggedProblem], items: Iterable[Item]) -> Iterator[LoggedProblem]:
    """Judge each; one that brings out a bug is left out, and no other."""
    for item in items:
        try:
            yield judge(item)
        except Exception as error:  # noqa: BLE001  see above
            report_bug("log a problem", error)


def _judge_diagnostic(found: Diagnostic) -> LoggedProblem:
    place = found.location
    return LoggedProblem(
        key=("diagnostic", found.code, place.path, found.message, found.job or ""),
        level=logging.ERROR if found.is_error else logging.WARNING,
        message=f"{place}: {found.code} {found.message}",
        data={"code": found.code, "file": place.path, "line": place.line, "job": found.job},
    )


def _judge_held(held: Held) -> LoggedProblem:
    level = logging.ERROR if held.reason is HeldReason.FAILED else logging.WARNING
    return LoggedProblem(
        key=("held", held.name, held.reason.value, held.message),
        level=level,
        message=f"`{held.name}` is held: {held.message}",
        data={"job": held.name, "reason": held.reason.value, "hint": held.hint or None},
    )


def _judge_withheld(withheld: Withheld) -> LoggedProblem:
    change = withheld.change
    levels = {Cause.CONTENDED: logging.WARNING, Cause.GUARD: logging.WARNING, Cause.UNCONFIRMED: logging.DEBUG}
    return LoggedProblem(
        key=("withheld", change.name, withheld.cause.value, change.action.value),
        level=levels.get(withheld.cause, logging.INFO),
        message=f"{change.action.value} `{change.name}` is withheld: {withheld.message}",
        data={**_describe_change(change), "cause": withheld.cause.value},
    )
