"""A heat map of all jobs' runs, as text: a week by day and hour, or a day by queue and quarter of an hour."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from jobspec.planning.workload import HOUR
from jobspec.render.terminal import cut, escape, measure, pad, to_ascii
from jobspec.timing.moments import tell_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from jobspec.planning.workload import FullMinute, Share, Workload

ALL_QUEUES = "all queues"
"""The title of what all queues have together."""

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .:+#"
_LABEL = 12
_NUMBER = 8
_HOURS = 24
_EVERY_DAY = 7
_FEWEST_NAMES = 1


def render_calendar(workload: Workload, *, width: int, ascii: bool = False) -> str:  # noqa: A002  the word for it
    """Draw the heat map, and list the fullest minutes with their jobs.

    Each map has a scale of its own, from one run to the most in one slot of it.

    Args:
        workload: The runs.
        width: Columns of the output.
        ascii: Whether the output can show ASCII only.
    """
    blocks = [[_title(workload)]]
    if workload.loads:
        draw = _draw_day if len(workload.days) == 1 else _draw_week
        blocks += draw(workload, width, _ASCII_SHADES if ascii else _SHADES)
    else:
        blocks.append(["No job runs by itself in that time."])
    if workload.clock_changes:
        blocks.append([tell_clock_change(day, hours) for day, hours in workload.clock_changes.items()])
    if workload.minutes:
        blocks.append(list(_list_minutes(workload, width)))
    if workload.paused:
        blocks.append(list(_list_paused(workload.paused, width)))
    text = "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks) + "\n"
    return to_ascii(text) if ascii else text


def _title(workload: Workload) -> str:
    return f"Runs {tell_period(workload)}, by the clock of {workload.zone}; nominal times"


def tell_period(workload: Workload) -> str:
    """Say which days are meant."""
    first, last = workload.days[0], workload.days[-1]
    return f"on {tell_date(first)}" if first == last else f"from {tell_date(first)} to {tell_date(last)}"


def tell_clock_change(day: date, hours: float) -> str:
    """Say that a day is no ordinary one."""
    return f"{tell_date(day)} has {hours:g} hours, for the clock is set: " + (
        "the hour that comes twice counts both times" if hours > _HOURS else "the hour that is missing has no runs"
    )


def tell_amount(jobs: int, runs: int) -> str:
    """Say how many jobs run how often."""
    return f"{jobs:,} job{'' if jobs == 1 else 's'}, {runs:,} run{'' if runs == 1 else 's'}"


def list_maps(workload: Workload) -> list[tuple[str, int, list[int]]]:
    """List title, number of jobs and counts of each map: all queues together where there are several, then each."""
    maps = [(load.title, load.jobs, load.counts) for load in workload.loads]
    if len(maps) > 1:
        maps.insert(0, (ALL_QUEUES, sum(load.jobs for load in workload.loads), workload.counts))
    return maps


def _draw_week(workload: Workload, width: int, shades: str) -> Iterator[list[str]]:
    """Draw a map for each queue: a line a day, two columns an hour."""
    hours = "".join(f"{hour:02}    " for hour in range(0, _HOURS, 3))
    for title, jobs, counts in list_maps(workload):
        amount = tell_amount(jobs, sum(counts))
        scale = make_scale(max(counts), len(shades) - 1)
        lines = [f"{cut(escape(title), max(width - measure(amount) - 2, _LABEL))}  {amount}"]
        lines.append(f"{'':{_LABEL}}{hours}{'runs':>{_NUMBER}}")
        for number, day in enumerate(workload.days):
            found = counts[number * _HOURS : (number + 1) * _HOURS]
            cells = "".join(shades[find_level(count, scale)] * 2 for count in found)
            lines.append(f"{tell_date(day)[:4]}{day:%m-%d}   {cells}{sum(found):{_NUMBER},}")
        legend = "  ".join(f"{shades[level]} up to {bound:,}" for level, bound in enumerate(scale, 1))
        most = f"most: {tell_slot(workload, counts.index(max(counts)))}"
        lines += [f"{legend}    {most}"] if len(legend) + 4 + len(most) <= width else [legend, most]
        yield lines


def _draw_day(workload: Workload, width: int, shades: str) -> Iterator[list[str]]:
    """Draw a line for each queue: four columns an hour, or two or one where there is no room for more."""
    maps = list_maps(workload)
    label = max(measure(escape(title)) for title, _, _ in maps)
    columns = next((each for each in (4, 2) if label + 1 + _HOURS * each + 2 * _NUMBER <= width), 1)
    label = min(label, max(width - 1 - _HOURS * columns - 2 * _NUMBER, _LABEL))
    merged = HOUR // workload.slot // columns
    step = max(4 // columns, 1)
    hours = "".join(f"{hour:02}".ljust(step * columns) for hour in range(0, _HOURS, step))
    lines = [f"{'':{label}} {hours}{'runs':>{_NUMBER}}{'most':>{_NUMBER}}"]
    for title, _, counts in maps:
        found = [sum(counts[place : place + merged]) for place in range(0, len(counts), merged)]
        scale = make_scale(max(found), len(shades) - 1)
        cells = "".join(shades[find_level(count, scale)] for count in found)
        lines.append(f"{pad(cut(escape(title), label), label)} {cells}{sum(counts):{_NUMBER},}{max(found):{_NUMBER},}")
    yield lines
    minutes = HOUR // columns // 60
    yield [f"A column is {minutes} minutes; {shades[1:]} are quarters of the most that its line has in one."]


def make_scale(most: int, levels: int) -> list[int]:
    """Divide what is counted into levels: the largest count of each; fewer levels where there are few counts."""
    return sorted({-(-most * level // levels) for level in range(1, levels + 1)})


def find_level(count: int, scale: Sequence[int]) -> int:
    """Find the level of a count: 0 is none, and one run is never that."""
    return bisect_left(scale, count) + 1 if count else 0


def tell_slot(workload: Workload, place: int) -> str:
    """Say when a slot begins."""
    day = workload.days[place // workload.slots_per_day]
    seconds = place % workload.slots_per_day * workload.slot
    clock = f"{seconds // HOUR:02}:{seconds % HOUR // 60:02}"
    return f"{tell_date(day)} {clock}" if len(workload.days) > 1 else clock


def _list_minutes(workload: Workload, width: int) -> Iterator[str]:
    yield "The fullest minutes:"
    for minute in workload.minutes:
        on = f"  {tell_days(minute.days, workload.days)}" if len(workload.days) > 1 else ""
        start = f"  {tell_clocks(minute)}  {minute.runs:6,} runs{on}: "
        yield cut(start + tell_names(minute.shares, width - measure(start)), width)


def tell_clocks(minute: FullMinute) -> str:
    """Write the time of day of a minute, or those of several."""
    return ", ".join(clock.isoformat("minutes") for clock in minute.clocks)


def tell_days(days: Sequence[date], all_days: Sequence[date]) -> str:
    """Say on which days something is so."""
    if len(days) == len(all_days) > 1:
        return "every day"
    return ", ".join(tell_date(day)[:3] if len(all_days) <= _EVERY_DAY else tell_date(day) for day in days)


def tell_names(shares: Sequence[Share], room: int) -> str:
    """List jobs, as many as there is room for, and how many more there are.

    Args:
        shares: At least one.
        room: Columns; one name is shown in any case.
    """
    names = [
        escape(share.name) + (f" ({share.runs:,} runs)" if share.runs > 1 else "")
        for share in sorted(shares, key=lambda share: (-share.runs, share.name))
    ]
    shown = len(names)
    while shown > _FEWEST_NAMES and measure(_join(names, shown)) > room:
        shown = max(_FEWEST_NAMES, min(shown - 1, shown * room // max(measure(_join(names, shown)), 1) + 1))
    return _join(names, shown)


def _join(names: Sequence[str], shown: int) -> str:
    more = f" and {len(names) - shown:,} more" if shown < len(names) else ""
    return ", ".join(names[:shown]) + more


def _list_paused(names: Sequence[str], width: int) -> Iterator[str]:
    start = "Left out, as their specs pause them: " if len(names) > 1 else "Left out, as its spec pauses it: "
    room, shown = width - len(start), len(names)
    escaped = list(map(escape, names))
    while shown > _FEWEST_NAMES and measure(_join(escaped, shown)) > room:
        shown -= 1
    yield cut(start + _join(escaped, shown), width)
