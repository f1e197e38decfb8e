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

# The programs of a platform, and its library tests; sets $programs and $tests.
build() {
    started=$(date +%s)
    programs=$("$here/build.sh" "$1" platforms --bins)
    "$here/build.sh" "$1" platforms test --no-run --lib >/dev/null
    # Of the library's test programs the newest: others are of older builds.
    # shellcheck disable=SC2012 # names that cargo makes
    tests=$(ls -t "$programs"/deps/sash-*"$2" | grep -v '\.d$' | head -n 1)
    said "$1: programs and library tests compiled" "$started"
}

# --- Windows -----------------------------------------------------------------------

WINE=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)
export WINE WINEDEBUG=-all WINEPREFIX="$root/target/platforms/wine"
mkdir -p "$WINEPREFIX"
# wine 8 lacks this DLL of Windows; a later wine takes its own.
shim=$WINEPREFIX/bcryptprimitives.dll
[ -e "$shim" ] ||
    x86_64-w64-mingw32-gcc -shared -s -o "$shim" "$here/bcryptprimitives.c" -ladvapi32
wine_began=$(date +%s)
"$WINE" wineboot --init >/dev/null 2>&1
said 'wine started' "$wine_began"

build windows-x86_64 .exe
cp "$shim" "$programs/"
cp "$shim" "$programs/deps/"
windows=$programs
started=$(date +%s)
"$WINE" "$tests" --quiet --test-threads 4 || exit 1
said 'windows-x86_64: library tests under wine' "$started"

# --- arm64 -------------------------------------------------------------------------

build linux-arm64 ''
arm=$programs
started=$(date +%s)
qemu-aarch64-static "$tests" --quiet --test-threads 4 || exit 1
said 'linux-arm64: library tests under qemu' "$started"

# --- static Linux, and all together ------------------------------------------------

started=$(date +%s)
static=$("$here/build.sh" linux-x86_64 platforms --bins)
said 'linux-x86_64: static programs compiled' "$started"

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
