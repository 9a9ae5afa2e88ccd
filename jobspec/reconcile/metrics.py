"""Figures for Prometheus; docs/reconciler.md names them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from jobspec.planning.apply import WriteStatus
from jobspec.reconcile.report import Cause, Result
from jobspec.reconcile.watch import Mode

if TYPE_CHECKING:
    from jobspec.planning.apply import Outcome
    from jobspec.reconcile.job_states import Picture
    from jobspec.reconcile.report import Report
    from jobspec.reconcile.watch import Watch

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """All figures of one daemon.

    Args:
        version: Of jobspec.
    """

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series and tell nothing more
        self._registry = CollectorRegistry(auto_describe=True)
        registry = self._registry
        build = Gauge("jobspec_build_info", "Always 1; the label is jobspec's version.", ["version"], registry=registry)
        build.labels(version).set(1)
        self._cycles = Counter("jobspec_cycles", "Cycles, by how they ended.", ["result"], registry=registry)
        self._duration = Histogram(
            "jobspec_cycle_duration_seconds", "What a cycle took.", buckets=_SECONDS, registry=registry
        )
        self._success = Gauge(
            "jobspec_last_success_timestamp_seconds", "When a cycle last converged, as Unix time.", registry=registry
        )
        self._changes = Counter(
            "jobspec_changes", "Changes written, by what was done and why.", ["action", "reason"], registry=registry
        )
        self._noop = Counter(
            "jobspec_noop_writes", "Updates that changed nothing; more than 0 is a bug.", registry=registry
        )
        self._failures = Counter(
            "jobspec_write_failures", "Changes that failed, by what was tried.", ["action"], registry=registry
        )
        self._conflicts = Counter(
            "jobspec_conflicts", "Changes given up because somebody else kept changing it.", registry=registry
        )
        self._refusals = Counter(
            "jobspec_guard_refusals", "Cycles in which a guard withheld removals.", ["guard"], registry=registry
        )
        self._withheld = Gauge(
            "jobspec_withheld_changes", "Changes that are needed and wait, by why.", ["cause"], registry=registry
        )
        self._load_errors = Gauge("jobspec_load_errors", "Mistakes in the files, at present.", registry=registry)
        self._jobs = Gauge("jobspec_jobs", "Jobs, by how they stand.", ["state"], registry=registry)
        self._described = Counter("jobspec_described", "Schedules that were read in full.", ["for"], registry=registry)
        self._unverified = Gauge(
            "jobspec_oldest_verification_seconds",
            "How long ago the schedule was read in full that was not for the longest time.",
            registry=registry,
        )
        self._watch = Gauge(
            "jobspec_watch_mode", "1 for the way in which changes of files are noticed.", ["mode"], registry=registry
        )
        self._missed = Gauge(
            "jobspec_watch_missed_events", "How often files changed without an event.", registry=registry
        )
        for result in Result:
            self._cycles.labels(result.value)

    def count_outcome(self, outcome: Outcome) -> None:
        """Count what became of a change."""
        change = outcome.change
        if outcome.status is WriteStatus.DONE:
            self._changes.labels(change.action.value, change.reason.value).inc()
            if is_noop(outcome):
                self._noop.inc()
        elif outcome.status is WriteStatus.FAILED:
            self._failures.labels(change.action.value).inc()
        elif outcome.status is WriteStatus.CONFLICT:
            self._conflicts.inc()

    def count_cycle(self, report: Report, picture: Picture) -> None:
        """Count a cycle, and show how things stand after it."""
        self._cycles.labels(report.result.value).inc()
        self._duration.observe(report.seconds)
        if report.result is Result.CONVERGED:
            self._success.set(report.started_at.timestamp() + report.seconds)
        self._described.labels("cycle").inc(report.look.described)
        if report.diagnostics is not None:
            self._load_errors.set(sum(found.is_error for found in report.diagnostics))
        for refusal in report.planned.refusals if report.planned else ():
            self._refusals.labels(refusal.guard).inc()
        causes = [withheld.cause for withheld in report.withheld.values()]
        for cause in Cause:
            self._withheld.labels(cause.value).set(causes.count(cause))
        for state, number in picture.count().items():
            self._jobs.labels(state.value).set(number)

    def count_sweep(self, described: int) -> None:
        """Count schedules that the sweep has verified."""
        self._described.labels("sweep").inc(described)

    def render(self, *, watch: Watch, oldest: float) -> bytes:
        """Write all of it as Prometheus reads it.

        Args:
            watch: Of the files.
            oldest: Seconds since the longest unverified schedule was verified.
        """
        for mode in Mode:
            self._watch.labels(mode.value).set(mode is watch.mode)
        self._missed.set(watch.missed)
        self._unverified.set(oldest)
        return generate_latest(self._registry)


def is_noop(outcome: Outcome) -> bool:
    """Whether an update left everything as it was."""
    before, after = outcome.before, outcome.after
    if before is None or after is None:
        return False
    same_body = before.canonical == after.canonical and before.project == after.project
    return same_body and (before.paused, before.note) == (after.paused, after.note)
