"""Where an exception came from, without words that may quote values."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

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
