"""Writes what `deploy/install.sh` installs: exact versions, with the hashes of all their files."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = "# Written by `make lock` from pyproject.toml and constraints.txt; do not edit.\n"
OPTIONS = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-annotate", "--no-header", "--quiet")


def lock(requirements: list[str]) -> str:
    """Resolve requirements, and theirs, by the constraints.

    Args:
        requirements: As they stand in pyproject.toml.

    Returns:
        A requirements file for every platform and every Python that jobspec supports.
    """
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", "-", "--constraint", ROOT / "constraints.txt"]
    text = "\n".join(requirements)
    return subprocess.run([*command, *OPTIONS], input=text, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


def main() -> None:
    """Write both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name, requirements in {
        "requirements.txt": project["project"]["dependencies"],
        "build-requirements.txt": project["build-system"]["requires"],
    }.items():
        (ROOT / "deploy" / name).write_text(HEADER + lock(requirements), encoding="utf-8")


if __name__ == "__main__":
    main()
