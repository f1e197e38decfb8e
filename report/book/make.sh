#!/bin/sh
# Makes one book of the report in the given folder: html/ with a search, sash.pdf, and each
# handout as a PDF of its own. `./sash report` installs mdbook, WeasyPrint and Python, and calls
# this script.
#
#   report/book/make.sh target/report path/to/mdbook target/web/laboratory.html
#
# The book contains the laboratory's page, and each ladder gets a link that plays it.
# The folder pages/ has the pages, pictures and sources in the same places as the project, so
# that every link works as on a code host; sources become pages with numbered lines. The list of
# chapters is the reading order in report/README.md.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
out=$1 mdbook=$2 laboratory=$3
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd -P)
pages=$out/pages
rm -rf "$pages" "$out/html" "$out"/*.pdf
mkdir -p "$pages"

# Every file that a page may link to. A link to a source leads to its page.
cd "$root"
find README.md CHANGELOG.md CONTRIBUTING.md LICENSE sash Cargo.toml .ci report diagrams src tests \
    benches examples web/src web/page web/tests -type f ! -path 'report/book/*' ! -name '*.csv' |
    while read -r file; do
    mkdir -p "$pages/$(dirname -- "$file")"
    case $file in
        *.md)
            # A link may be broken between two lines, but never inside its target.
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

# Chapters: an entry of the reading order is `1. [Title](page.md): words` or `- [Title](...`, a
# part is `## Part`.
{
    echo '[The report](report/README.md)'
    sed -n -E -e 's/^## (.*)/# \1/p' \
        -e 's/^ *([0-9]+\.|-) \[([^]]*)\]\(([^)]*)\).*/- [\2](report\/\3)/p' report/README.md
    echo '# The programs'
    echo '- [Sash](README.md)'
    echo '- [Contributing](CONTRIBUTING.md)'
    echo '- [Changelog](CHANGELOG.md)'
} >"$pages/SUMMARY.md"

cp "$here/book.toml" "$here/book.css" "$out/"
"$mdbook" build "$out" >"$out/mdbook.log" 2>&1 || {
    cat "$out/mdbook.log" >&2
    exit 1
}
# mdbook's first page is a copy of the report's, with links that start in the wrong folder.
echo '<!DOCTYPE html><meta http-equiv="refresh" content="0; url=report/README.html">' \
    >"$out/html/index.html"
echo "report: $out/html/index.html"

# print_as NAME [PAGE]: the whole book, or one of its pages, as NAME.pdf.
print_as() {
    name=$1
    shift
    python3 "$here/print.py" "$out" "$here/print.css" "$@" >"$out/print.html"
    weasyprint --quiet "$out/print.html" "$out/$name.pdf" 2>"$out/weasyprint.log" || {
        cat "$out/weasyprint.log" >&2
        exit 1
    }
    echo "report: $out/$name.pdf"
}

print_as sash
for handout in report/handout_*.md; do
    handout=$(basename -- "$handout" .md)
    print_as "$handout" "report/$handout"
done
