"""What jobspec is installed from is pinned by hash, and nothing else gets into an installation."""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pip
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
LOCKS = ("requirements.txt", "build-requirements.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read_lock(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Read requirements with hashes, by name."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    entries = [entry for entry in re.sub(r"\\\n\s*", "", text).splitlines() if not entry.startswith("#")]
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for entry in entries:
        words, *hashes = entry.split("--hash=")
        requirement = Requirement(words)
        found[canonicalize_name(requirement.name)] = requirement, [each.strip() for each in hashes]
    return found


def read_constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in pins}


def close_over(requirements: list[str]) -> set[str]:
    """Name all that requirements need, as the packages say that are installed here."""
    names: set[str] = set()
    rest = [Requirement(each) for each in requirements]
    while rest:
        requirement = rest.pop()
        name = canonicalize_name(requirement.name)
        if name in names or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        names.add(name)
        rest += [Requirement(each) for each in requires(name) or ()]
    return names


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_hash_to_the_version_that_is_tested(name: str) -> None:
    constraints = read_constraints()
    for package, (requirement, hashes) in read_lock(name).items():
        assert str(requirement.specifier) == f"=={constraints[package]}", "run `make lock`"
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)


def test_all_that_jobspec_needs_is_pinned() -> None:
    assert close_over(PROJECT["project"]["dependencies"]) <= read_lock("requirements.txt").keys(), "run `make lock`"
    build = [Requirement(each) for each in PROJECT["build-system"]["requires"]]
    for requirement in build:
        assert canonicalize_name(requirement.name) in read_lock("build-requirements.txt"), "run `make lock`"
        operators = {each.operator for each in requirement.specifier}
        assert operators & {"<", "~=", "=="}, f"the next major version of {requirement.name} may build something else"


