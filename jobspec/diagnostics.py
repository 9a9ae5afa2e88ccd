"""Mistakes in the user's text, as data.

A diagnostic is collected, never raised: whoever reads text returns what it
understood together with all that is wrong, so that one run shows everything.
Rendering is elsewhere; a diagnostic carries its own excerpt and needs no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: an error freezes the job, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a file, with the line that stands there.

    Attributes:
        path: The file as a user would name it, relative to the project where it lies inside.
        line: Line number from 1; 0 when the whole file is meant.
        column: Column from 1, in characters; 0 when the whole line or file is meant.
        length: How many characters of the line the caret marks, at least 1.
        excerpt: The text of that line without its newline; empty when there is none to show.
    """

    path: str
    line: int = 0
    column: int = 0
    length: int = 1
    excerpt: str = ""

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A second place that explains the first, such as where an inherited value was set."""

    message: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One mistake: what is wrong, where, and what to do about it.

    Attributes:
        code: The rule, a key of :data:`RULES`; never reused for something else.
        message: One sentence on what is wrong and why, without the location.
        location: Where the offending text stands.
        severity: Whether the job can still be used.
        hint: What to do; empty when the message says it all.
        related: Other places to look at.
        job: The job it belongs to, where one is known.
    """

    code: str
    message: str
    location: Location
    severity: Severity = Severity.ERROR
    hint: str = ""
    related: tuple[Related, ...] = ()
    job: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it freezes what it belongs to."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a code stands for.

    Attributes:
        summary: The kind of mistake, as a heading.
        explanation: Why it is a mistake and how to mend it; Markdown, a few sentences.
        severity: What its diagnostics are by default.
    """

    summary: str
    explanation: str
    severity: Severity = Severity.ERROR


RULES: dict[str, Rule] = {
    # JS0xx: files and their syntax
    # JS1xx: the shape of a job
    # JS2xx: values: times, names, limits
    # JS3xx: import paths and input
    # JS4xx: jobspec.toml
}
"""Every code that a diagnostic may carry, in order."""
