#!/usr/bin/env bash
# Debian's libraries for Qt, Qt WebEngine and the virtual display of the tests.
# Installs what is missing when it may (root), and otherwise names the command. Missing libraries stop
# nothing here: whoever has no window can still use the command, and the tests say what they lack.
#   system_packages.sh          check, and install as root
#   system_packages.sh --list   the names alone, one a line
set -euo pipefail

QT="libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4
    libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0"
# A name|other is one library that newer releases call otherwise.
WEBENGINE="libnss3 libasound2|libasound2t64 libxcomposite1 libxdamage1 libxrandr2 libxtst6 libxkbfile1"
DISPLAYS="xvfb xauth"
PACKAGES="$QT $WEBENGINE $DISPLAYS"

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing() {
    local names name
    for names in $PACKAGES; do
        for name in ${names//|/ }; do
            installed "$name" && continue 2
        done
        echo "$names"
    done
}

# Of two names for one library, the one that this release knows.
known() {
    local name
    for name in ${1//|/ }; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    echo "${1%%|*}"
}

if [ "${1:-}" = --list ]; then
    for names in $PACKAGES; do echo "${names%%|*}"; done
    exit 0
fi

if ! command -v dpkg-query >/dev/null; then
    echo "system packages: this is no Debian; Qt needs what these hold there:" $PACKAGES >&2
    exit 0
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "system packages: some are missing; install them with" >&2
    echo "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends" \
        "$(for names in $wanted; do known "$names"; done | tr '\n' ' ')" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet || true
names=$(for names in $wanted; do known "$names"; done)
# shellcheck disable=SC2086 # one word for each package
apt-get install --yes --quiet --no-install-recommends $names ||
    echo "system packages: could not be installed:" $names >&2
