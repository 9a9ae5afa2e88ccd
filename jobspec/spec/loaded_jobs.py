"""What loading yields: jobs that know where each of their values was written, and all that could not be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jobspec.diagnostics import Related
from jobspec.spec.findings import Finding
from jobspec.spec.merge import merge, origin, trace
from jobspec.spec.redaction import NOTHING_REDACTED, Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.diagnostics import Diagnostic, Location
    from jobspec.spec.document import Document
    from jobspec.spec.ignores import Ignore
    from jobspec.spec.input_schema import InputSchema
    from jobspec.spec.job_layers import Layer
    from jobspec.spec.model import JobSpec
    from jobspec.spec.positions import ValuePath
    from jobspec.spec.validation import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuePlace:
    """Where a value of a job was written.

    Attributes:
        layer: The mapping it stands in: the job itself, or defaults that it inherits.
        path: The way to it in that mapping.
    """

    layer: Layer
    path: ValuePath

    @property
    def location(self) -> Location:
        """The place in the file; looking it up scans the file."""
        return self.layer.locate(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A valid job and where it comes from.

    Attributes:
        spec: The job, complete.
        layers: What it was merged from, the job itself last.
        env: The environment it was merged for.
        schema: What its `input_schema` names, read; None without one, or where that cannot be used.
    """

    spec: JobSpec
    layers: tuple[Layer, ...]
    env: str | None = None
    schema: InputSchema | None = None

    @property
    def path(self) -> str:
        """The name of its file, to show."""
        return self.layers[-1].document.path

    @property
    def location(self) -> Location:
        """The place where the job begins; looking it up scans the file."""
        return self.layers[-1].locate(())

    @property
    def line(self) -> int:
        """The line on which the job begins; looking it up scans the file, but no text is copied."""
        return self.layers[-1].find_line(())

    @property
    def merged(self) -> dict[str, Any]:
        """Its values as they were written, defaults and the environment merged in; for reading only."""
        return merge(self._values, self.env) or {}

    @property
    def _values(self) -> list[Any]:
        return [layer.value for layer in self.layers]

    def origin(self, path: ValuePath) -> ValuePlace:
        """Find what set the value at a path, or else the nearest value around it."""
        return find_place(self.layers, path, self.env)

    def locate(self, path: ValuePath, *, key: bool = False) -> Location:
        """Find the place in a file of the value at a path, or of its key."""
        place = self.origin(path)
        return place.layer.locate(place.path, key=key)

    def trace(self) -> dict[ValuePath, ValuePlace]:
        """Find the origin of each value of the merged job, in its order."""
        found = trace(self._values, self.env)
        return {path: ValuePlace(layer=self.layers[place.layer], path=place.path) for path, place in found.items()}

    def find(self, problem: Problem) -> Finding:
        """Lead a problem whose path is that of the merged job to the text that has it."""
        return make_finding(self.layers, self.env, problem)


def find_place(layers: tuple[Layer, ...], path: ValuePath, env: str | None) -> ValuePlace:
    """Find the layer that set the value at a path of the job that the layers make."""
    found = origin([layer.value for layer in layers], path, env)
    return ValuePlace(layer=layers[found.layer], path=found.path)


def make_finding(layers: tuple[Layer, ...], env: str | None, problem: Problem) -> Finding:
    """Move a problem of a merged job to the layer that has it.

    Of two values that do not fit each other the one is to blame that was laid over the other.
    """
    place = find_place(layers, problem.path, env)
    if problem.other is None:
        return Finding(layer=place.layer, problem=replace(problem, path=place.path), job=layers[-1])
    other, name = find_place(layers, problem.other, env), problem.other[-1]
    if _rank(layers, other) > _rank(layers, place):
        place, other, name = other, place, problem.path[-1]
    related = Related(message=f"`{name}` is set here", location=other.layer.locate(other.path, key=problem.on_key))
    is_inherited = problem.code == "JS120" and other.layer is not place.layer
    hint = f"write `{name}: null` beside it to unset what is inherited" if is_inherited else problem.hint
    moved = replace(problem, path=place.path, hint=hint, other=None)
    return Finding(layer=place.layer, problem=moved, job=layers[-1], related=(related,))


def _rank(layers: tuple[Layer, ...], place: ValuePlace) -> tuple[bool, int]:
    """Tell how late a place counts: layers in order, and then their parts for the environment."""
    index = next(index for index, layer in enumerate(layers) if layer is place.layer)
    return place.path[:1] == ("env",), index


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All jobs of some spec roots in one environment, and what is wrong with them.

    Attributes:
        jobs: The valid jobs that are there in this environment, in name order.
        frozen: Names of jobs that could not be judged; what is live under them must not be touched.
        absent: Names of jobs that are not there in this environment.
        diagnostics: All mistakes and warnings, in the order of files and lines.
        incomplete: Whether anything is wrong, so that jobs may exist of which nothing is known: nothing may be pruned.
        missing_roots: Spec roots that do not exist.
        empty_roots: Spec roots that exist and hold no job at all, not even a broken one.
        environments: The environments that anything read here names.
        fingerprint: Equal for two loads that read the same text for the same environment.
        documents: The files that could be read.
        ignores: The comments that ignored a warning.
        redaction: What must not be shown of the jobs; the diagnostics show none of it.
    """

    jobs: Mapping[str, Job]
    frozen: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    incomplete: bool = False
    missing_roots: tuple[str, ...] = ()
    empty_roots: tuple[str, ...] = ()
    environments: frozenset[str] = frozenset()
    fingerprint: str = ""
    documents: tuple[Document, ...] = ()
    ignores: frozenset[Ignore] = frozenset()
    redaction: Redaction = NOTHING_REDACTED

    @property
    def is_empty(self) -> bool:
        """Whether a root is missing or without jobs, which is rarely meant and would remove them all."""
        return bool(self.missing_roots or self.empty_roots)
