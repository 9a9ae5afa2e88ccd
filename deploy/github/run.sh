#!/usr/bin/env bash
# Runs what the action was asked for. Ends well in any case and leaves exit code and plan to the steps after it, so that
# a plan that is refused is shown, too.
set -uo pipefail

jobspec() { "$JOBSPEC_PYTHON" -P -m jobspec "$@"; }

cd -P -- "$INPUT_DIRECTORY" || exit 64
# What is checked out can be a stranger's, who may have put a symlink in the place of the directory.
if [ -n "${GITHUB_WORKSPACE:-}" ]; then
  workspace=$(cd -P -- "$GITHUB_WORKSPACE" && pwd) || exit 64
  case "$PWD/" in
    "$workspace"/*) ;;
    *)
      echo "the directory of the project lies outside the workspace" >&2
      exit 64
      ;;
  esac
fi
options=()
if [ -n "$INPUT_ENV" ]; then options+=("--env=$INPUT_ENV"); fi
guards=()
read -r -d "" -a words <<< "$INPUT_ALLOW" # its end counts as a failure
for word in ${words[@]+"${words[@]}"}; do guards+=("--allow=$word"); done
plan=

case "$INPUT_COMMAND" in
  check)
    if [ -z "$INPUT_PYTHON" ]; then options+=(--no-imports); fi
    jobspec validate --output github ${options[@]+"${options[@]}"}
    code=$?
    ;;
  plan)
    if [ -n "$INPUT_BASE" ]; then
      options+=("--base=$INPUT_BASE")
      if [ "$INPUT_LIVE" = true ]; then options+=(--live); fi
    fi
    plan="$RUNNER_TEMP/jobspec-plan.md"
    rm -f -- "$plan" # of another step
    jobspec plan --output github --also "markdown=$plan" ${options[@]+"${options[@]}"} ${guards[@]+"${guards[@]}"}
    code=$?
    if [ -s "$plan" ]; then
      cat -- "$plan" >> "$GITHUB_STEP_SUMMARY"
    else
      plan= # Temporal is away, or jobspec.toml is broken: the comment of the last plan stays
    fi
    ;;
  apply)
    jobspec apply --yes ${options[@]+"${options[@]}"} ${guards[@]+"${guards[@]}"}
    code=$?
    ;;
  *)
    echo "unknown command; write check, plan or apply" >&2
    exit 64
    ;;
esac

{
  echo "exit-code=$code"
  echo "plan=$plan"
} >> "$GITHUB_OUTPUT"
