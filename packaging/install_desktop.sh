#!/usr/bin/env bash
# Puts the desktop entry, the file types and the icon where the desktop looks for them, for this user or,
# with a prefix such as /usr/local, for all:  install_desktop.sh [PREFIX]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
share=${1:+$1/share}
share=${share:-${XDG_DATA_HOME:-$HOME/.local/share}}

install -D -m 644 "$here/model-inspector.desktop" "$share/applications/model-inspector.desktop"
install -D -m 644 "$here/model-inspector.xml" "$share/mime/packages/model-inspector.xml"
install -D -m 644 "$here/../resources/icons/model-inspector.svg" \
    "$share/icons/hicolor/scalable/apps/model-inspector.svg"

# Each of these is a cache; a desktop that lacks the tool reads the folders themselves.
if command -v update-mime-database >/dev/null; then update-mime-database "$share/mime"; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database "$share/applications"; fi
echo "installed below $share"
