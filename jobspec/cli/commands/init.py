"""`init`: a new project, or a namespace made ready."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Final

import click

from jobspec.cli.exits import ExitCode
from jobspec.cli.output import put, say
from jobspec.errors import RefusedError, UsageError

_SILENT_SECONDS: Final = 5.0
"""How long nothing is said while a namespace is prepared."""


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option(
    "--project", "project_id", metavar="ID", help="The project's permanent id; default: the directory's name."
)
@click.option("--namespace", metavar="NAME", help="Prepare this namespace instead; writes no files.")
@click.option("--address", metavar="HOST:PORT", help="Temporal server, with --namespace.")
@click.option("--profile", metavar="NAME", help="Profile of Temporal's own temporal.toml, with --namespace.")
def init_command(
    directory: Path, project_id: str | None, namespace: str | None, address: str | None, profile: str | None
) -> int:
    """Write a new project, or prepare a namespace.

    Without options, writes jobspec.toml, one job with its workflow, and the schema for editors; nothing that exists is
    overwritten. With --namespace, registers the search attribute JobspecProject there, which makes ownership marks
    cheap to list and possible to change.
    """
    if namespace:
        if project_id or directory != Path():
            raise UsageError(
                "--namespace prepares a namespace and writes no files: leave out the directory and --project"
            )
        return asyncio.run(_prepare_namespace(namespace, address, profile))
    if address or profile:
        raise UsageError("--address and --profile go with --namespace")
    return _write_project(directory, project_id)


async def _prepare_namespace(namespace: str, address: str | None, profile: str | None) -> int:
    from temporalio.converter import DataConverter

    from jobspec.temporal.connection import check_namespace, connect
    from jobspec.temporal.schedules.gateway import Schedules

    client = await connect(profile=profile, address=address, namespace=namespace, data_converter=DataConverter.default)
    await check_namespace(client)
    registering = asyncio.create_task(Schedules(client).attribute.register())
    done, _ = await asyncio.wait([registering], timeout=_SILENT_SECONDS)
    if not done:
        say("Still waiting until the server can use the search attribute JobspecProject; this may take a minute.")
    when = "now" if await registering else "already"
    put(f"The namespace `{namespace}` is ready: the search attribute JobspecProject is registered {when}.")
    return ExitCode.OK


def _write_project(directory: Path, project_id: str | None) -> int:
    from jobspec.cli.output_file import create_files
    from jobspec.render.schemas import render_schema
    from jobspec.spec.project import ID_PATTERN

    chosen = project_id or _suggest_id(directory)
    if not re.fullmatch(ID_PATTERN, chosen, re.ASCII):
        raise UsageError(
            f"`{chosen}` is no project id; give one of lower-case letters, digits and . _ - with --project"
        )
    files = {
        "jobspec.toml": _PROJECT.format(project=chosen),
        "specs/hello.yaml": _SPEC,
        "hello.py": _WORKFLOW,
        "schemas/job.schema.json": render_schema("job"),
        "schemas/project.schema.json": render_schema("project"),
    }
    present = [name for name in files if os.path.lexists(directory / name)]
    if present:
        raise RefusedError(f"nothing was written: `{directory / present[0]}` exists already")
    create_files(directory, files)
    for name in files:
        put(f"wrote {directory / name}")
    put("Next: `jobspec validate`, then `jobspec dev` to see it run.")
    return ExitCode.OK


def _suggest_id(directory: Path) -> str:
    name = directory.resolve().name.lower()
    return re.sub(r"[^a-z0-9._-]+", "-", name, flags=re.ASCII).strip("-._")[:63] or "project"


_PROJECT = """\
#:schema schemas/project.schema.json
project = "{project}"     # permanent id: marks the schedules that belong to these files
specs = ["specs"]
"""

_SPEC = """\
# yaml-language-server: $schema=../schemas/job.schema.json
name: hello
description: Says hello, so that there is something to see
queue: hello
workflow: hello:Hello
input: {name: world}
run:
  execution_timeout: 1m
schedule:
  interval: 30s
"""

_WORKFLOW = '''\
"""The workflow of specs/hello.yaml."""

from pydantic import BaseModel
from temporalio import workflow


class Greeting(BaseModel):
    name: str


@workflow.defn
class Hello:
    @workflow.run
    async def run(self, greeting: Greeting) -> str:
        return f"Hello, {greeting.name}!"
'''
