#!/bin/sh
# Makes one book of the report in the folder that is named: html/ with a search, and
# sash.pdf. `./sash report` calls it, and sees to mdbook, WeasyPrint and Python first.
#
#   report/book/make.sh target/report path/to/mdbook target/web/laboratory.html
#
# The book contains the laboratory's page, and each ladder gets a link that plays it.
# The pages, pictures and sources are laid out in pages/ as they lie in the project, so that
# each link finds what it finds on a code host; sources become pages with numbered lines.
# The list of chapters is report/README.md's reading order.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
out=$1 mdbook=$2 laboratory=$3
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd -P)
pages=$out/pages
rm -rf "$pages" "$out/html" "$out/sash.pdf"
mkdir -p "$pages"

# What may be linked. Markdown links to a source find its page.
cd "$root"
find README.md CHANGELOG.md LICENSE sash Cargo.toml report diagrams src tests examples \
    -type f ! -path 'report/book/*' ! -name '*.csv' | while read -r file; do
    mkdir -p "$pages/$(dirname -- "$file")"
    case $file in
        *.md)
            # One link may be broken between two lines, but never inside its target.
            up=$(dirname -- "$file" | sed -E 's|[^/]+|..|g')
            [ "$(dirname -- "$file")" != . ] || up=.
            sed -E 's/\]\(([^) ]*\.(rs|py|lua|sh|dot))(#L[0-9]+)?\)/](\1.html\3)/g' \
                "$file" | python3 "$here/play.py" "$up/laboratory.html" >"$pages/$file" ;;
        *.rs | *.py | *.lua | *.sh | *.dot)
            awk -v name="$file" '
                BEGIN {
                    print "<!DOCTYPE html><meta charset=\"utf-8\"><title>" name "</title>"
                    print "<style>body { font: 14px monospace; } i { color: #888; }"
                    print ":target { background: #fde3c4; }</style><h3>" name "</h3><pre>"
                }
                {
                    gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;")
                    printf "<span id=\"L%d\"><i>%4d</i>  %s</span>\n", NR, NR, $0
                }
                END { print "</pre>" }' "$file" >"$pages/$file.html" ;;
        *) cp "$file" "$pages/$file" ;;
    esac
done

cp "$laboratory" "$pages/laboratory.html"

# Chapters: an entry of the reading order is `1. [Title](page.md): words`, a part `## Part`.
{
    echo '[The report](report/README.md)'
    sed -n -E -e 's/^## (.*)/# \1/p' \
        -e 's/^ *[0-9]+\. \[([^]]*)\]\(([^)]*)\).*/- [\1](report\/\2)/p' report/README.md
    echo '# The programs'
    echo '- [Sash](README.md)'
    echo '- [Changelog](CHANGELOG.md)'
} >"$pages/SUMMARY.md"

cp "$here/book.toml" "$here/book.css" "$out/"
"$mdbook" build "$out" >"$out/mdbook.log" 2>&1 || {
    cat "$out/mdbook.log" >&2
    exit 1
}
# The first page would be a copy whose links begin in the wrong folder.
echo '<!DOCTYPE html><meta http-equiv="refresh" content="0; url=report/README.html">' \
    >"$out/html/index.html"
echo "report: $out/html/index.html"

python3 "$here/print.py" "$out" "$here/print.css" >"$out/print.html"
weasyprint --quiet "$out/print.html" "$out/sash.pdf" 2>"$out/weasyprint.log" || {
    cat "$out/weasyprint.log" >&2
    exit 1
}
echo "report: $out/sash.pdf"
