"""What a daemon knows, as text for people: one line a job, what is wrong first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobspec.render.tables import Cell, Column, render_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.render.daemon_documents import DaemonDocument, StandingDocument, StateName
    from jobspec.render.tables import Style, Tone

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

_TONES: Final[dict[StateName, Tone]] = {
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
        (job.name, Cell(text=job.state, tone=_TONES[job.state]), _say_place(job), job.reason or "-") for job in jobs
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
