#!/bin/sh
# Builds the programs for one platform, on a Debian 12 or later.
#
#   .platforms/build.sh PLATFORM PROFILE [test | check] [CARGO ARGUMENT...]
#   .platforms/build.sh linux-arm64 platforms --bins      prints the folder of the programs
#
# Two builds of one commit give the same bytes: no path of this machine, no time and no order
# of a folder is in them.
#
# Other platforms use Debian's Rust, which comes with the source of the standard library
# (rustc-web, cargo-web, rust-web-src): it is compiled for the platform (-Zbuild-std).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
platform=$1 profile=$2
shift 2
cd "$root"

# A flag may contain spaces; the unit separator divides them.
flags=''
add_flags() {
    for flag in "$@"; do
        flags=$flags${flags:+$(printf '\037')}$flag
    done
}

features=--no-default-features standard=''
case $platform in
    *-window) features='' ;;
esac
case $platform in
    linux-x86_64)
        target=x86_64-unknown-linux-gnu
        add_flags -C target-feature=+crt-static ;;
    linux-x86_64-window)
        target=x86_64-unknown-linux-gnu ;;
    linux-arm64)
        target=aarch64-unknown-linux-gnu standard=build
        add_flags -C target-feature=+crt-static -C linker=aarch64-linux-gnu-gcc
        export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc ;;
    windows-x86_64 | windows-x86_64-window)
        target=x86_64-pc-windows-gnu standard=build ;;
    macos-arm64) target=aarch64-apple-darwin standard=build ;;
    freebsd-x86_64) target=x86_64-unknown-freebsd standard=build ;;
    *) echo "build.sh: no platform \"$platform\"" >&2; exit 2 ;;
esac

if [ "$standard" = build ]; then
    if [ ! -x /usr/bin/rustc ] || [ ! -d /usr/lib/rustlib/src/rust/library ]; then
        echo "build.sh: other platforms need Debian's rustc-web, cargo-web, rust-web-src" >&2
        exit 1
    fi
    PATH=/usr/bin:$PATH
    export PATH RUSTC_BOOTSTRAP=1 # Debian's Rust is a stable one; -Z wants another.
fi
out=${SASH_PLATFORMS:-$root/target/platforms}
case $platform in
    # The same target with other flags: in one folder each would compile all anew.
    linux-x86_64-window) out=$out/window ;;
esac
if [ "$profile" = archive ]; then
    cargo_home=${CARGO_HOME:-${HOME:-/root}/.cargo}
    remap=--remap-path-prefix=
    add_flags "$remap$root=sash" "$remap$cargo_home=cargo" \
        "$remap$(rustc --print sysroot)=rust" "$remap$out=target"
    case $platform in
        windows*) add_flags -C link-arg=-Wl,--no-insert-timestamp ;;
    esac
    # CMake passes these on to a shell, which reads the quotation marks.
    # shellcheck disable=SC2089
    CFLAGS="\"-ffile-prefix-map=$out=target\" \"-ffile-prefix-map=$cargo_home=cargo\""
    # shellcheck disable=SC2090
    export CFLAGS CXXFLAGS="$CFLAGS" SOURCE_DATE_EPOCH=0
fi
# Empty, it counts too: flags that this computer has set elsewhere are not used.
export CARGO_ENCODED_RUSTFLAGS="$flags"
export CARGO_TARGET_DIR="$out"

# What runs a test.
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="${WINE:-wine}"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static

command=build
case ${1:-} in
    test | check) command=$1; shift ;;
esac
# shellcheck disable=SC2086 # one word per argument
cargo "$command" --quiet --profile "$profile" --target "$target" $features \
    ${standard:+-Zbuild-std=std,panic_unwind} "$@" >&2
case $profile in
    dev) folder=debug ;;
    *) folder=$profile ;;
esac
echo "$CARGO_TARGET_DIR/$target/$folder"
