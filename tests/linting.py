"""Lint over files that are only in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jobspec.lint.review import Review, list_unchecked
from jobspec.spec.lint_settings import LintSettings
from jobspec.spec.loader import load_listings
from jobspec.spec.spec_files import Listing, SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.diagnostics import Diagnostic

NOW = datetime(2027, 1, 5, tzinfo=UTC)
HEAD = "name: orders\nqueue: q\nworkflow: {type: W}\n"


def lint(text: str | Mapping[str, str], *, is_complete: bool = True, **settings: Any) -> tuple[Diagnostic, ...]:
    """Load and lint as `validate --no-imports` does.

    Args:
        text: One YAML file, or several of any kind by their path.
        is_complete: Whether all environments were looked at.
        settings: Of `[lint]`.
    """
    files = {"specs/a.yaml": text} if isinstance(text, str) else text
    sources = tuple(SourceFile(path=path, data=content.encode()) for path, content in sorted(files.items()))
    missing = SourceFile(path="")
    loaded = load_listings([Listing(root="specs", files=sources)], read=lambda _: missing, now=NOW)
    review = Review(LintSettings.model_validate(settings), NOW)
    review.add(None, loaded)
    unchecked = list_unchecked(imports=True, namespace=True)
    return review.finish(loaded.diagnostics, unchecked=unchecked, is_complete=is_complete)


def lint_job(more: str, **settings: Any) -> tuple[Diagnostic, ...]:
    """Lint one YAML job; `more` follows its head of three lines."""
    return lint(HEAD + more + "\n", **settings)


def list_codes(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    """List the codes of diagnostics."""
    return [found.code for found in diagnostics]
