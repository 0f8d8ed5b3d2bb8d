#!/bin/sh
# install_npm.sh SOURCE FOLDER NAME: installs exactly the packages of SOURCE/package-lock.json into FOLDER.
# No package runs a script at its installation. Writes FOLDER/.made at the end.
set -eu
source=$1 folder=$2 name=$3
log=local/.state/logs/install-$(basename "$folder").log

stop() {
    echo "make: $1" >&2
    exit 1
}

command -v npm >/dev/null 2>&1 || stop "npm is not installed. Install Node.js 20 or newer, which contains npm."

mkdir -p "$folder" "$(dirname "$log")"
echo "Installing $name into $folder"
rm -f "$folder/.made"
cp "$source/package.json" "$source/package-lock.json" "$folder"
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier) >"$log" 2>&1 ||
    stop "cannot install $name. Check the network, then try again. Log: $log"
touch "$folder/.made"
