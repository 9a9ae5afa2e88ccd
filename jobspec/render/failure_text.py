"""Why a run or an activity failed, as text: what was raised, and all that it was raised from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobspec.render.payload_values import tell_values
from jobspec.secrets import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobspec.render.tables import Style
    from jobspec.results import Failure

_CAUSE = "caused by "


def render_failure(failure: Failure, style: Style, *, indent: str = "") -> str:
    """Write a failure and its causes below each other, without a newline at the end.

    Args:
        failure: What was raised.
        style: What the output can show.
        indent: What stands before each line.
    """
    return "\n".join(f"{indent}{style.fit(line)}" for line in _list_lines(failure))


def _list_lines(failure: Failure) -> Iterator[str]:
    prefix, link = "", failure
    while True:
        first, *more = tell_failure(link).splitlines() or [""]
        yield prefix + first
        yield from (" " * len(_CAUSE) + line for line in more)
        if link.details:
            yield f"{' ' * len(_CAUSE)}details: {mask(tell_values(link.details))}"
        if link.cause is None:
            return
        prefix, link = _CAUSE, link.cause


def tell_failure(failure: Failure) -> str:
    """Write what was raised, type and message, secrets masked; not escaped, in as many lines as the message has."""
    kind = failure.type.replace("_", " ") if failure.subject else failure.type
    what = f"{kind} {failure.subject}".strip()
    message = mask(failure.message, is_prose=True)
    return f"{what}: {message}" if what and message else what or message


def tell_root(failure: Failure) -> str:
    """Write on one line what all the rest was raised from."""
    while failure.cause is not None:
        failure = failure.cause
    return " ".join(tell_failure(failure).split())
