#!/bin/sh
# The programs on other platforms, as far as one machine with Debian 12 can run them:
# `./sash test --platforms`, which installs the packages first.
#
#   .platforms/test.sh NATIVE [PART...]     NATIVE: the folder of the native programs
#
#   windows           programs for Windows under wine: files to and from the native ones
#   windows-library   the library's tests for Windows, under wine
#   arm64             programs for Linux on arm64, under qemu
#   arm64-library     the library's tests on arm64, under qemu
#   static            static programs for Linux on x86_64
#   types             macOS and FreeBSD: type checks
#
# Without a PART, all of them. Files go between all platforms of one call.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
native=$1
shift
[ $# -gt 0 ] || set -- windows windows-library arm64 arm64-library static types
cd "$root"

began=$(date +%s)
said() { printf '%s: %s s\n' "$1" "$(($(date +%s) - $2))"; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# strictly ARGUMENT...: build.sh, which fails here on a warning too: nobody else compiles what
# only this platform has.
strictly() {
    "$here/build.sh" "$@" 2>"$log" && ! grep -q '^warning' "$log" && return
    cat "$log" >&2
    return 1
}

# build PLATFORM: compiles its programs; sets $programs.
build() {
    started=$(date +%s)
    programs=$(strictly "$1" platforms --bins)
    said "$1: programs compiled" "$started"
}

# library_tests PLATFORM: compiles and runs them, under the emulator.
library_tests() {
    started=$(date +%s)
    strictly "$1" platforms test --lib --no-run >/dev/null
    said "$1: library tests compiled" "$started"
    started=$(date +%s)
    "$here/build.sh" "$1" platforms test --lib -- --test-threads 4 >/dev/null
    said "$1: library tests passed" "$started"
}

# Windows: wine with a folder of its own.
start_wine() {
    WINE=$(command -v wine64 || command -v wine || echo /usr/lib/wine/wine64)
    prefix=$root/target/platforms/wine
    export WINE WINEDEBUG=-all WINEPREFIX="$prefix" WINEPATH="Z:$prefix/shim"
    # wine 8 lacks this DLL of Windows; a later wine takes its own.
    mkdir -p "$prefix/shim"
    x86_64-w64-mingw32-gcc -shared -s -o "$prefix/shim/bcryptprimitives.dll" \
        "$here/bcryptprimitives.c" -ladvapi32
    started=$(date +%s)
    "$WINE" wineboot --init >/dev/null 2>&1 || : # A program tells whether it works.
    said 'wine started' "$started"
}

parts=$*
set -- "native=$native"
for part in $parts; do
    case $part in
        windows)
            start_wine
            build windows-x86_64
            set -- "$@" "windows=$programs" ;;
        windows-library)
            start_wine
            library_tests windows-x86_64 ;;
        arm64)
            build linux-arm64
            set -- "$@" "arm64=$programs" ;;
        arm64-library) library_tests linux-arm64 ;;
        static)
            build linux-x86_64
            set -- "$@" "static=$programs" ;;
        types)
            for platform in macos-arm64 freebsd-x86_64; do
                started=$(date +%s)
                strictly "$platform" platforms check --lib --bins >/dev/null
                said "$platform: types checked" "$started"
            done ;;
        *) echo "test.sh: no part \"$part\"" >&2; exit 2 ;;
    esac
done

if [ $# -gt 1 ]; then
    started=$(date +%s)
    python3 "$here/matrix.py" "$@"
    said 'files between the platforms' "$started"
fi
said 'platforms' "$began"
