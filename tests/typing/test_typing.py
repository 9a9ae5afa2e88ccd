"""The public names carry their types to users: mypy and pyright, both strict and without any plug-in, agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def run(*arguments: str | Path) -> str:
    return subprocess.run(
        [BIN / arguments[0], *arguments[1:]], capture_output=True, text=True, check=False, cwd=HERE.parent.parent
    ).stdout


def run_mypy(file: Path, cache: Path) -> str:
    return run("mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary", file)


def run_pyright(file: Path, directory: Path) -> set[int]:
    """Give the lines that pyright refuses; it knows no option for strictness but a project file."""
    settings = {"include": [str(file)], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    project = directory / "pyrightconfig.json"
    project.write_text(json.dumps(settings))
    answer = json.loads(run("basedpyright", "--outputjson", "--pythonpath", sys.executable, "--project", project))
    assert answer["summary"]["filesAnalyzed"] == 1
    return {each["range"]["start"]["line"] + 1 for each in answer["generalDiagnostics"]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_mypy_takes_every_use_and_refuses_every_misuse(cache: Path) -> None:
    assert run_mypy(HERE / "uses.py", cache) == ""
    said = run_mypy(HERE / "misuses.py", cache)
    lines = (HERE / "misuses.py").read_text().splitlines()
    refused = {index: line.partition("# refused: ")[2] for index, line in enumerate(lines, 1) if "# refused: " in line}
    assert all(f"misuses.py:{index}: error:" in said and f"[{kind}]" in said for index, kind in refused.items())
    assert len(refused) == said.count(": error:")


def test_pyright_takes_every_use_and_refuses_every_misuse(tmp_path: Path) -> None:
    assert run_pyright(HERE / "uses.py", tmp_path) == set()
    lines = (HERE / "misuses.py").read_text().splitlines()
    refused = {index for index, line in enumerate(lines, 1) if "# refused: " in line}
    assert run_pyright(HERE / "misuses.py", tmp_path) == refused
