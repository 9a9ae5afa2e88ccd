"""Arguments that type-check and yet cannot be meant, such as an empty workflow id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from jobspec.errors import UsageError
from jobspec.results import Status
from jobspec.spec.vocabulary import join_words, suggest_word

_LONGEST: Final = 60


def check_run(workflow_id: str, run_id: str | None) -> None:
    """Refuse ids that no run can have.

    Raises:
        UsageError: The workflow id or the run id is empty.
    """
    check_name(workflow_id, "the workflow id")
    if run_id == "":
        raise UsageError("the run id is empty; leave it out to mean the latest run")


def check_name(value: str, what: str) -> None:
    """Refuse an empty name.

    Args:
        value: The name.
        what: How to call it, such as "the workflow id".

    Raises:
        UsageError: It is empty.
    """
    if not value:
        raise UsageError(f"{what} is empty")


def check_list(value: Iterable[str], argument: str) -> None:
    """Refuse a text where a list of texts is meant; its letters would be taken for the entries.

    Args:
        value: The argument.
        argument: Its name.

    Raises:
        UsageError: It is a text.
    """
    if isinstance(value, str):
        raise UsageError(f"`{argument}` is a list: write `{argument}=[{value!r}]`")


def read_statuses(given: Status | str | Iterable[Status | str] | None) -> tuple[Status, ...]:
    """Read the states by which runs are selected.

    Args:
        given: One, several or none, each as a `Status` or its word, such as `failed`.

    Raises:
        UsageError: There is no such state; names the known ones.
    """
    if given is None:
        return ()
    words = (given,) if isinstance(given, str) else tuple(given)
    return tuple(map(_read_status, words))


def _read_status(word: object) -> Status:
    try:
        return Status(cast("str", word))
    except ValueError as error:
        known = [status.value for status in Status if status is not Status.UNKNOWN]
        hint = suggest_word(word, known) if isinstance(word, str) else ""
        raise UsageError(f"there is no status {show(word)}; {hint or f'there are {join_words(known)}'}") from error


def is_list(value: object) -> bool:
    """Whether something is a list of things; a text, which has letters, is not."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def show(value: Any) -> str:
    """Name a wrong argument in a message."""
    shown = repr(value)
    if value is None or (isinstance(value, str | int | float | bytes) and len(shown) <= _LONGEST):
        return f"`{shown}`"
    return f"a `{type(value).__name__}`"
