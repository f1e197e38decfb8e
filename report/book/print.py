"""Makes one HTML page of the book's chapters, to be printed, on standard output.

    python3 report/book/print.py target/report report/book/print.css [PAGE]

Each chapter begins on a new page, after a table of contents with page numbers. Links between
chapters become links inside the document; links to sources become plain text. With PAGE, such
as report/handout_1, the document is this chapter alone.
"""

import html
import posixpath
import re
import sys

out, style = sys.argv[1], sys.argv[2]
only = sys.argv[3] if len(sys.argv) > 3 else None

# What fits into the width of a page in print.css.
COLUMNS = 104


def chapters():
    """(part, title, page) for each entry of SUMMARY.md."""
    part = ""
    for line in open(f"{out}/pages/SUMMARY.md", encoding="utf-8"):
        if line.startswith("# "):
            part = line[2:].strip()
        elif found := re.match(r"(?:- )?\[(.*)\]\((.*)\.md\)", line):
            yield part, found[1], found[2]


def name(page, anchor=""):
    """What a page, or a heading in it, is called in the document."""
    return re.sub(r"[^\w-]", "-", page) + (f"--{anchor}" if anchor else "")


def body(page, pages):
    """A chapter's content, its names and links made the document's."""
    text = open(f"{out}/html/{page}.html", encoding="utf-8").read()
    text = text[text.index("<main>") + len("<main>"):text.index("</main>")]
    # The heading's link to itself is for a screen.
    text = re.sub(r'<a class="header" href="[^"]*">(.*?)</a>', r"\1", text, flags=re.S)
    text = re.sub(r' id="([^"]*)"', lambda it: f' id="{name(page, it[1])}"', text)
    # WeasyPrint counts a list from 1, and breaks no name of a test, unless told.
    text = re.sub(r'<ol start="(\d+)">', number_from, text)
    text = re.sub(r"<td>.*?</td>", breakable, text, flags=re.S)
    text = re.sub(r"<pre>(.*?)</pre>", fitted, text, flags=re.S)
    text = re.sub(r'src="([^":]*)"', lambda it: f'src="html/{beside(page, it[1])}"', text)
    return re.sub(r'<a href="([^"]*)"', lambda it: link(page, it[1], pages), text)


def number_from(start):
    return f'<ol style="counter-reset: list-item {int(start[1]) - 1}">'


def fitted(block):
    """A table that is a little too wide is printed smaller; longer lines are broken."""
    text = html.unescape(re.sub(r"<[^>]*>", "", block[1]))
    longest = max(map(len, text.splitlines()), default=0)
    if not COLUMNS < longest <= 1.5 * COLUMNS:
        return block[0]
    return f'<pre style="font-size: {7.5 * COLUMNS / longest:.1f}pt">{block[1]}</pre>'


def breakable(cell):
    """A short name stays in one piece; a long one may be broken at each underscore."""
    text = re.sub(r"<code>([^<]{1,28})</code>", r'<code class="short">\1</code>', cell[0])
    return re.sub(r"_(?=[^<>]{28})", "_<wbr>", text)


def beside(page, target):
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))


def link(page, target, pages):
    if ":" in target:
        return f'<a href="{target}"'
    path, _, anchor = target.partition("#")
    path = beside(page, path) if path else f"{page}.html"
    where = path.removesuffix(".html")
    return f'<a href="#{name(where, anchor)}"' if where in pages else '<a class="source"'


def main():
    entries = list(chapters())
    pages = {page for _, _, page in entries}
    print('<!DOCTYPE html><html lang="en"><meta charset="utf-8">')
    print("<title>Sash: the report</title>")
    print(f"<style>{open(style, encoding='utf-8').read()}</style>")
    if not only:
        print_contents(entries)
    for _, _, page in entries:
        if only in (None, page):
            print(f'<article id="{name(page)}">{body(page, pages)}</article>')


def print_contents(entries):
    print('<section class="title"><h1>Sash</h1><p>The report</p>')
    print("<p>A sash window is one that slides.</p></section><nav><h1>Contents</h1>")
    last = ""
    for part, title, page in entries:
        if part != last:
            print(f"<h2>{html.escape(part)}</h2>")
            last = part
        print(f'<p><a href="#{name(page)}">{html.escape(title)}</a></p>')
    print("</nav>")


main()
