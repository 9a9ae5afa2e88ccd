#!/usr/bin/env bash
# Installs the jobspec that this action came with, and tells the later steps where. With -P no module is taken from the
# working directory: there may be a stranger's `venv.py`.
set -euo pipefail

python="$INPUT_PYTHON"
if [ -z "$python" ]; then
  python3 -P -m venv "$RUNNER_TEMP/jobspec"
  python="$RUNNER_TEMP/jobspec/bin/python"
  "$python" -P -m pip install --quiet --disable-pip-version-check --constraint "$SOURCE/constraints.txt" "$SOURCE"
else
  "$python" -P -m pip install --quiet --disable-pip-version-check "$SOURCE"
fi
echo "python=$python" >> "$GITHUB_OUTPUT"