@pytest.mark.parametrize("name", [*LOCKS, "../constraints.txt"])
def test_no_file_of_pins_names_a_place_to_download_from(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|index-url|find-links|@", text)


def test_every_constraint_is_a_pin() -> None:
    assert all(re.fullmatch(r"[\w.]+", version) for version in read_constraints().values())


def make_wheel(directory: Path, name: str, version: str, files: dict[str, str], *needs: str) -> Path:
    """Make a wheel by hand."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    contents = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in contents.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*contents, f"{info}/RECORD"]))
    return path


BACKEND = """
import os, shutil
from pathlib import Path

NAME = "temporal_jobspec-1.0-py3-none-any.whl"

def build_wheel(directory, settings=None, metadata=None):
    shutil.copy({wheel!r}, directory)
    return NAME
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout like ours, whose build and whose jobspec need packages of an index of the test's own."""
    checkout, index = tmp_path / "checkout", tmp_path / "index"
    (checkout / "deploy").mkdir(parents=True)
    index.mkdir()
    shutil.copy(DEPLOY / "install.sh", checkout / "deploy")
    (checkout / "pyproject.toml").write_text('[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n')
    ours = make_wheel(tmp_path, "temporal_jobspec", "1.0", {"jobspec.py": "commit = 1"}, "dependency>=1", "another")
    backend = BACKEND.format(wheel=str(ours))
    for lock, wheels in {
        "build-requirements.txt": [make_wheel(index, "backend", "1.0", {"backend.py": backend})],
        "requirements.txt": [make_wheel(index, each, "1.0", {f"{each}.py": ""}) for each in ("dependency", "another")],
    }.items():
        pins = [f"{each.name.partition('-')[0]}==1.0 --hash=sha256:{digest(each)}\n" for each in wheels]
        (checkout / "deploy" / lock).write_text("".join(pins), encoding="utf-8")
    make_wheel(index, "another", "2.0", {"another.py": ""})  # newer, and not pinned
    return checkout


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pip that is here: installing one takes seconds."""
    path = tmp_path_factory.mktemp("environment") / "with_pip"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    (site,) = (path / "lib").glob("*/site-packages")
    shutil.copytree(Path(pip.__file__).parent, site / "pip")
    return path


@pytest.fixture
def given(tmp_path: Path, with_pip: Path) -> Path:
    """A Python whose environment has two packages already: one that will do, and an older commit of jobspec."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "given"], check=True)
    (site,) = (tmp_path / "given" / "lib").glob("*/site-packages")
    for name, version in {"dependency": "1.5", "temporal_jobspec": "1.0"}.items():
        with zipfile.ZipFile(make_wheel(site, name, version, {f"{name}.py": ""})) as archive:
            archive.extractall(site)
    python = tmp_path / "given" / "bin" / "python-that-copies"
    copy = f'if [ "$*" = "-P -m venv $4" ]; then exec cp -Rp "{with_pip}" "$4"; fi'
    python.write_text(f'#!/bin/sh\n{copy}\nexec "{python.with_name("python")}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return python


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Path]:
    """A directory with modules that must not be imported."""
    stranger, touched = tmp_path / "stranger", tmp_path / "touched"
    stranger.mkdir()
    for name in ("venv", "pip", "ensurepip", "runpy", "json", "logging", "backend"):
        (stranger / f"{name}.py").write_text(f"open({str(touched)!r}, 'w')\n", encoding="utf-8")
    yield stranger
    assert not touched.exists()


def run(script: Path, *arguments: Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in the checkout of a stranger, with a setting of pip that names the index."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PIP_CONFIG_FILE": os.devnull}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(cwd.parent / "index"), **variables}
    command = ["bash", str(script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def list_installed(python: Path) -> dict[str, str]:
    program = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found: dict[str, str] = json.loads(subprocess.check_output([python, "-P", "-c", program]))
    return found


def test_an_installation_takes_what_is_pinned_and_keeps_what_will_do(
    checkout: Path, given: Path, stranger: Path
) -> None:
    done = run(checkout / "deploy" / "install.sh", given, cwd=stranger)
    assert done.returncode == 0, done.stderr
    assert list_installed(given) == {"temporal_jobspec": "1.0", "dependency": "1.5", "another": "1.0"}
    said = subprocess.check_output([given, "-P", "-c", "import jobspec; print(jobspec.commit)"], text=True)
    assert said == "1\n"  # of this commit, although the version was there


@pytest.mark.parametrize("package", ["backend", "another"])
def test_a_package_with_another_hash_is_not_installed(
    package: str, checkout: Path, given: Path, stranger: Path, tmp_path: Path
) -> None:
    make_wheel(tmp_path / "index", package, "1.0", {f"{package}.py": f"open({str(tmp_path / 'touched')!r}, 'w')"})
    done = run(checkout / "deploy" / "install.sh", given, cwd=stranger)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert list_installed(given) == {"temporal_jobspec": "1.0", "dependency": "1.5"}


def test_the_action_installs_into_an_environment_of_its_own(checkout: Path, stranger: Path, tmp_path: Path) -> None:
    (checkout / "deploy" / "install.sh").write_text('echo "$1" > installed\n', encoding="utf-8")
    output = tmp_path / "output"
    places = {"RUNNER_TEMP": str(tmp_path), "SOURCE": str(checkout), "GITHUB_OUTPUT": str(output)}
    done = run(DEPLOY / "github" / "install.sh", cwd=stranger, INPUT_PYTHON="", **places)
    assert done.returncode == 0, done.stderr
    python = tmp_path / "jobspec" / "bin" / "python"
    assert output.read_text(encoding="utf-8") == f"python={python}\n"
    assert (stranger / "installed").read_text(encoding="utf-8") == f"{python}\n"
    assert list_installed(python).keys() <= {"pip", "setuptools"}


@pytest.mark.parametrize("script", ["install.sh", "github/install.sh"])
def test_installing_imports_nothing_of_the_working_directory(script: str) -> None:
    text = (DEPLOY / script).read_text(encoding="utf-8")
    assert re.findall(r"(\S+) -m ", text)
    assert set(re.findall(r"(\S+) -m ", text)) == {"-P"}


def judge(packages: list[dict[str, Any]]) -> tuple[int, str]:
    code, text = runpy.run_path(str(DEPLOY / "audit.py"))["judge"](packages)
    return code, text


def test_an_audit_fails_for_vulnerabilities_alone() -> None:
    fine = {"name": "a", "version": "1", "vulns": []}
    unknown = {"name": "b", "skip_reason": "Dependency not found"}
    flaw = {"id": "PYSEC-1", "fix_versions": ["2"]}
    assert judge([fine, unknown]) == (
        0,
        "Audit: no known vulnerabilities in 1 of 2 packages; the others are not known.",
    )
    assert judge([unknown])[0] == 0
    assert judge([unknown])[1].startswith("Audit skipped: ")
    code, text = judge([fine, {"name": "c", "version": "1", "vulns": [flaw, {"id": "PYSEC-2", "fix_versions": []}]}])
    assert code == 1
    assert text == "Known vulnerabilities:\nc 1: PYSEC-1, fixed in 2\nc 1: PYSEC-2, fixed in no version"


@contextmanager
def serve_database(answer: dict[str, Any] | None) -> Iterator[str]:
    """Serve what a database of vulnerabilities says of a package; None: it never answers. Yields its address."""
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if answer is None:
                ending.wait(60)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        ending.set()
        server.shutdown()
        thread.join()


def audit(address: str, directory: Path, limit: float = 60.0) -> tuple[int, str]:
    (directory / "pins.txt").write_text("click==8.0\n", encoding="utf-8")
    options = ("--vulnerability-service=osv", f"--osv-url={address}")
    run = runpy.run_path(str(DEPLOY / "audit.py"))["audit"]
    code, text = run(str(directory / "pins.txt"), *options, limit=limit)
    return code, text


def test_an_audit_says_what_a_database_knows(tmp_path: Path) -> None:
    package = {"name": "click", "ecosystem": "PyPI"}
    affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9"}]}]}
    flaw = {"id": "PYSEC-2026-1", "details": "It is broken.", "affected": [affected]}
    with serve_database({"vulns": [flaw]}) as address:
        assert audit(address, tmp_path) == (1, "Known vulnerabilities:\nclick 8.0: PYSEC-2026-1, fixed in 9")
    with serve_database({}) as address:
        assert audit(address, tmp_path)[1].startswith("Audit: no known vulnerabilities in 1 of 1 packages")


def test_an_audit_is_skipped_where_no_database_answers(tmp_path: Path) -> None:
    with serve_database({}) as gone:
        pass
    code, text = audit(gone, tmp_path)
    assert (code, text.partition(": ")[0]) == (0, "Audit skipped")
    with serve_database(None) as silent:
        assert audit(silent, tmp_path, limit=1) == (0, "Audit skipped: no answer within 1 s.")


def test_checks_include_the_audit() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert "$(MAKE) --no-print-directory audit" in recipe
