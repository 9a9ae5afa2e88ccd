"""What callers hand over, judged before anything is done with it: a wrong kind is said in one sentence.

Type checkers find most of these; not everybody runs one, and what would come of it is an error from deep inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from jobspec.errors import UsageError
from jobspec.spec.vocabulary import join_words, suggest_word

if TYPE_CHECKING:
    from temporalio.client import Client

    from jobspec.results import Status, TimeRange

_LONGEST: Final = 60


def check_client(client: Client) -> Client:
    """Refuse what is no client; what stands for one has its services.

    Raises:
        UsageError: It is none.
    """
    if isinstance(client, type) or not hasattr(client, "workflow_service") or not hasattr(client, "data_converter"):
        raise UsageError(f"the client must be a connected `temporalio.client.Client`, not {show(client)}")
    return client


def check_run(workflow_id: object, run_id: object) -> None:
    """Refuse ids that no run can have.

    Raises:
        UsageError: The workflow id is empty or no text, or the run id is.
    """
    check_name(workflow_id, "the workflow id")
    if run_id == "":
        raise UsageError("the run id is empty; leave it out to mean the latest run")
    if run_id is not None:
        check_name(run_id, "the run id")


def check_name(value: object, what: str) -> None:
    """Refuse what is no text, or empty.

    Args:
        value: Anything.
        what: How to call it, such as "the workflow id".

    Raises:
        UsageError: It is.
    """
    if value == "":
        raise UsageError(f"{what} is empty")
    check_text(value, what)


def check_text(value: object, what: str) -> None:
    """Refuse what is no text; the arguments are those of `check_name`."""
    if not isinstance(value, str):
        raise UsageError(f"{what} must be text, not {show(value)}")


def check_list(value: object, argument: str) -> None:
    """Refuse what is no list of things.

    Args:
        value: Anything.
        argument: Its name.

    Raises:
        UsageError: It is none.
    """
    if not is_list(value):
        how = f": write `{argument}=[{value!r}]`" if isinstance(value, str) else f", not {show(value)}"
        raise UsageError(f"`{argument}` is a list{how}")


def check_kind(value: object, kind: type, what: str, hint: str = "") -> None:
    """Refuse what is of another class.

    Args:
        value: Anything.
        kind: The class.
        what: How to call it, such as "the time range".
        hint: What to do; may be empty.

    Raises:
        UsageError: It is.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        named = _KINDS.get(kind, f"a `{kind.__name__}`")
        raise UsageError(f"{what} must be {named}, not {show(value)}" + (f"; {hint}" if hint else ""))


_KINDS: Final[Mapping[type, str]] = {int: "a whole number", bytes: "bytes, as `next_page_token` gives them"}


def check_span(span: TimeRange) -> None:
    """Refuse a time range whose ends are no times.

    Raises:
        UsageError: It is one, or no time range.
    """
    from datetime import datetime

    from jobspec.results import TimeRange

    check_kind(span, TimeRange, "the time range", "write `TimeRange(since=…, until=…)`")
    for name, end in (("since", span.since), ("until", span.until)):
        if end is not None:
            check_kind(end, datetime, f"`{name}` of the time range")


def read_statuses(given: Status | str | Iterable[Status | str] | None) -> tuple[Status, ...]:
    """Read the states by which runs are chosen.

    Args:
        given: One, several or none, each as a `Status` or its word, such as `failed`.

    Raises:
        UsageError: There is no such state; names the known ones.
    """
    if given is None:
        return ()
    if not isinstance(given, str) and not is_list(given):
        raise UsageError(f"the status must be a `Status`, its word or several of these, not {show(given)}")
    words = (given,) if isinstance(given, str) else tuple(given)
    return tuple(map(_read_status, words))


def _read_status(word: object) -> Status:
    from jobspec.results import Status

    try:
        return Status(cast("str", word))
    except ValueError as error:
        known = [status.value for status in Status if status is not Status.UNKNOWN]
        hint = suggest_word(word, known) if isinstance(word, str) else ""
        raise UsageError(f"there is no status {show(word)}; {hint or f'there are {join_words(known)}'}") from error


def is_list(value: object) -> bool:
    """Whether something is a list of things, and no text, which has letters."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def show(value: Any) -> str:
    """Name a wrong argument in a message."""
    shown = repr(value)
    if value is None or (isinstance(value, str | int | float | bytes) and len(shown) <= _LONGEST):
        return f"`{shown}`"
    return f"a `{type(value).__name__}`"
