"""How much warnings weigh in a project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.diagnostics import Severity
from jobspec.spec.lint_settings import LintLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jobspec.diagnostics import Diagnostic


def apply_levels(diagnostics: Iterable[Diagnostic], levels: Mapping[str, LintLevel]) -> Iterator[Diagnostic]:
    """Give warnings the severity that the project wants, and drop what it does not want to hear.

    For `validate` only: what is an error here freezes no job.
    """
    for diagnostic in mute(diagnostics, levels):
        is_error = levels.get(diagnostic.code) is LintLevel.ERROR
        yield replace(diagnostic, severity=Severity.ERROR) if is_error else diagnostic


def mute(diagnostics: Iterable[Diagnostic], levels: Mapping[str, LintLevel]) -> Iterator[Diagnostic]:
    """Drop the warnings that the project has turned off."""
    return (
        found for found in diagnostics if found.is_error or levels.get(found.code, LintLevel.WARNING) != LintLevel.OFF
    )
