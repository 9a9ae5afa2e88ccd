"""Looks pinned packages up in a database of known vulnerabilities: `python deploy/audit.py REQUIREMENTS`.

Ends with 1 if there is a known vulnerability. Where no database answers, or not in time, it says so and ends with 0, so
that checks pass without a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

LIMIT = 30.0
"""Seconds for all packages; one request each."""

OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner=off", "--timeout=5", "--format=json")


def audit(requirements: str, *options: str, limit: float = LIMIT) -> tuple[int, str]:
    """Look up all packages of a requirements file.

    Args:
        requirements: The file; each package is pinned.
        options: More options of pip-audit, such as another database.
        limit: Seconds that it may take.

    Returns:
        The exit code, and what to say.
    """
    program = str(Path(sys.executable).with_name("pip-audit"))
    command = [program, "--requirement", requirements, *OPTIONS, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)  # noqa: S603
    except subprocess.TimeoutExpired:
        return 0, f"Audit skipped: no answer within {limit:g} s."
    with suppress(ValueError):
        return judge(json.loads(done.stdout)["dependencies"])
    lines = done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode}"]
    return 0, f"Audit skipped: {lines[-1]}"


def judge(packages: list[dict[str, Any]]) -> tuple[int, str]:
    """Say what an audit found.

    Args:
        packages: `dependencies` of pip-audit's JSON.

    Returns:
        The exit code, and what to say.
    """
    known = [each for each in packages if "vulns" in each]
    found = [
        f"{each['name']} {each['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version'}"
        for each in known
        for flaw in each["vulns"]
    ]
    if found:
        return 1, "\n".join(["Known vulnerabilities:", *found])
    if not known:
        return 0, "Audit skipped: the database knows none of the packages, so it was not reached."
    return 0, f"Audit: no known vulnerabilities in {len(known)} of {len(packages)} packages; the others are not known."


if __name__ == "__main__":
    code, text = audit(*sys.argv[1:])
    sys.stdout.write(f"{text}\n")
    sys.exit(code)
