"""How jobs stand, as text for people: one line a job, as the specs and Temporal say or as a daemon knows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from jobspec.render.clock import NO_TIME, tell_length
from jobspec.render.run_text import TONES, tell_word
from jobspec.render.tables import Cell, Column, Style, Tone, render_table
from jobspec.results import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.render.clock import Clock
    from jobspec.render.daemon_documents import DaemonDocument, StandingDocument, StateName
    from jobspec.results import JobOverview

_TONES: Final[dict[JobState, Tone]] = {
    JobState.ACTIVE: "good",
    JobState.PAUSED: "idle",
    JobState.RETIRED: "idle",
    JobState.NOT_APPLIED: "idle",
    JobState.UNWANTED: "idle",
    JobState.FOREIGN: "bad",
    JobState.INVALID: "bad",
    JobState.UNREADABLE: "bad",
}
_FEW: Final = 3


def render_status(jobs: Sequence[JobOverview], clock: Clock, style: Style) -> str:
    """Write how jobs stand, one a line."""
    columns = (
        Column(heading="JOB"),
        Column(heading="STATE"),
        Column(heading=f"NEXT RUN ({clock.name})"),
        Column(heading="LAST RUN"),
        Column(heading="RUNNING", rank=1),
        Column(heading="REMARK", folds=True),
    )
    rows = (
        (
            job.name,
            Cell(text=tell_word(job.state), tone=_TONES.get(job.state, "")),
            clock.show(job.next_run),
            _last_run(job, clock),
            _running(job, clock),
            "; ".join(_list_remarks(job, clock)),
        )
        for job in jobs
    )
    return render_table(columns, rows, style)


def _last_run(job: JobOverview, clock: Clock) -> Cell:
    run = job.last_run
    if run is None:
        return Cell(text=NO_TIME)
    ago = tell_length(clock.now - (run.closed_at or run.started_at))
    return Cell(text=f"{tell_word(run.status)} {ago} ago", tone=TONES.get(run.status, ""))


def _running(job: JobOverview, clock: Clock) -> Cell:
    if not job.running or job.running_since is None:
        return Cell(text=NO_TIME)
    return Cell(text=f"{job.running:,} for {tell_length(clock.now - job.running_since)}", tone="busy")


def _list_remarks(job: JobOverview, clock: Clock) -> Iterator[str]:
    if job.message:
        yield job.message
    if job.delete_after:
        yield f"deleted by the first apply after {clock.show(job.delete_after)}"
    if job.differences:
        shown = ", ".join(job.differences[:_FEW]) + (", …" if len(job.differences) > _FEW else "")
        yield f"differs from its spec in {shown}"


def summarize_status(jobs: Sequence[JobOverview]) -> str:
    """Count jobs by state, and those of which something is to be said."""
    counts = Counter(job.state for job in jobs)
    told = [f"{counts[state]:,} {tell_word(state)}" for state in JobState if counts[state]]
    differing = sum(bool(job.differences) for job in jobs)
    failed = sum(job.last_run is not None and TONES.get(job.last_run.status) == "bad" for job in jobs)
    told += [f"{differing:,} unlike their specs"] if differing else []
    told += [f"{failed:,} whose last run failed"] if failed else []
    return f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}: {', '.join(told)}." if jobs else "There are no jobs."


ORDER: Final[tuple[StateName, ...]] = (
    "failed",
    "contended",
    "invalid",
    "held",
    "drifted",
    "retired",
    "completed",
    "synced",
)
"""The order of the states: what needs somebody first."""

_STATE_TONES: Final[dict[StateName, Tone]] = {
    "failed": "bad",
    "contended": "bad",
    "invalid": "bad",
    "held": "bad",
    "drifted": "busy",
    "retired": "idle",
    "completed": "idle",
    "synced": "good",
}


def render_daemon(document: DaemonDocument, style: Style) -> str:
    """Write what a daemon knows.

    Args:
        document: As it was served.
        style: What the output can show.
    """
    columns = (
        Column(heading="JOB"),
        Column(heading="STATE"),
        Column(heading="WHERE", rank=1),
        Column(heading="WHY", folds=True),
    )
    jobs = sorted(document.jobs, key=lambda job: (ORDER.index(job.state), job.name))
    rows = [
        (job.name, Cell(text=job.state, tone=_STATE_TONES[job.state]), _say_place(job), job.reason or "-")
        for job in jobs
    ]
    table = render_table(columns, rows, style) if rows else ""
    return table + "".join(f"{style.fit(line)}\n" for line in _summarize(document))


def _say_place(job: StandingDocument) -> str:
    return f"{job.source.file}:{job.source.line}" if job.source else "-"


def _summarize(document: DaemonDocument) -> Iterator[str]:
    counts = document.counts.model_dump()
    counted = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    commit = f" at {document.commit[:12]}" if document.commit else ""
    yield f"{counted or 'no jobs'}; project {document.project or '?'}{commit} in {document.namespace or '?'}"
    for refusal in document.refusals:
        yield f"removals are withheld: {refusal.message}"
    for found in document.diagnostics:
        place = ":".join(str(part) for part in (found.place.file, found.place.line, found.place.column) if part)
        yield f"{place}: {found.code} {found.message}"
    if document.watch.problem:
        yield f"files: {document.watch.problem}"
    if document.cycles:
        last = document.cycles[0]
        error = f": {last.error}" if last.error else ""
        yield f"last cycle {last.started_at} ({last.trigger}) {last.result}{error}"
    if document.problem:
        yield f"not ready: {document.problem}"
