"""Turn the periodic jobs of a Prow instance into spec files.

Run it with `python benchmarks/make_prow_specs.py`: it reads prow/periodics.json and writes prow/specs/ anew. A
directory is a group of jobs, a file in it is the jobs of one build cluster, and what they have in common stands in
defaults. README.md says what could not be taken over as it was.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PROW = Path(__file__).parent / "prow"

DEFAULTS = """\
# What all jobs have in common. Prow starts no run of a job while the one before still runs.
workflow: {type: ProwJob}
schedule:
  overlap: skip
"""

NEVER = re.compile(r"\S+ \S+ (30|31) 2 \*")
"""The 30th of February: what Prow jobs that shall only be started by hand are scheduled at."""


def read_periodics() -> list[dict[str, Any]]:
    periodics: list[dict[str, Any]] = json.loads((PROW / "periodics.json").read_text())
    return periodics


def make_files(periodics: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Make the text of every file, by its path below the spec directory."""
    groups: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for job in periodics:
        groups[job["group"]][job["cluster"]].append(job)
    files = {"defaults.yaml": DEFAULTS}
    for group, clusters in groups.items():
        files[f"{group}/defaults.yaml"] = f"owner: {write(group)}\n"
        for cluster, jobs in clusters.items():
            files[f"{group}/{cluster}.yaml"] = make_file(group, cluster, jobs)
    return files


def make_file(group: str, cluster: str, jobs: Sequence[Mapping[str, Any]]) -> str:
    head = [
        "defaults:",
        f"  queue: {write(cluster)}",
        f"  input: {{cluster: {write(cluster)}, group: {write(group)}}}",
        "",
        "jobs:",
    ]
    lines = [line for job in jobs for line in make_job(job)]
    return "\n".join([*head, *lines]) + "\n"


def make_job(job: Mapping[str, Any]) -> Iterator[str]:
    yield f"  - name: {write(job['name'])}"
    if "timeout" in job:
        yield f"    run: {{execution_timeout: {job['timeout']}}}"
    if NEVER.fullmatch(job.get("cron", "")):
        yield "    tags: [by-hand]"
    else:
        yield f"    schedule: {{{', '.join(make_schedule(job))}}}"


def make_schedule(job: Mapping[str, Any]) -> Iterator[str]:
    if "cron" in job:
        yield f"cron: {json.dumps(job['cron'])}"
    else:
        yield f"interval: {job.get('interval') or job['minimum_interval']}"
    if job.get("max_concurrency") == 1:
        yield "overlap: skip"  # as the defaults say, but here Prow's own file says so too


def write(text: str) -> str:
    """Write a text without quotes where YAML lets it be."""
    return text if re.fullmatch(r"[a-z][a-z0-9./-]*[a-z][a-z0-9./-]*", text, re.ASCII) else json.dumps(text)


def main() -> None:
    specs = PROW / "specs"
    shutil.rmtree(specs, ignore_errors=True)
    files = make_files(read_periodics())
    for path, text in files.items():
        (specs / path).parent.mkdir(parents=True, exist_ok=True)
        (specs / path).write_text(text)
    print(f"{len(files)} files below {specs.name}/")


if __name__ == "__main__":
    main()
