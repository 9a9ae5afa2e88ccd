"""The daemon as its manifest runs it: without rights, where nothing can be written, beside a mounted ConfigMap."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from dev_servers import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects import Project

MANIFEST = Path(__file__).parents[2] / "deploy" / "kubernetes" / "configmap.yaml"
LOCKED = (
    *("unshare", "--mount", "sh", "-c", 'mount -o remount,bind,ro / && exec "$@"', "sh"),
    *("setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"),
    *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
)
"""Runs a command as nobody in particular and on a file system that can only be read, as a container's is."""


def can_lock() -> bool:
    """Whether this process may do that, which takes root's rights, and Python is where others may read it."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        return False
    command = [*LOCKED, sys.executable, "-c", "import jobspec"]
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0


@pytest.fixture
def mount() -> Iterator[Path]:
    """A directory that everybody may read, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def put_config_map(mount: Path, version: str, data: dict[str, str]) -> None:
    """Write files as the kubelet does: beside the last ones, then one link is swapped."""
    place = mount / f"..{version}"
    place.mkdir()
    for name, text in data.items():
        (place / name).write_text(text, encoding="utf-8")
        if not (mount / name).is_symlink():
            (mount / name).symlink_to(f"..data/{name}")
    (mount / "..data_tmp").symlink_to(place.name)
    (mount / "..data_tmp").replace(mount / "..data")


async def read_port(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    async for line in process.stderr:
        if b"serving on" in line:
            return line.decode().partition("http://")[2].split('"')[0].strip()
    raise AssertionError("the daemon ended before it served")


async def get(url: str) -> int:
    def ask() -> int:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own daemon
            status: int = answer.status
            return status

    try:
        return await asyncio.to_thread(ask)
    except OSError as error:
        raise AssertionError(str(error)) from error


@pytest.mark.parametrize("server", ["workflow"], indirect=True)
async def test_the_manifest_s_daemon_follows_its_config_map_without_rights(project: Project, mount: Path) -> None:
    documents = list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
    data, pod = documents[0]["data"], documents[1]["spec"]["template"]["spec"]
    put_config_map(mount, "1", data)
    words = [str(mount) if word == "/project" else word for word in pod["containers"][0]["args"]]
    words = ["127.0.0.1:0" if word == "0.0.0.0:8080" else word for word in words]
    environment = project.make_environment({"HOME": "/nonexistent", "XDG_CONFIG_HOME": None})
    process = await asyncio.create_subprocess_exec(
        *(*(LOCKED if can_lock() else ()), sys.executable, "-P", "-m", "jobspec", *words),
        env=environment,
        cwd="/",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        address = await read_port(process)
        assert await eventually(lambda: get(f"http://{address}/readyz"), within=30) == 200
        assert (await project.describe("orders-sync")).schedule.spec.jitter.seconds == 30

        put_config_map(mount, "2", {**data, "orders.yaml": data["orders.yaml"].replace("30s", "45s")})

        async def followed() -> None:
            assert (await project.describe("orders-sync")).schedule.spec.jitter.seconds == 45

        await eventually(followed, within=30)
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0
