"""What one load hands to the next, so that it costs only what has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from jobspec.diagnostics import Diagnostic
from jobspec.spec.directory import read_directory
from jobspec.spec.document import parse_file
from jobspec.spec.findings import refuse_bug
from jobspec.spec.job_collection import Remembered
from jobspec.spec.job_layers import Form, read_defaults, read_jobs
from jobspec.spec.job_validation import Schemas
from jobspec.spec.spec_files import SourceFile, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jobspec.diagnostics import Location
    from jobspec.spec.document import Document
    from jobspec.spec.enclosure import Enclosure
    from jobspec.spec.input_schema import FileReader, InputSchema
    from jobspec.spec.spec_files import Listing

MAX_WEIGHT = 1_000_000
"""How many keys and values all spec files of a project may hold, estimated: parsing that many takes some seconds."""

_YAML_MARKS = (b":", b",", b"[", b"{", b"- ", b"-\n", b"?")
_TOML_MARKS = 2 * (b"=", b",", b"[", b"{", b"\\", b".", b".")  # slower to parse, most of all keys with dots
_BYTES_PER_VALUE = 32
"""How many bytes of comments, white space or text take as long to parse as a short value."""

_DEFAULTS = frozenset({"defaults.yaml", "defaults.yml", "defaults.toml"})


@dataclass(slots=True, kw_only=True, eq=False)
class ParsedFile:
    """A file that was read: its form or why it has none, and what became of its jobs.

    Attributes:
        file: What was read.
        digest: Of the content, or of the problem.
        weight: Roughly how many keys and values it holds.
        is_defaults: Whether it holds the defaults of its directory.
        form: What it holds.
        problem: Why it cannot be used.
        document: The file, parsed.
        known: What is remembered of its jobs.
    """

    file: SourceFile
    digest: bytes
    weight: int
    is_defaults: bool
    form: Form | None
    problem: Diagnostic | None
    document: Document | None = None
    known: Remembered = field(default_factory=Remembered)


class Cache:
    """What one load hands to the next; files that have vanished are forgotten."""

    def __init__(self) -> None:
        self._listings: dict[Path, Listing] = {}
        self._files: dict[str, ParsedFile] = {}
        self.schemas: dict[str, InputSchema] = {}

    def read_roots(
        self, roots: Sequence[Path], enclosure: Enclosure, named_at: Mapping[Path, Location]
    ) -> list[Listing]:
        """List the roots, reading only the files that have changed."""
        self._listings = {
            root: read_directory(root, enclosure, named_at=named_at.get(root), previous=self._listings.get(root))
            for root in dict.fromkeys(roots)
        }
        return list(self._listings.values())

    def distrust(self) -> None:
        """Read every file at the next load, whatever the file system says of it; only other content is parsed anew."""
        self._listings = {}

    def parse(self, files: Iterable[SourceFile]) -> dict[str, ParsedFile]:
        """Parse the files whose content has changed."""
        weighed = [(file, self._weigh(file)) for file in files]
        excess = _find_excess({file.path: weight for file, weight in weighed})
        self._files = {
            file.path: _parse(_refuse_excess(file) if file.path in excess else file, weight, self._files.get(file.path))
            for file, weight in weighed
        }
        return self._files

    def _weigh(self, file: SourceFile) -> int:
        known = self._files.get(file.path)
        return known.weight if known is not None and known.file is file else _weigh(file)

    def make_schemas(self, read: FileReader) -> Schemas:
        """Begin to read schemas for one load."""
        return Schemas(read, self.schemas)

    def keep_schemas(self, schemas: Schemas) -> None:
        """Remember the schemas that a load has read."""
        self.schemas = schemas.loaded


def _weigh(file: SourceFile) -> int:
    """Estimate how much work it is to parse a file, without parsing it: by the characters that separate values."""
    data = file.data or b""
    marks = _TOML_MARKS if file.path.lower().endswith(".toml") else _YAML_MARKS
    return len(data) // _BYTES_PER_VALUE + sum(map(data.count, marks))


def _find_excess(weights: Mapping[str, int]) -> set[str]:
    """Choose the files that are not parsed because the project holds too much: the heaviest, so that few suffice."""
    order = sorted(weights, key=lambda path: (weights[path], path))
    totals = accumulate(weights[path] for path in order)
    return {path for total, path in zip(totals, order, strict=True) if total > MAX_WEIGHT}


def _refuse_excess(file: SourceFile) -> SourceFile:
    message = f"the project's spec files hold more than {MAX_WEIGHT:,} keys and values, and this is one of the largest"
    problem = refuse("JS004", file.path, message, "remove values from it, or split the project")
    return SourceFile(path=file.path, real_path=file.real_path, problem=problem)


def _parse(file: SourceFile, weight: int, known: ParsedFile | None) -> ParsedFile:
    if known is not None and known.file is file:
        return known
    digest = hashlib.sha256(file.data if file.data is not None else repr(file.problem).encode()).digest()
    if known is not None and known.digest == digest:
        known.file, known.weight = file, weight
        return known
    is_defaults = file.path.rpartition("/")[2].lower() in _DEFAULTS
    form, document = _read_form(file, is_defaults=is_defaults)
    problem = form if isinstance(form, Diagnostic) else None
    return ParsedFile(
        file=file,
        digest=digest,
        weight=weight,
        is_defaults=is_defaults,
        form=None if isinstance(form, Diagnostic) else form,
        problem=problem,
        document=document,
    )


def _read_form(file: SourceFile, *, is_defaults: bool) -> tuple[Form | Diagnostic, Document | None]:
    """Find out what a file holds, or what is wrong with it."""
    try:
        document = parse_file(file)
        if isinstance(document, Diagnostic):
            return document, None
        return read_defaults(document) if is_defaults else read_jobs(document), document
    except Exception as error:  # noqa: BLE001  it concerns this file and no other
        return refuse_bug(error, file.path), None
