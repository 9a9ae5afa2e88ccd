"""What the daemon is shipped with asks for nothing that is not there: options, paths, metrics, files."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import yaml

from jobspec.cli.commands.reconcile import make_routes, reconcile_command
from jobspec.planning.guards import Refusal
from jobspec.reconcile.job_states import Picture, State
from jobspec.reconcile.metrics import Metrics
from jobspec.reconcile.report import Cause, Report, Result
from jobspec.reconcile.watch import Mode, Watch
from jobspec.spec.workspace import load_workspace

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OPTIONS = {option for parameter in reconcile_command.params for option in parameter.opts + parameter.secondary_opts}
ROUTES = {"/livez", "/readyz", "/metrics", "/status"}


def read_manifests(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def find_pod(path: Path) -> dict[str, Any]:
    deployment = next(each for each in read_manifests(path) if each["kind"] == "Deployment")
    return cast("dict[str, Any]", deployment["spec"]["template"])


def find_daemon(path: Path) -> dict[str, Any]:
    containers = find_pod(path)["spec"]["containers"]
    return cast("dict[str, Any]", next(each for each in containers if each["name"] == "jobspec"))


def list_options(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("-")}


def read_unit() -> dict[str, list[str]]:
    unit: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / "jobspec.service").read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            unit.setdefault(key, []).append(value)
    return unit


def test_the_daemon_serves_the_paths_that_are_probed() -> None:
    assert set(make_routes(Mock())) == ROUTES


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_probe_what_is_served(path: Path) -> None:
    daemon, annotations = find_daemon(path), find_pod(path)["metadata"]["annotations"]
    probes = {kind: daemon[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert probes == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    assert annotations["prometheus.io/path"] in ROUTES
    port = annotations["prometheus.io/port"]
    assert daemon["ports"] == [{"name": "http", "containerPort": int(port)}]
    assert f"0.0.0.0:{port}" in daemon["args"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_use_options_that_exist(path: Path) -> None:
    command, *words = find_daemon(path)["args"]
    assert command == "reconcile"
    assert list_options(words) <= OPTIONS


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_lock_every_container(path: Path) -> None:
    pod = find_pod(path)["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_mount_the_directory_that_the_daemon_is_given_whole_and_read_only(path: Path) -> None:
    daemon, volumes = find_daemon(path), find_pod(path)["spec"]["volumes"]
    (mount,) = daemon["volumeMounts"]
    directory = Path(daemon["args"][daemon["args"].index("--directory") + 1])
    assert mount["readOnly"] is True
    assert "subPath" not in mount
    assert directory.is_relative_to(mount["mountPath"])
    assert mount["name"] in {volume["name"] for volume in volumes}


def test_git_sync_makes_the_link_that_the_daemon_is_given() -> None:
    path = DEPLOY / "kubernetes" / "git-sync.yaml"
    pod, daemon = find_pod(path)["spec"], find_daemon(path)
    syncing = [each for each in [*pod["initContainers"], *pod["containers"]] if "git-sync" in each["image"]]
    assert len(syncing) == 2
    for container in syncing:
        values = {variable["name"]: variable.get("value") for variable in container["env"]}
        assert f"{values['GITSYNC_ROOT']}/{values['GITSYNC_LINK']}" in daemon["args"]


# The grammar of an image's name (github.com/distribution/reference), as far as it is used here.
IMAGE = re.compile(r"(?P<name>[a-z0-9./_-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>.+))?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
OWN = "jobspec"
"""The image that users build and push themselves."""


def check_image(image: str) -> None:
    """Somebody else's image has a digest, or a place for one that no runtime takes for a name."""
    found = IMAGE.fullmatch(image)
    assert found
    assert found["tag"] not in (None, "latest")
    digest = found["digest"] or ""
    assert found["name"] == OWN or DIGEST.fullmatch(digest) or re.fullmatch(r"[A-Z_]+_DIGEST", digest), image


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_name_no_image_by_a_tag_alone(path: Path) -> None:
    pod, comment = find_pod(path)["spec"], path.read_text(encoding="utf-8").partition("apiVersion")[0]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        check_image(container["image"])
        image, _, digest = container["image"].partition("@")
        if digest.endswith("_DIGEST"):
            assert f"docker buildx imagetools inspect {image} " in comment
            assert f"s/{digest}/$digest/" in comment


def test_the_image_is_built_on_no_tag_alone() -> None:
    text = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    defaults = dict(re.findall(r"^ARG (\w+)=?(.*)$", text, re.MULTILINE))
    assert defaults["PYTHON_DIGEST"] == ""  # so that a build without one fails
    for base in bases:
        image = base.replace("${PYTHON_DIGEST}", "PYTHON_DIGEST").replace("${PYTHON}", defaults["PYTHON"])
        check_image(image)
        assert f"docker buildx imagetools inspect {image.partition('@')[0]} " in text


