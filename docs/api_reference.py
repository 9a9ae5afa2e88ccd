"""`docs/api.md`: every public name, from signatures and docstrings.

Run as a program, this writes the page: `python docs/api_reference.py docs/api.md`. The source is read, not run, except
for the types of a spec's fields, which pydantic knows better. What mentions types that the page does not tell, such as
a registry's `origin`, is the library's own business and left out.
"""

from __future__ import annotations

import re
import sys
import types
import typing
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

import griffe

import jobspec

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

SECTIONS: Final = (
    ("Jobs", ("library.definition", "library.job_runs", "library.registry")),
    (
        "From files to Temporal",
        ("library.project_registry", "library.rollout", "planning.planner", "library.job_status"),
    ),
    ("Workers", ("library.collector", "library.workers")),
    ("Results: runs and schedules", ("results",)),
    ("Parts of a job", ("spec.model", "spec.schedule", "spec.calendars", "spec.run_options")),
    ("Errors", ("errors",)),
)
"""Headings, and the modules whose public names stand below them, in the order of the source."""

GIVEN: Final = (
    "planning.plan.Plan",
    "planning.plan.Change",
    "planning.plan.Action",
    "planning.plan.Reason",
    "planning.diff.FieldChange",
    "planning.diff.Absence",
    "planning.plan.Held",
    "planning.plan.HeldReason",
    "planning.plan.Source",
    "planning.guards.Refusal",
    "diagnostics.Diagnostic",
    "diagnostics.Severity",
    "diagnostics.Location",
    "diagnostics.Related",
)
"""Classes that are given but need not be imported; they stand in a section of their own, without their methods."""

INTRODUCTION: Final = """\
# Python API reference

This page lists every public name of the library, generated from the source; the [guide](library.md) shows how they work
together. Import all of them from `jobspec`. Arguments after `*` are keyword-only. Values are frozen. Times are
timezone-aware and in UTC. All methods use the data converter and interceptors of the client that you pass. Everything
that contacts the server can also raise [UnreachableError](#unreachableerror),
[NamespaceNotFoundError](#namespacenotfounderror) and [RequestError](#requesterror)."""

REMARKS: Final = {
    "Parts of a job": "The fields have the names of the keys in a spec file; see the [file format](file-format.md).",
    "Plans and diagnostics": "Returned by `plan` and `load`; you need not import these classes.",
}

WIDTH: Final = 100
"""Signatures that are longer are written one parameter a line."""


class UnplacedError(Exception):
    """A public name is in no section of the page."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The package as read, and what of it the page tells."""

    package: griffe.Module

    @cached_property
    def public(self) -> tuple[griffe.Object, ...]:
        """What the public names stand for."""
        return tuple(self.find(f"jobspec.{home}.{name}") for home, name in _list_public_names())

    @cached_property
    def given(self) -> tuple[griffe.Object, ...]:
        """Classes that are told although they are not public."""
        return tuple(self.find(f"jobspec.{path}") for path in GIVEN)

    @cached_property
    def told(self) -> frozenset[str]:
        """Paths of all that the page tells."""
        return frozenset(each.path for each in (*self.public, *self.given))

    def find(self, path: str) -> griffe.Object:
        """Give what stands at a path, wherever it was written."""
        found = self.package[path.removeprefix("jobspec.")]
        return found.final_target if isinstance(found, griffe.Alias) else found

    def tells(self, annotation: str | griffe.Expr | None) -> bool:
        """Whether a type mentions no class of ours that the page leaves out."""
        if annotation is None or isinstance(annotation, str):
            return True
        names = (each for each in annotation.iterate(flat=True) if isinstance(each, griffe.ExprName))
        paths = (each.canonical_path for each in names if not each.canonical_path.endswith((".Unset", ".UNSET")))
        ours = (self.find(path) for path in paths if path.startswith("jobspec."))
        return all(each.path in self.told for each in ours if each.is_class)


def _list_public_names() -> Iterator[tuple[str, str]]:
    for home, names in jobspec._HOMES.items():  # noqa: SLF001  there is no other list of them
        yield from ((home.removeprefix("jobspec."), name) for name in names)


