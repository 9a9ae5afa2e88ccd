"""Exceptions in logs: where they came from, without words that may quote values."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from jobspec.secrets import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def render_trace(error: BaseException, is_told: Callable[[BaseException], bool] = lambda _: False) -> str:
    """Write the traceback of an exception and of all that it was raised from, the first one at the top.

    Args:
        error: The exception.
        is_told: Whether the words of one of them may be told, secrets masked; by default there is only its type, as
            what an unexpected exception says may be any value.
    """
    links = [_render_link(link, is_told) for link in list_links(error)]
    return "\n\nwhich led to:\n\n".join(reversed(links))


def list_links(error: BaseException) -> Iterator[BaseException]:
    """List an exception and all that it was raised from, the last one first."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _render_link(link: BaseException, is_told: Callable[[BaseException], bool]) -> str:
    module, kind = type(link).__module__, type(link).__qualname__
    name = kind if module == "builtins" else f"{module}.{kind}"
    words = f": {link}" if is_told(link) and str(link) else ""
    frames = "".join(traceback.format_tb(link.__traceback__))
    return mask(f"Traceback (most recent call last):\n{frames}{name}{words}", is_prose=True)


class MaskedFormatter(logging.Formatter):
    """Formats what user code logs, or who looks for a bug asks for: words are told, secrets in them masked.

    Args:
        hides_payloads: Whether a codec hides payloads, so that nothing is told of what failed to decode one.
    """

    def __init__(self, *, hides_payloads: bool = False) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self._hides_payloads = hides_payloads

    def format(self, record: logging.LogRecord) -> str:
        """Write a line and the traceback below it."""
        return mask(super().format(record), is_prose=True)

    def formatException(self, ei: Any) -> str:  # noqa: N802  the name is that of `logging`
        """Write a traceback."""
        links = list(list_links(ei[1]))
        is_decoding = [str(link).startswith("Failed decoding") for link in links]  # temporalio.worker's own words
        last = is_decoding.index(True) if self._hides_payloads and any(is_decoding) else len(links)
        told = {id(link) for link in links[: last + 1]}
        return render_trace(ei[1], lambda link: id(link) in told)
