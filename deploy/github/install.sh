#!/usr/bin/env bash
# Installs the jobspec that this action came with, and tells the later steps where. -P keeps modules of the working
# directory out: there may be a stranger's `venv.py`.
set -euo pipefail

python="$INPUT_PYTHON"
if [ -z "$python" ]; then
  python3 -P -m venv "$RUNNER_TEMP/jobspec"
  python="$RUNNER_TEMP/jobspec/bin/python"
fi
bash "$SOURCE/deploy/install.sh" "$python"
echo "python=$python" >> "$GITHUB_OUTPUT"
