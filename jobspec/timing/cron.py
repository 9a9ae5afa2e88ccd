"""Cron text to calendars and back.

The server compiles cron text to calendars and forgets the text
(``service/worker/scheduler/calendar.go``); here the same is done before anything
is sent, so that mistakes are found in the file and the text survives as the
calendar's comment.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jobspec.timing.calendar import Calendar, format_field
from jobspec.timing.duration import DurationError, format_duration, parse_duration
from jobspec.timing.fields import CalendarError, parse_field

_WORDS = re.compile(r"[^ \t\r\n\f\v]+")
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n\f\v]))#.*", re.DOTALL)
_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIVE = ("minute", "hour", "day_of_month", "month", "day_of_week")
_LAYOUTS: dict[int, tuple[str, ...]] = {5: _FIVE, 6: (*_FIVE, "year"), 7: ("second", *_FIVE, "year")}
_LONGEST_COMMENT = 200
"""Bytes; the server refuses a longer one."""


class CronError(ValueError):
    """The cron text is wrong.

    Attributes:
        hint: What to write instead; empty when the message says it all.
        span: Start and end of the offending part, as offsets into the text; None when all of it is meant.
        field: The calendar field, where one is to blame.
    """

    def __init__(
        self, message: str, *, hint: str = "", span: tuple[int, int] | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.span = span
        self.field = field


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> Calendar:
    """Compile cron text to the calendar that fires alike.

    Args:
        text: Five fields, six (with a year at the end) or seven (with seconds in front as well), or ``@daily`` and
            its like; after a space and ``#`` a comment may follow.

    Returns:
        The calendar; its comment is the text itself, cut to the 200 bytes that the server takes.

    Raises:
        CronError: It is no cron text, or says what belongs elsewhere in a spec (a time zone, an interval).
    """
    end = _find_comment(text)
    words = [(match[0], match.span()) for match in _WORDS.finditer(text, 0, end)]
    if not words:
        raise CronError("the cron text is empty", hint="write for example `0 9 * * MON-FRI`")
    _refuse_prefixes(words)
    if words[0][0].startswith("@"):
        words = _expand(words)
    _refuse_seconds_first(text, words)
    return Calendar(**_parse_words(text, words), comment=_shorten(text.strip()))


def _find_comment(text: str) -> int:
    """Where the fields end: before a ``#`` that starts a word. Any other ``#`` is refused.

    The server cuts at every ``#``, so that ``1#3``, elsewhere the third Monday, silently becomes every Monday.
    """
    if "#" not in text:
        return len(text)
    match = _COMMENT.search(text)
    end = match.start() if match else len(text)
    for word in _WORDS.finditer(text, 0, end):
        if "#" in word[0]:
            raise _refuse_hash(word)
    return end


def _refuse_hash(word: re.Match[str]) -> CronError:
    try:
        parse_field("day_of_week", word[0])
    except CalendarError as error:
        hint = error.hint
    return CronError(
        f"`{word[0]}` holds a `#`, at which Temporal would silently cut the text",
        hint=hint or "put a space before a comment",
        span=word.span(),
    )


def _refuse_prefixes(words: list[tuple[str, tuple[int, int]]]) -> None:
    word, span = words[0]
    prefix, equals, zone = word.partition("=")
    if equals and prefix in {"TZ", "CRON_TZ"}:
        hint = f"remove `{word}` and write `timezone: {zone or 'UTC'}` beside `cron`"
        raise CronError("a time zone does not belong into the cron text", hint=hint, span=span)
    if word.startswith("@every"):
        hint = f"write `{_suggest_interval(words)}` instead of `cron`"
        raise CronError("`@every` is an interval, not a cron time", hint=hint, span=(span[0], words[-1][1][1]))


def _suggest_interval(words: list[tuple[str, tuple[int, int]]]) -> str:
    every, _, offset = "".join(word for word, _ in words[1:]).partition("/")
    try:
        shown = format_duration(parse_duration(every))
        if not offset:
            return f"interval: {shown}"
        return f"interval: {{every: {shown}, offset: {format_duration(parse_duration(offset))}}}"
    except DurationError:
        return "interval: 1h"


def _expand(words: list[tuple[str, tuple[int, int]]]) -> list[tuple[str, tuple[int, int]]]:
    word, span = words[0]
    expanded = _ALIASES.get(word)
    if expanded is None:
        hint = f"write `{word.lower()}`" if word.lower() in _ALIASES else f"there are {', '.join(sorted(_ALIASES))}"
        if word == "@reboot":
            hint = "nothing restarts in Temporal; start the job by hand, or give it a time"
        raise CronError(f"`{word}` is not known", hint=hint, span=span)
    if len(words) > 1:
        raise CronError(f"nothing may follow `{word}`", span=(words[1][1][0], words[-1][1][1]))
    return [(field, span) for field in expanded.split()]


def _refuse_seconds_first(text: str, words: list[tuple[str, tuple[int, int]]]) -> None:
    """Refuse six fields that other schedulers read with seconds first, unless the sixth names years.

    Quartz, Spring and many libraries put seconds first; Temporal (``calendar.go``, ``parseCronString``) puts a year
    last. A text that ends in ``*`` is usually valid both ways and means different times.
    """
    if len(words) != len(_LAYOUTS[6]):
        return
    second, *rest = (word.replace("?", "*") for word, _ in words)
    seconds_first = _try(("second", *_FIVE), [second, *rest])
    year_last = _try(_LAYOUTS[6], [word for word, _ in words])
    if seconds_first is None or (year_last is not None and year_last.year is not None):
        return
    suggested = " ".join(rest if seconds_first.second == (0,) else (second, *rest, "*"))
    first = f"`{suggested}` ({_count_times(seconds_first)})"
    if year_last is None:
        raise CronError(
            f"`{text.strip()}` has six fields, and Temporal reads the last as a year; it makes sense only with seconds "
            "first",
            hint=f"write {first}",
        )
    kept = " ".join(word for word, _ in words[:-1])
    raise CronError(
        f"`{text.strip()}` has six fields: Temporal reads the last as a year, many other schedulers read the first as "
        "seconds",
        hint=f"write {first} if seconds come first, or `{kept}` ({_count_times(year_last)}) if a year comes last",
    )


def _try(names: tuple[str, ...], words: list[str]) -> Calendar | None:
    try:
        values = {name: parse_field(name, word) for name, word in zip(names, words, strict=True)}
    except CalendarError:
        return None
    return Calendar(**{name: found for name, found in values.items() if found is not None}, comment="")


def _count_times(calendar: Calendar) -> str:
    times = len(calendar.second) * len(calendar.minute) * len(calendar.hour)
    return "once a day" if times == 1 else f"{times:,} times a day"


def _parse_words(text: str, words: list[tuple[str, tuple[int, int]]]) -> dict[str, tuple[int, ...]]:
    names = _LAYOUTS.get(len(words))
    if names is None:
        raise CronError(
            f"`{text.strip()}` has {len(words)} field{'s' * (len(words) != 1)}; cron takes 5, 6 or 7",
            hint="minute hour day-of-month month day-of-week; with 6 a year follows, with 7 seconds come first as well",
        )
    found = {}
    for name, (word, span) in zip(names, words, strict=True):
        try:
            values = parse_field(name, word)
        except CalendarError as error:
            raise CronError(str(error), hint=error.hint, span=span, field=name) from None
        if values is not None:
            found[name] = values
    return found


def _shorten(text: str) -> str:
    """The text within the server's limit of 200 bytes, cut between characters."""
    data = text.encode("utf-8", "surrogatepass")
    return text if len(data) <= _LONGEST_COMMENT else data[:_LONGEST_COMMENT].decode(errors="ignore").rstrip()


def format_cron(calendar: Calendar) -> str | None:
    """The cron text for a calendar, exact or None.

    Where the comment is itself cron text for these times, it is what the user wrote and is returned; otherwise the
    shortest of five, six and seven fields.
    """
    if _reads_as(calendar.comment, calendar):
        return calendar.comment
    names = _FIVE if calendar.year is None else _LAYOUTS[6]
    if calendar.second != (0,):
        names = _LAYOUTS[7]
    text = " ".join(format_field(name, getattr(calendar, name)) for name in names)
    return text if _reads_as(text, calendar) else None


def _reads_as(text: str, calendar: Calendar) -> bool:
    try:
        return bool(text) and parse_cron(text).values == calendar.values
    except CronError:
        return False
