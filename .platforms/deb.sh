#!/bin/sh
# Makes a package for Debian and Ubuntu of an unpacked archive for Linux.
#
#   .platforms/deb.sh FOLDER ARCHITECTURE VERSION PACKAGE.deb
#
# Debian has another program called sash, so this package is `sash-lab`, and its commands are
# `sash-server`, `sash-client` and `sash-lab`. The programs need no library; the window does.
set -eu
umask 022 # Modes are a part of the package.
from=$1 architecture=$2 version=$3 package=$4
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
programs=$tree/usr/lib/sash-lab documents=$tree/usr/share/doc/sash-lab
mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$programs" "$documents" "$tree/usr/share/sash-lab"
cp -r "$from/files" "$tree/usr/share/sash-lab/"
cp -r "$from/report" "$documents/"
cp "$from/LICENSE" "$documents/copyright"
# The server looks for the page beside itself.
cp "$from/laboratory.html" "$programs/"
window=''
for program in server client lab client-window; do
    [ -x "$from/$program" ] || continue
    cp "$from/$program" "$programs/"
    case $program in
        client-window) window='Recommends: libx11-6, libxinerama1, libxcursor1, libxfixes3,
 libpango-1.0-0, libpangocairo-1.0-0, libcairo2' ;;
        *) ln -s "../lib/sash-lab/$program" "$tree/usr/bin/sash-$program" ;;
    esac
done
cat >"$tree/DEBIAN/control" <<END
Package: sash-lab
Version: $version
Architecture: $architecture
Maintainer: The authors of Sash <sash@localhost>
Installed-Size: $(find "$tree/usr" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum / 1024 }')
${window:+$window
}Section: education
Priority: optional
Description: chat room and file-transfer laboratory for networking students
 Chat over TCP and transfer files over UDP by stop-and-wait, go-back-N, selective
 repeat or sack. Try: sash-server --files /usr/share/sash-lab/files, sash-client, and
 sash-lab race --size 256KiB --link 'seed=7;loss=5%;delay=10ms'.
END
find "$tree" -type d -exec chmod 755 {} +
SOURCE_DATE_EPOCH=315532800 dpkg-deb --root-owner-group -Zgzip --build "$tree" "$package" >/dev/null
