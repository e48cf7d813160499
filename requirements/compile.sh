#!/bin/sh
# Makes the two locks anew from pyproject.toml: every version and every hash, for every platform that the wheels serve.
set -eu
cd "$(dirname "$0")/.."
options="--quiet --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate"
export CUSTOM_COMPILE_COMMAND="requirements/compile.sh"
.venv/bin/pip-compile $options --extra build -o requirements/run.txt pyproject.toml "$@"
.venv/bin/pip-compile $options --extra build --extra dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml "$@"
