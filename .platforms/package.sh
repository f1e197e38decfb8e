#!/bin/sh
# What a teacher hands out: one archive a platform, made on one Debian 12 machine.
# `./sash package` calls it, and sees to the packages first.
#
#   .platforms/package.sh FOLDER PAGE [PLATFORM...]    PAGE: the laboratory for a browser
#
#   sash-VERSION-linux-x86_64.tar.gz    server, lab, client (static); client-window
#   sash-VERSION-linux-arm64.tar.gz     server, lab, client (static)
#   sash-VERSION-windows-x86_64.zip     server, lab, client, client-window
#   sash-lab_VERSION_amd64.deb, sash-lab_VERSION_arm64.deb    the same for Debian and Ubuntu
#
# Two runs on one commit make the same bytes: names are sorted, every file has one time.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
folder=$1 laboratory=$2
shift 2
[ $# -gt 0 ] || set -- linux-x86_64 linux-arm64 windows-x86_64
profile=${SASH_PROFILE:-archive}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
mkdir -p "$folder"
folder=$(CDPATH='' cd -- "$folder" && pwd -P)
cd "$root"
export TZ=UTC LC_ALL=C.UTF-8
stamp='1980-01-01 00:00:00'

# The report as plain HTML pages, into the folder $1.
report() {
    style=$(cat report/book/book.css)
    for page in README.md CHANGELOG.md CONTRIBUTING.md $(find report -name '*.md' | sort); do
        html=$1/${page%.md}.html
        mkdir -p "$(dirname -- "$html")"
        title=$(sed -n 's/^# //p' "$page" | head -n 1)
        printf '<style>body { max-width: 50em; margin: auto; padding: 1em; }\n%s\n</style>\n' \
            "pre { overflow: auto; } img { max-width: 100%; } $style" >"$1/style"
        pandoc --from gfm --to html5 --standalone --lua-filter "$here/page.lua" \
            --metadata title="$title" --include-in-header "$1/style" \
            --output "$html" "$page"
    done
    rm "$1/style"
    for picture in $(find diagrams report -name '*.svg' -o -name '*.png' | sort); do
        mkdir -p "$1/$(dirname -- "$picture")"
        cp "$picture" "$1/$picture"
    done
    echo '<!DOCTYPE html><meta http-equiv="refresh" content="0; url=report/README.html">' \
        >"$1/index.html"
}

# README.txt of the platform $1, from the template.
readme() {
    case $1 in
        windows*)
            # PowerShell starts a program of this folder by .\ only; awk -v reads \\ as \.
            names=Windows server='.\\server.exe' client='.\\client.exe --text --name dana'
            lab='.\\lab.exe race --size 256KiB --link "seed=7;loss=5%;delay=10ms"'
            check='certutil -hashfile FILE SHA256'
            programs='server.exe           the server
lab.exe              the laboratory
client.exe           the client, with --text in a terminal
client-window.exe    its window: double-click it'
            windows='- Windows says that it protected your PC: the programs are not signed. Click "More info" and
  "Run anyway", or compare their digests first.' ;;
        *)
            server='./server' client='./client --text --name dana'
            lab='./lab race --size 256KiB --link "seed=7;loss=5%;delay=10ms"'
            check='sha256sum -c SHA256SUMS'
            names='Linux on arm64' windows=''
            programs='server           the server
lab              the laboratory
client           the client in a terminal
They need no library and run on any Linux.'
            [ "$1" = linux-arm64 ] || {
                names='Linux on x86_64'
                programs='server           the server
lab              the laboratory
client           the client, with --text in a terminal
client-window    its window, which client opens without --text
The first three need no library and run on any Linux. The window needs Debian 12, Ubuntu 24.04
or later (glibc 2.36) and the packages libx11-6 libxinerama1 libxcursor1 libxfixes3
libpango-1.0-0 libpangocairo-1.0-0 libcairo2, which most desktops have.'
            } ;;
    esac
    awk -v version="$version" -v platform="$names" -v programs="$programs" \
        -v server="$server" -v client="$client" -v lab="$lab" -v check="$check" \
        -v link="$server --link \"seed=7;loss=5%;delay=10ms\"" -v windows="$windows" '
        /^===/ { gsub(/./, "=", title); print title; next }
        /^WINDOWS$/ { if (windows != "") print windows; next }
        {
            sub(/VERSION/, version); sub(/PLATFORM/, platform); sub(/^PROGRAMS$/, programs)
            sub(/SERVER$/, server); sub(/CLIENT$/, client); sub(/LAB$/, lab)
            sub(/LINK$/, link); sub(/CHECK$/, check); print
            title = $0
        }' "$here/README.txt"
}

pages=$folder/pages
rm -rf "$folder"/sash-* "$pages"
mkdir -p "$pages"
report "$pages"

for platform in "$@"; do
    name=sash-$version-$platform
    inside=$folder/$name
    rm -rf "$inside"
    mkdir -p "$inside"
    case $platform in
        # One build of all programs. On Linux the static ones cannot have a window.
        windows*) end=.exe build=$platform-window ;;
        *) end='' build=$platform ;;
    esac
    programs=$("$here/build.sh" "$build" "$profile" --bins)
    for program in server lab client; do
        cp "$programs/$program$end" "$inside/"
    done
    case $platform in
        *-x86_64)
            programs=$("$here/build.sh" "$platform-window" "$profile" --bin client-window)
            cp "$programs/client-window$end" "$inside/" ;;
    esac
    cp LICENSE "$inside/"
    cp "$laboratory" "$inside/laboratory.html"
    mkdir "$inside/files"
    find files -type f ! -name large.bin -exec cp {} "$inside/files/" \;
    cp -r "$pages" "$inside/report"
    readme "$platform" >"$inside/README.txt"
    case $platform in
        windows*) sed -i 's/$/\r/' "$inside/README.txt" "$inside/LICENSE" ;;
    esac
    (cd "$inside" && find . -type f | sort | xargs -d '\n' sha256sum) >"$folder/sums"
    mv "$folder/sums" "$inside/SHA256SUMS"
    find "$inside" -type d -exec chmod 755 {} +
    find "$inside" -type f -exec chmod 644 {} +
    find "$inside" -maxdepth 1 -type f ! -name '*.txt' ! -name '*.html' ! -name LICENSE \
        ! -name SHA256SUMS -exec chmod 755 {} +
    find "$inside" -exec touch -h -d "$stamp" {} +
    cd "$folder"
    case $platform in
        windows*)
            find "$name" -type f | sort | python3 "$here/zip.py" "$name.zip" ;;
        *)
            find "$name" -print0 | sort -z |
                tar --null --no-recursion --owner=0 --group=0 --numeric-owner \
                    --format=ustar -T - -cf - | gzip -n -9 >"$name.tar.gz"
            case $platform in
                *-arm64) architecture=arm64 ;;
                *) architecture=amd64 ;;
            esac
            "$here/deb.sh" "$inside" "$architecture" "$version" \
                "$folder/sash-lab_${version}_$architecture.deb" ;;
    esac
    cd "$root"
    rm -rf "$inside"
done
rm -rf "$pages"
(cd "$folder" && sha256sum sash-* | tee SHA256SUMS)
