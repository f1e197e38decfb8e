#!/bin/sh
# Puts the page together: web/make.sh MODULE.wasm PAGE.html
set -eu
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sash-web.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

{
    printf 'const WASM = "'
    gzip -9 -n -c "$1" | base64 | tr -d '\n'
    printf '";\n'
} >"$scratch/wasm.js"
# Comments and indentation are for readers of the source.
for part in page.html page.js class.js page.css class.css; do
    sed -e 's/^ *//' -e '/^\/\/ /d' "$folder/page/$part" >"$scratch/$part"
done
sed -e "/^@STYLE@\$/{r $scratch/page.css
d
}" -e "/^const WASM = /{r $scratch/wasm.js
d
}" -e "/^@SCRIPT@\$/{r $scratch/page.js
d
}" -e "/^@CLASS-STYLE@\$/{r $scratch/class.css
d
}" -e "/^@CLASS-SCRIPT@\$/{r $scratch/class.js
d
}" "$scratch/page.html" >"$scratch/whole.html"
mkdir -p "$(dirname -- "$2")"
mv "$scratch/whole.html" "$2"
