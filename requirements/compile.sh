#!/bin/sh
# Makes the two locks anew from pyproject.toml: every version and every hash, for every platform that the wheels serve.
# Extras stay in the locks: pip takes a package asked for with an extra only from a line that has it too.
set -eu
cd "$(dirname "$0")/.."
options="--quiet --no-strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate"
export CUSTOM_COMPILE_COMMAND="requirements/compile.sh"
.venv/bin/pip-compile $options --extra build -o requirements/run.txt pyproject.toml "$@"
constraints=$(mktemp)
trap 'rm -f "$constraints"' EXIT
sed 's/^\([A-Za-z0-9._-]*\)\[[^]]*\]==/\1==/' requirements/run.txt > "$constraints"
.venv/bin/pip-compile $options --extra build --extra dev -c "$constraints" -o requirements/dev.txt pyproject.toml "$@"
