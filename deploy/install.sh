#!/usr/bin/env bash
# Installs the jobspec of this checkout into the environment of a Python, and nothing whose hash is not written down:
#
#   bash deploy/install.sh PYTHON [option of `pip install`]...
#
# Dependencies that are installed there already stay as they are if jobspec can work with them.
#
# -P keeps modules of the working directory out: there may be a stranger's `venv.py`.
set -euo pipefail

source=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
python=$(command -v -- "$1")
shift
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

pip() { "$work/build/bin/python" -P -m pip --quiet --disable-pip-version-check "$@"; }
# Takes files from one directory: no index, no setting and no variable can add another place.
pip_offline() { PIP_CONFIG_FILE=/dev/null pip --isolated "$@" --no-index --find-links "$work/wheels"; }

"$python" -P -m venv "$work/build"
pip install --require-hashes --only-binary :all: --requirement "$source/deploy/build-requirements.txt"
mkdir "$work/wheels"
pip_offline wheel --no-deps --no-build-isolation --wheel-dir "$work/wheels" "$source"
wheel=("$work"/wheels/*.whl)

pip --python "$python" download --require-hashes --only-binary :all: --dest "$work/wheels" \
  --requirement "$source/deploy/requirements.txt"
pip_offline --python "$python" install "$@" "${wheel[0]}"
# The version may be installed already, from another commit.
pip_offline --python "$python" install "$@" --no-deps --force-reinstall "${wheel[0]}"
