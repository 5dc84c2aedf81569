#!/usr/bin/env bash
# The environment of the checkout: make_environment.sh PYTHON FOLDER PINS
# Where everything of the right version is there already, nothing is fetched.
set -euo pipefail
python=$1 folder=$2 pins=$3
stamp=$folder/.installed

if ! command -v "$python" >/dev/null; then
    echo "setup: there is no $python; name one with make PYTHON=/path/to/python3.11" >&2
    exit 2
fi
if [ -e "$stamp" ] && [ "$(cat "$stamp")" != "$(pwd -P)" ]; then
    rm -rf "$folder"
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"

install=("$folder/bin/python" -m pip --disable-pip-version-check install --quiet --constraint "$pins")
"${install[@]}" setuptools wheel
"${install[@]}" --no-build-isolation --editable ".[dev]"
pwd -P >"$stamp"
