from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jobspec import Definition, Registry

TOUR = (Path(__file__).parents[2] / "examples" / "tour.py").read_text(encoding="utf-8")


def find_root(node: ast.expr) -> str:
    """Name the variable that a chain of calls and attributes begins with."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(("kind", "variables"), [(Definition, {"job", "Definition"}), (Registry, {"shop", "registry"})])
def test_the_tour_uses_every_method_once(kind: type, variables: set[str]) -> None:
    calls = [node.func for node in ast.walk(ast.parse(TOUR)) if isinstance(node, ast.Call)]
    called = [call.attr for call in calls if isinstance(call, ast.Attribute) and find_root(call.value) in variables]
    methods = [name for name, value in vars(kind).items() if callable(value) or isinstance(value, classmethod)]
    public = sorted(name for name in methods if not name.startswith("_"))
    assert len(public) > 5
    assert sorted(name for name in called if name in public) == public


def test_the_tour_is_short() -> None:
    assert len(TOUR.splitlines()) <= 40