def render_page() -> str:
    """Write the page.

    Raises:
        UnplacedError: A public name is in no section.
    """
    root = Path(jobspec.__file__).parents[1]
    package = griffe.load("jobspec", search_paths=[root], docstring_parser="google", submodules=True)
    source = Source(package=typing.cast("griffe.Module", package))
    sections = [(title, _place(source, modules)) for title, modules in SECTIONS]
    if missing := {each.path for each in source.public} - {each.path for _, told in sections for each in told}:
        raise UnplacedError(f"no section of the page has {', '.join(sorted(missing))}")
    sections[-1:-1] = [("Plans and diagnostics", source.given)]
    blocks = [INTRODUCTION, "\n".join(f"- {title}: {', '.join(map(_link, told))}" for title, told in sections)]
    for title, told in sections:
        blocks += [f"## {title}", REMARKS.get(title, ""), *([_draw_errors(source)] if title == "Errors" else [])]
        blocks += [block for each in told for block in _tell(source, each)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _place(source: Source, modules: Sequence[str]) -> Sequence[griffe.Object]:
    paths = [f"jobspec.{module}" for module in modules]
    placed = [each for each in source.public if each.module.path in paths]
    return sorted(placed, key=lambda each: (paths.index(each.module.path), each.lineno or 0))


def _draw_errors(source: Source) -> str:
    docstring = source.find("jobspec.errors").docstring
    drawn = docstring.value.partition("::\n")[2] if docstring else ""
    return f"```text\n{dedent(drawn).strip()}\n```\n\nThe exit codes are those of the commands."


def _tell(source: Source, told: griffe.Object) -> Iterator[str]:
    yield f"### {told.name}"
    if isinstance(told, griffe.Function):
        yield from _tell_function(source, told)
    elif isinstance(told, griffe.Class):
        yield from _tell_error(source, told) if _is_error(told) else _tell_class(source, told)


def _tell_function(source: Source, function: griffe.Function) -> Iterator[str]:
    parameters = _list_parameters(source, function)
    prefix = "await " if function.has_labels("async") else ""
    returns = "" if str(function.returns) in ("None", "") else f" -> {function.returns}"
    yield _write_signature(f"{prefix}{function.name}", parameters, returns)
    yield from _tell_docstring(function, {each.name for each in parameters})


def _tell_class(source: Source, told: griffe.Class) -> Iterator[str]:
    parameters: Sequence[griffe.Parameter] = ()
    maker = told.members.get("__init__")
    if maker and not told.has_labels("dataclass"):
        parameters = _list_parameters(source, maker)
        yield _write_signature(told.name, parameters)
    yield from _tell_docstring(told, {each.name for each in parameters})
    yield _tabulate(source, told)
    if not _is_spec(told) and told not in source.given:
        for method in told.members.values():
            if isinstance(method, griffe.Function) and not method.name.startswith("_"):
                yield f"#### {told.name}.{method.name}"
                yield from _tell_function(source, method)


def _list_parameters(source: Source, function: Any) -> Sequence[griffe.Parameter]:
    if not isinstance(function, griffe.Function):
        return ()
    return [each for each in function.parameters if source.tells(each.annotation) and each.name not in ("self", "cls")]


def _tell_error(source: Source, told: griffe.Class) -> Iterator[str]:
    above = [str(base) for base in told.bases if f"jobspec.errors.{base}" in source.told]
    if above != ["JobspecError"]:
        yield from (f"A kind of {_link(base)}." for base in above)
    held = _list_parameters(source, told.members.get("__init__"))
    yield from _tell_docstring(told, {each.name for each in held} - {"message"})


def _is_error(told: griffe.Class) -> bool:
    return told.module.path == "jobspec.errors"


def _is_spec(told: griffe.Class) -> bool:
    return "SpecPart" in map(str, told.bases)


def _write_signature(name: str, parameters: Iterable[griffe.Parameter], returns: str = "") -> str:
    written = list(_write_parameters(parameters))
    line = f"{name}({', '.join(written)}){returns}"
    if len(line) > WIDTH:
        line = f"{name}(\n" + "".join(f"    {each},\n" for each in written) + f"){returns}"
    return f"```python\n{line}\n```"


def _write_parameters(parameters: Iterable[griffe.Parameter]) -> Iterator[str]:
    has_star = False
    for each in parameters:
        star = "*" if each.kind is griffe.ParameterKind.var_positional else ""
        is_named = each.kind is griffe.ParameterKind.keyword_only
        if is_named and not has_star:
            yield "*"
        has_star = has_star or is_named or bool(star)
        default = "" if each.default is None or star else f" = {each.default}"
        annotation = str(each.annotation).replace(" | Literal[Unset.UNSET]", "")
        yield f"{star}{each.name}: {annotation}{default.replace('UNSET', '...')}"


def _tell_docstring(told: griffe.Object, parameters: Container[str]) -> Iterator[str]:
    parsed = _parse(told)
    yield _mark_down(parsed.get("text", ""))
    listed = [each for each in parsed.get("parameters", ()) if each.name in parameters]
    yield "\n".join(f"- `{each.name}`: {_flow(each.description)}" for each in listed)
    returned = " ".join(_flow(each.description) for each in parsed.get("returns", ()))
    yield f"Returns: {returned}" if returned else ""
    raised = "\n".join(
        f"- {_link(str(each.annotation))}: {_flow(each.description)}" for each in parsed.get("raises", ())
    )
    yield f"Raises:\n\n{raised}" if raised else ""


def _parse(told: griffe.Object) -> Mapping[str, Any]:
    return {section.kind.value: section.value for section in told.docstring.parsed} if told.docstring else {}


def _tabulate(source: Source, told: griffe.Class) -> str:
    """Tell fields and properties as a table; of an enumeration its values."""
    fields = [
        each
        for each in told.members.values()
        if isinstance(each, griffe.Attribute) and not each.name.startswith("_") and source.tells(each.annotation)
    ]
    if any(str(base).endswith("Enum") for base in told.bases):
        values = ", ".join(f"`{each.name}` = `{each.value}`" for each in fields if not each.has_labels("property"))
        fields = [each for each in fields if each.has_labels("property")]
        return "\n\n".join(filter(None, [f"Values: {values}.", _make_table(told, fields)]))
    return _make_table(told, fields)


def _make_table(told: griffe.Class, fields: Iterable[griffe.Attribute]) -> str:
    meanings = {each.name: each.description for each in _parse(told).get("attributes", ())}
    resolved = _resolve_types(told) if _is_spec(told) else {}
    rows = []
    for each in fields:
        meaning = meanings.get(each.name) or _parse(each).get("text", "")
        kind = resolved.get(each.name) or str(each.annotation)
        cells = (f"`{each.name}`", f"`{kind}`", _flow(meaning))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(["| attribute | type | meaning |", "| --- | --- | --- |", *rows]) if rows else ""


def _resolve_types(told: griffe.Class) -> Mapping[str, str]:
    """Say what a spec's fields keep, without what validates it."""
    hints = typing.get_type_hints(getattr(import_module(told.module.path), told.name))
    return {name: _write_type(hint) for name, hint in hints.items()}


def _write_type(hint: Any) -> str:
    origin, parts = typing.get_origin(hint), [_write_type(part) for part in typing.get_args(hint)]
    if origin in (typing.Union, types.UnionType):
        return " | ".join(parts)
    if origin is not None:
        return f"{origin.__name__ if isinstance(origin, type) else 'Literal'}[{', '.join(parts)}]"
    if hint is types.NoneType:
        return "None"
    return "..." if hint is ... else getattr(hint, "__name__", None) or repr(hint)


def _link(told: griffe.Object | str) -> str:
    name = told if isinstance(told, str) else told.name
    return f"[{name}](#{name.lower()})"


def _flow(text: str) -> str:
    return " ".join(_mark_down(text).split())


def _mark_down(text: str) -> str:
    """Turn what a docstring has of reStructuredText, roles and literal blocks, into Markdown."""
    plain = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return re.sub(
        r"::\n\n((?: {4}.*(?:\n|$)|\n)+)",
        lambda match: f":\n\n```python\n{dedent(match[1]).strip()}\n```\n\n",
        plain,
    ).strip()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_page(), encoding="utf-8")
