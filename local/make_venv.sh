#!/bin/sh
# make_venv.sh FOLDER REQUIREMENTS NAME: a virtual environment that holds exactly what REQUIREMENTS pins.
# The project's own .venv comes first: its uv fills the others. Writes FOLDER/.made when all went well.
set -eu
folder=$1 requirements=$2 name=$3
python=${PYTHON:-python3}
log=local/.state/logs/install-$(basename "$folder").log

stop() {
    echo "make: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    stop "no $python here: Souk needs Python 3.11 or newer (PYTHON=/path/to/python3 make setup)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    stop "$("$python" --version 2>&1 | head -n 1) is too old: Souk needs Python 3.11 or newer (PYTHON=/path/to/python3 make setup)"

mkdir -p "$(dirname "$log")"
echo "Installing $name into $folder"
rm -f "$folder/.made"
# One that stands is brought up to date in place: somebody may be using it.
"$folder/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    "$python" -m venv --clear "$folder" >"$log" 2>&1 ||
    stop "cannot make a virtual environment: install Python's venv module (Debian: apt install python3-venv); see $log"

if [ "$folder" = .venv ] && ! [ -x .venv/bin/uv ]; then
    .venv/bin/python -m pip install --quiet --require-hashes -r local/requirements-bootstrap.txt >>"$log" 2>&1 ||
        stop "cannot install uv: is the network there? See $log"
fi
# The interpreter is the one just made, never one that uv would fetch.
UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip sync --quiet --require-hashes \
    --python "$folder/bin/python" "$requirements" >>"$log" 2>&1 ||
    stop "cannot install $name: is the network there? See $log"
touch "$folder/.made"