def test_the_image_installs_by_hash() -> None:
    text = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert "bash deploy/install.sh /opt/jobspec/bin/python" in text
    assert " pip " not in text


@pytest.mark.parametrize("image", ["python:3.13-slim", "git-sync:v4", "python", "python:latest@sha256:" + "0" * 64])
def test_images_by_a_tag_alone_would_be_found(image: str) -> None:
    with pytest.raises(AssertionError):
        check_image(image)


def test_the_config_map_is_a_project(tmp_path: Path) -> None:
    (data,) = [
        each["data"] for each in read_manifests(DEPLOY / "kubernetes" / "configmap.yaml") if each["kind"] == "ConfigMap"
    ]
    for name, text in data.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert load_workspace(tmp_path).roots == (tmp_path,)


def test_the_unit_uses_options_that_exist() -> None:
    (start,) = read_unit()["ExecStart"]
    program, command, *words = start.split()
    assert (Path(program).name, command) == ("jobspec", "reconcile")
    assert list_options(words) <= OPTIONS


def test_the_unit_names_only_variables_that_it_or_its_environment_file_sets() -> None:
    unit = read_unit()
    used = set(re.findall(r"\$\{?([A-Z_]+)", "".join(unit["ExecStart"])))
    shipped = (DEPLOY / "systemd" / "jobspec.env").read_text(encoding="utf-8")
    assert used == {"JOBSPEC_DIRECTORY", "JOBSPEC_HTTP", "JOBSPEC_OPTIONS"}
    assert used <= set(re.findall(r"^([A-Z_]+)=", shipped, re.MULTILINE))


def test_the_unit_reloads_stops_and_is_watched_as_the_daemon_does_it() -> None:
    unit = read_unit()
    assert unit["Type"] == ["notify"]
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit["WatchdogSec"] == ["2min"]
    assert unit["TimeoutStopSec"] == ["15s"]  # the daemon takes ten at most


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program
    text = (DEPLOY / "systemd" / "jobspec.service").read_text(encoding="utf-8")
    unit = tmp_path / "jobspec.service"
    unit.write_text(text.replace("/opt/jobspec/bin/jobspec", program), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "jobspec.service" in line]
    assert (done.returncode, complaints) == (0, [])


def render_samples() -> str:
    """Show what a daemon does once everything has happened."""
    metrics = Metrics("1")
    refusals = (Refusal(guard="empty", message="", override=""),)
    report = Report(trigger=Mock(), started_at=datetime.now(UTC), planned=Mock(refusals=refusals))
    metrics.count_cycle(report, Picture())
    watch = cast("Watch", Mock(mode=Mode.EVENTS, missed=0))
    return metrics.render(watch=watch, oldest=0.0).decode()


def list_samples() -> set[str]:
    """Name all series of it."""
    text = render_samples()
    return set(re.findall(r"^(jobspec_\w+)", text, re.MULTILINE)) | {
        f"{name.removesuffix('_total')}_total" for name in re.findall(r"^# TYPE (\w+) counter", text, re.MULTILINE)
    }


def list_rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule["alert"])
def test_alerts_ask_for_figures_that_exist(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\bjobspec_\w+", rule["expr"]))
    assert named
    assert named <= list_samples()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [(("check", "rules", str(DEPLOY / "prometheus" / "alerts.yaml")), ""), (("check", "metrics"), render_samples())],
    ids=["rules", "metrics"],
)
def test_prometheus_understands_rules_and_metrics(arguments: tuple[str, ...], text: str) -> None:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


LABELS = {
    "state": {each.value for each in State},
    "result": {each.value for each in Result},
    "cause": {each.value for each in Cause},
    "mode": {each.value for each in Mode},
}


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule["alert"])
def test_alerts_ask_for_labels_that_exist(rule: dict[str, Any]) -> None:
    for label, values in re.findall(r'(\w+)=~?"([^"]*)"', rule["expr"]):
        assert set(values.split("|")) <= LABELS[label]


def test_every_alert_is_explained_to_operators() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in list_rules() if f"`{rule['alert']}`" not in page] == []


def test_the_image_copies_what_is_there_and_runs_as_nobody() -> None:
    text = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
    sources = [word for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    allowed = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{source}" for source in sources} <= set(allowed)
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    command = yaml.safe_load(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[-1])
    assert command[0] == "reconcile"
    assert list_options(command) <= OPTIONS


@pytest.mark.parametrize(("status", "code"), [("200 OK", 0), ("503 Service Unavailable", 1)])
async def test_the_image_is_healthy_as_livez_says(status: str, code: int) -> None:
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        text = (DEPLOY / "docker" / "Dockerfile").read_text(encoding="utf-8")
        program, *words = yaml.safe_load(re.findall(r"^ +CMD (\[.*\])$", text, re.MULTILINE)[0])
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            shutil.which(program) or program,
            *(word.replace("8080", str(port)) for word in words),
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await process.wait() == code
    assert asked == [b"GET /livez HTTP/1.1\r\n"]
