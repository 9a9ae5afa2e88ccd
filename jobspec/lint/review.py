"""Everything that `validate` says beyond mistakes, for all environments: lint, ignoring comments, levels, redaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jobspec.diagnostics import RULES, Severity
from jobspec.lint.linter import Linter
from jobspec.spec.findings import make_diagnostics, order, unite
from jobspec.spec.hidden_values import hide_values
from jobspec.spec.ignores import UNUSED, WRONG, list_mistakes, list_unused, split_ignored
from jobspec.spec.lint_settings import LintLevel, drop_silenced
from jobspec.spec.redaction import NOTHING_REDACTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from jobspec.diagnostics import Diagnostic
    from jobspec.spec.document import Document
    from jobspec.spec.findings import Finding
    from jobspec.spec.ignores import Ignore
    from jobspec.spec.lint_settings import LintSettings
    from jobspec.spec.loaded_jobs import Loaded


def list_unchecked(*, imports: bool, namespace: bool) -> frozenset[str]:
    """List the warnings that were not looked for.

    Args:
        imports: Whether no code was imported.
        namespace: Whether no namespace was asked.
    """
    left_out = [("JS3", imports), ("JS52", namespace)]
    return frozenset(code for code in RULES for start, is_out in left_out if is_out and code.startswith(start))


def lint_changed(
    loaded: Loaded, names: Collection[str], settings: LintSettings, now: datetime
) -> tuple[Diagnostic, ...]:
    """Lint the jobs that a plan changes, so that whoever reviews it is warned; what freezes no job stays a warning.

    Args:
        loaded: All jobs of an environment.
        names: Those that are changed.
        settings: What the project says about lint.
        now: See :meth:`jobspec.lint.linter.Linter.lint`.
    """
    jobs = {name: job for name, job in loaded.jobs.items() if name in names}
    if not jobs:
        return ()
    levels = {code: level for code, level in settings.levels.items() if level is LintLevel.OFF}
    review = Review(settings.model_copy(update={"levels": levels}), now)
    review.add(None, replace(loaded, jobs=jobs))
    found = review.finish((), unchecked=(), is_complete=False)
    return tuple(each for each in found if each.code not in _ABOUT_ALL)


_ABOUT_ALL = frozenset({"JS508", WRONG, UNUSED})
"""Rules that need all jobs, or are about none."""


class Review:
    """Gathers what there is to say about the jobs of several environments.

    Args:
        settings: What the project says about lint.
        now: See :meth:`jobspec.lint.linter.Linter.lint`.
    """

    def __init__(self, settings: LintSettings, now: datetime) -> None:
        self._settings = settings
        self._redaction = NOTHING_REDACTED
        self._now = now
        self._linter = Linter(settings)
        self._found: dict[str | None, list[Diagnostic]] = {}
        self._documents: dict[str, Document] = {}
        self._used: set[Ignore] = set()

    def add(self, env: str | None, loaded: Loaded, found: Iterable[Finding] = ()) -> None:
        """Lint the jobs of an environment.

        Args:
            env: Its name; None for the base.
            loaded: Its jobs.
            found: What else was found about them, such as by importing their code.
        """
        findings = [*found, *self._linter.lint(loaded.jobs.values(), self._now)]
        kept, used = split_ignored(findings)
        self._found[env] = make_diagnostics(kept)
        self._used |= used | loaded.ignores
        self._redaction = loaded.redaction
        self._documents.update((document.path, document) for document in loaded.documents)

    def finish(
        self, diagnostics: Iterable[Diagnostic], *, unchecked: Collection[str], is_complete: bool
    ) -> tuple[Diagnostic, ...]:
        """Put all together.

        Args:
            diagnostics: What loading found in all environments.
            unchecked: Rules that were not looked at.
            is_complete: Whether all environments were added; only then can be told which comments ignore nothing.

        Returns:
            Everything to say, in the order of files and lines, with the project's levels and without secrets.
        """
        everything = [*diagnostics, *unite(self._found)]
        is_sound = not any(diagnostic.is_error for diagnostic in everything)
        everything += list_mistakes(self._documents.values())
        if is_complete and is_sound:
            everything += list_unused(self._documents.values(), self._used, unchecked)
        shown = hide_values(everything, self._documents.values(), self._redaction)
        return order(_apply_levels(shown, self._settings.levels))


def _apply_levels(diagnostics: Iterable[Diagnostic], levels: Mapping[str, LintLevel]) -> Iterator[Diagnostic]:
    """Give warnings the severity that the project wants, and drop what it does not want to hear.

    For `validate` only: what is an error here freezes no job.
    """
    for diagnostic in drop_silenced(diagnostics, levels):
        is_error = levels.get(diagnostic.code) is LintLevel.ERROR
        yield replace(diagnostic, severity=Severity.ERROR) if is_error else diagnostic
