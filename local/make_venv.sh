#!/bin/sh
# make_venv.sh FOLDER REQUIREMENTS NAME: makes a virtual environment with exactly the pinned packages.
# The project's own .venv comes first, because its uv installs into the others. Writes FOLDER/.made at the end.
set -eu
folder=$1 requirements=$2 name=$3
python=${PYTHON:-python3}
log=local/.state/logs/install-$(basename "$folder").log

stop() {
    echo "make: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    stop "$python is not installed. Install Python 3.11 or newer, or name it: PYTHON=/path/to/python3 make setup"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    stop "$("$python" --version 2>&1 | head -n 1) is too old. Install Python 3.11 or newer, or name it: PYTHON=/path/to/python3 make setup"

mkdir -p "$(dirname "$log")"
echo "Installing $name into $folder"
rm -f "$folder/.made"
# An existing environment is updated in place, because it may be in use.
"$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    "$python" -m venv --clear "$folder" >"$log" 2>&1 ||
    stop "cannot make a virtual environment. Install Python's venv module (Debian: apt install python3-venv). Log: $log"

if [ "$folder" = .venv ] && ! [ -x .venv/bin/uv ]; then
    .venv/bin/python -m pip install --quiet --require-hashes -r local/requirements-bootstrap.txt >>"$log" 2>&1 ||
        stop "cannot install uv. Check the network, then try again. Log: $log"
fi
# Use the interpreter of this environment; uv must not download another.
UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip sync --quiet --require-hashes \
    --python "$folder/bin/python" "$requirements" >>"$log" 2>&1 ||
    stop "cannot install $name. Check the network, then try again. Log: $log"
touch "$folder/.made"
