"""The same heat map as one HTML file: no script, nothing that is fetched, readable without colors."""

from __future__ import annotations

from html import escape as escape_html
from typing import TYPE_CHECKING

from jobspec.planning.workload import HOUR
from jobspec.render.heat_map import (
    ALL_QUEUES,
    find_level,
    list_maps,
    make_scale,
    tell_amount,
    tell_clock_change,
    tell_clocks,
    tell_days,
    tell_period,
)
from jobspec.render.terminal import escape
from jobspec.timing.moments import tell_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobspec.planning.workload import FullMinute, Share, Workload

_LEVELS = 8
_MOST_NAMES = 20
_HOURS = 24

_STYLE = """\
:root { color-scheme: light dark; --page: #fff; --ink: #1c1c1c; --dim: #5a5a5a; --line: #ddd; --hot: 196 48 8; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181b; --ink: #e8e8e8; --dim: #a5a5a5; --line: #3a3d42; --hot: 255 112 67; }
}
body { margin: 2rem; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; }
h2 small, p, caption { color: var(--dim); font-weight: normal; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .8rem; }
caption { text-align: left; padding-bottom: .3rem; }
th { font-weight: normal; color: var(--dim); padding: 0 .5rem; text-align: left; white-space: nowrap; }
thead th { padding: 0 .2rem; text-align: center; }
td { border: 1px solid var(--line); padding: .15rem .3rem; text-align: right; min-width: 1.7rem; }
.list td, .list th { text-align: left; vertical-align: top; padding: .15rem .6rem; }
td.sum { border: 0; color: var(--dim); padding-left: .7rem; }
"""


def render_calendar_html(workload: Workload) -> str:
    """Write the heat map as a page of its own; each cell names its jobs when the mouse rests on it.

    Args:
        workload: The runs.
    """
    title = f"Runs {tell_period(workload)}"
    levels = "".join(
        f".l{level} {{ background: rgb(var(--hot) / {level * 7}%); }}\n" for level in range(1, _LEVELS + 1)
    )
    body = "\n".join(_write_body(workload, title))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_write(title)}</title>
<style>
{_STYLE}{levels}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _write(text: str) -> str:
    return escape_html(escape(text))


def _write_body(workload: Workload, title: str) -> Iterator[str]:
    yield f"<h1>{_write(title)}</h1>"
    yield f"<p>By the clock of {_write(workload.zone)}. Nominal times: a jitter only delays a run.</p>"
    for day, hours in workload.clock_changes.items():
        yield f"<p>{_write(tell_clock_change(day, hours))}.</p>"
    if not workload.loads:
        yield "<p>No job runs by itself in that time.</p>"
    yield from _write_tables(workload) if workload.loads else ()
    yield from _write_minutes(workload)
    if workload.paused:
        yield "<h2>Left out, as their specs pause them</h2>"
        yield f"<p>{_write(', '.join(workload.paused))}</p>"


def _list_rows(workload: Workload) -> tuple[str, list[tuple[str, range]]]:
    """List the rows of each table, with the slots in them: the days of a week, or the quarters of a day's hours."""
    per_hour = HOUR // workload.slot
    if len(workload.days) > 1:
        starts = [(tell_date(day), number * _HOURS) for number, day in enumerate(workload.days)]
        return "day", [(name, range(start, start + _HOURS)) for name, start in starts]
    quarters = [(f":{quarter * workload.slot // 60:02}", quarter) for quarter in range(per_hour)]
    return "minute", [(name, range(quarter, _HOURS * per_hour, per_hour)) for name, quarter in quarters]


def _write_tables(workload: Workload) -> Iterator[str]:
    """Write a table for each queue: a column an hour."""
    hints = _list_hints(workload)
    kind, rows = _list_rows(workload)
    heads = "".join(f'<th scope="col">{hour:02}</th>' for hour in range(_HOURS))
    unit = "hour" if len(workload.days) > 1 else "quarter of an hour"
    for title, jobs, counts in list_maps(workload):
        scale = make_scale(max(counts), _LEVELS)
        yield f"<h2>{_write(title)} <small>{tell_amount(jobs, sum(counts))}</small></h2>"
        yield f"<div><table>\n<caption>Runs by {kind} and hour, at most {max(counts):,} in one {unit}</caption>"
        yield f'<thead><tr><th scope="col">{kind}</th>{heads}<th scope="col">runs</th></tr></thead>\n<tbody>'
        for name, places in rows:
            cells = "".join(_write_cell(counts[place], scale, hints[title][place]) for place in places)
            total = sum(counts[place] for place in places)
            yield f'<tr><th scope="row">{name}</th>{cells}<td class="sum">{total:,}</td></tr>'
        yield "</tbody></table></div>"


def _list_hints(workload: Workload) -> dict[str, list[str]]:
    """Say of each slot of each map what is in it."""
    hints = {load.title: [_tell_shares(shares) for shares in load.shares] for load in workload.loads}
    counts = [(load.title, load.counts) for load in workload.loads]
    together = [
        ", ".join(f"{title}: {found[place]:,}" for title, found in counts if found[place])
        for place in range(len(workload.days) * workload.slots_per_day)
    ]
    return {**hints, ALL_QUEUES: together} if len(counts) > 1 else hints


def _tell_shares(shares: Sequence[Share]) -> str:
    ordered = sorted(shares, key=lambda share: (-share.runs, share.name))
    names = [f"{share.name} ({share.runs:,})" if share.runs > 1 else share.name for share in ordered[:_MOST_NAMES]]
    more = f" and {len(shares) - _MOST_NAMES:,} more" if len(shares) > _MOST_NAMES else ""
    return ", ".join(names) + more


def _write_cell(count: int, scale: Sequence[int], hint: str) -> str:
    if not count:
        return "<td></td>"
    return f'<td class="l{find_level(count, scale)}" title="{_write(hint)}">{count:,}</td>'


def _write_minutes(workload: Workload) -> Iterator[str]:
    if not workload.minutes:
        return
    yield '<h2>The fullest minutes</h2>\n<div><table class="list">'
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("time", "days", "runs", "jobs"))
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
    yield from (_write_minute(minute, workload) for minute in workload.minutes)
    yield "</tbody></table></div>"


def _write_minute(minute: FullMinute, workload: Workload) -> str:
    cells = (tell_days(minute.days, workload.days), f"{minute.runs:,}", _tell_shares(minute.shares))
    return (
        f'<tr><th scope="row">{tell_clocks(minute)}</th>'
        + "".join(f"<td>{_write(cell)}</td>" for cell in cells)
        + "</tr>"
    )
