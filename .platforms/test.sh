#!/bin/sh
# The programs on other platforms, as far as one machine with Debian 12 can run them:
# `./sash test --platforms`, which sees to the packages first.
#
#   Windows x86_64   under wine: library tests; files to and from the native programs
#   Linux arm64      under qemu: the same
#   macOS, FreeBSD   type checks
#
# The folder of the native programs is the argument.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
native=$1
cd "$root"

began=$(date +%s)
said() { printf '%s: %s s\n' "$1" "$(($(date +%s) - $2))"; }

# build PLATFORM: compiles its programs; sets $programs.
build() {
    started=$(date +%s)
    programs=$("$here/build.sh" "$1" platforms --bins)
    said "$1: programs compiled" "$started"
}

# library_tests PLATFORM: compiles and runs them, under the emulator.
library_tests() {
    started=$(date +%s)
    "$here/build.sh" "$1" platforms test --lib --no-run >/dev/null
    said "$1: library tests compiled" "$started"
    started=$(date +%s)
    "$here/build.sh" "$1" platforms test --lib -- --quiet --test-threads 4 >/dev/null
    said "$1: library tests passed" "$started"
}

# --- Windows -----------------------------------------------------------------------

WINE=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)
prefix="$root/target/platforms/wine"
export WINE WINEDEBUG=-all WINEPREFIX="$prefix" WINEPATH="Z:$prefix/shim"
# wine 8 lacks this DLL of Windows; a later wine takes its own.
mkdir -p "$prefix/shim"
x86_64-w64-mingw32-gcc -shared -s -o "$prefix/shim/bcryptprimitives.dll" \
    "$here/bcryptprimitives.c" -ladvapi32
started=$(date +%s)
"$WINE" wineboot --init >/dev/null 2>&1
said 'wine started' "$started"
build windows-x86_64
windows=$programs
library_tests windows-x86_64

# --- Linux -------------------------------------------------------------------------

build linux-arm64
arm=$programs
library_tests linux-arm64
build linux-x86_64
static=$programs

# --- all together ------------------------------------------------------------------

started=$(date +%s)
python3 "$here/matrix.py" "native=$native" "static=$static" "windows=$windows" \
    "arm64=$arm" || exit 1
said 'files between the platforms' "$started"

# --- what is only checked ----------------------------------------------------------

for platform in macos-arm64 freebsd-x86_64; do
    started=$(date +%s)
    "$here/build.sh" "$platform" platforms check --lib --bins >/dev/null
    said "$platform: types checked" "$started"
done
said 'platforms' "$began"
