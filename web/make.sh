#!/bin/sh
# Puts the page together: web/make.sh MODULE.wasm PAGE.html
set -eu
folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sash-web.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

{
    printf 'const WASM = "'
    base64 <"$1" | tr -d '\n'
    printf '";\n'
} >"$scratch/wasm.js"
sed -e "/^@STYLE@\$/{r $folder/page/page.css
d
}" -e "/^const WASM = /{r $scratch/wasm.js
d
}" -e "/^@SCRIPT@\$/{r $folder/page/page.js
d
}" -e "/^@CLASS-STYLE@\$/{r $folder/page/class.css
d
}" -e "/^@CLASS-SCRIPT@\$/{r $folder/page/class.js
d
}" "$folder/page/page.html" >"$scratch/page.html"
mkdir -p "$(dirname -- "$2")"
mv "$scratch/page.html" "$2"
