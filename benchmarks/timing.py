"""How fast run times are computed; run it with ``python benchmarks/timing.py``."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

from jobspec.timing.cron import parse_cron
from jobspec.timing.upcoming import Interval, Timetable, has_run, upcoming, upcoming_seconds

NOW = datetime(2026, 11, 24, tzinfo=UTC)
YEAR = timedelta(days=365)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
)


def measure(name: str, run: Callable[[], object], *, per: int = 1, unit: str = "ms") -> None:
    started = time.perf_counter()
    run()
    seconds = time.perf_counter() - started
    print(f"{name:60} {seconds / per * {'ms': 1e3, 'us': 1e6}[unit]:10.2f} {unit}")


def list_year(cron: str, timezone: str, *skip: str) -> list[int]:
    table = Timetable(calendars=(parse_cron(cron),), skip=tuple(parse_cron(text) for text in skip), timezone=timezone)
    start = int(NOW.timestamp())
    return upcoming_seconds(table, start, start + int(YEAR.total_seconds()))


def make_varied(count: int) -> list[Timetable]:
    random.seed(1)
    holidays = (parse_cron("* * * 25 12 * *"),)
    tables = []
    for _ in range(count):
        minute, hour = random.randrange(60), random.randrange(24)
        cron = random.choice(
            [
                f"{minute} {hour} * * *",
                f"{minute} {hour} * * MON-FRI",
                f"{minute} * * * *",
                "*/5 * * * *",
                f"{minute} {hour} {random.randint(1, 28)} * *",
                f"{minute} {hour} 1 1,4,7,10 *",
            ]
        )
        interval = (Interval(every=random.choice([60, 3600, 86400])),) if random.random() < 0.2 else ()
        calendars = () if interval else (parse_cron(cron),)
        skip = holidays if random.random() < 0.2 else ()
        tables.append(Timetable(calendars=calendars, intervals=interval, skip=skip, timezone=random.choice(ZONES)))
    return tables


def main() -> None:
    texts = [f"{minute} {hour} * * MON-FRI" for hour, minute in product(range(24), range(60))]
    measure("parse_cron, not seen before", lambda: [parse_cron(text) for text in texts], per=len(texts), unit="us")
    measure("parse_cron, seen before", lambda: [parse_cron(text) for text in texts], per=len(texts), unit="us")
    for zone in ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"):
        measure(f"a year of every minute, {zone}", lambda zone=zone: list_year("* * * * *", zone))  # type: ignore[misc]
    measure(
        "the same with nights skipped, Europe/Berlin",
        lambda: list_year("* * * * *", "Europe/Berlin", "* * 0-5 * * * *"),
    )
    measure("a year of every second, UTC", lambda: list_year("* * * * * * *", "UTC"))
    tables = make_varied(10_000)
    measure("next three of 10,000 schedules", lambda: [list(upcoming(table, NOW, count=3)) for table in tables])
    measure("next three of 10,000 schedules again", lambda: [list(upcoming(table, NOW, count=3)) for table in tables])
    for cron, skip in (
        ("0 0 30 2 *", ""),
        ("* * * * * * *", "* * * * * * *"),
        ("* * * * *", "* * * * * * *"),
        ("0 9 * * *", "* * * * * * *"),
    ):
        table = Timetable(
            calendars=(parse_cron(cron),), skip=(parse_cron(skip),) if skip else (), timezone="Europe/Berlin"
        )
        measure(f"has_run of {cron} without {skip or 'nothing'}", lambda table=table: has_run(table, NOW))  # type: ignore[misc]


if __name__ == "__main__":
    main()
