"""Mistakes in files as versioned JSON documents; `schemas/plan.schema.json` describes them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from jobspec.diagnostics import Diagnostic, Location, Severity
from jobspec.render.documents import KIND, Count, JsonDocument, Version


class Place(JsonDocument):
    """Where something is written."""

    file: str
    """Path, relative to the project where it lies inside."""

    line: Count
    """Line from 1; 0 when the whole file is meant."""

    column: Count = 0
    """Column from 1, in characters; 0 when the whole line is meant."""


class RelatedDocument(JsonDocument):
    """A second place that explains a diagnostic."""

    message: str
    """What is there."""

    place: Place
    """Where."""


class DiagnosticDocument(JsonDocument):
    """One mistake in a file."""

    code: str
    """The rule, such as `JS220`; `jobspec rule JS220` explains it."""

    severity: Severity
    """An error freezes the job, a warning does not."""

    message: str
    """What is wrong and why."""

    hint: str
    """What to do; may be empty."""

    place: Place
    """Where."""

    length: Count
    """How many characters are meant, from the column on."""

    excerpt: str
    """The text of that line; may be empty."""

    job: str | None
    """The job it belongs to, where one is known."""

    related: tuple[RelatedDocument, ...]
    """Other places to look at."""


class DiagnosticsDocument(JsonDocument):
    """Mistakes in files."""

    kind: Annotated[Literal["diagnostics"], KIND] = "diagnostics"

    version: Version = 1

    errors: Count
    """How many errors there are."""

    warnings: Count
    """How many warnings there are."""

    diagnostics: tuple[DiagnosticDocument, ...]
    """In the order in which they shall be read."""


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> DiagnosticsDocument:
    """Make the document of mistakes in files."""
    return DiagnosticsDocument(
        errors=sum(found.severity is Severity.ERROR for found in diagnostics),
        warnings=sum(found.severity is Severity.WARNING for found in diagnostics),
        diagnostics=tuple(map(diagnostic_document, diagnostics)),
    )


def diagnostic_document(diagnostic: Diagnostic) -> DiagnosticDocument:
    """Make the part that tells one mistake."""
    location = diagnostic.location
    return DiagnosticDocument.of(
        diagnostic,
        place=_place(location),
        length=location.length,
        excerpt=location.excerpt,
        related=tuple(
            RelatedDocument(message=related.message, place=_place(related.location)) for related in diagnostic.related
        ),
    )


def _place(location: Location) -> Place:
    return Place(file=location.path, line=location.line, column=location.column)
