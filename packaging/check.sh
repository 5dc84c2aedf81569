#!/usr/bin/env bash
# Lint, types and import contract, then the tests: check.sh BIN [COMMAND OF THE TESTS...]
# All are run whatever the others say; the status is 1 when any has failed.
set -uo pipefail
bin=$1
shift
failed=()

check() {
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

check "ruff check" "$bin/ruff" check --quiet --output-format concise .
check "ruff format" "$bin/ruff" format --check --quiet .
check "mypy" "$bin/mypy"
check "lint-imports" "$bin/lint-imports" --no-cache
if [ ${#failed[@]} -gt 0 ]; then
    echo "== failed: ${failed[*]}"
fi
if [ $# -gt 0 ]; then
    echo "== pytest"
    "$@" || failed+=("pytest")
fi
[ ${#failed[@]} -eq 0 ]
