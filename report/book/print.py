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

# What fits into the width of a page in print.css: characters of code, and of a table's text.
COLUMNS = 104
TABLE_COLUMNS = 110

# Code of so few characters in a table is not broken between two lines.
SHORT = 28

CODE = r"<code>([^<]+)</code>"

# A listing of so few lines, or a table of so few rows, is not broken between two pages.
WHOLE_LINES = 36
WHOLE_ROWS = 8


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
    # WeasyPrint counts a list from 1, breaks a flag behind its hyphens and no name of a test, and
    # gives a table's columns bad widths, unless told.
    text = re.sub(r'<ol start="(\d+)">', number_from, text)
    text = re.sub(r"<table>.*?</table>", with_widths, text, flags=re.S)
    text = re.sub(r"<td>.*?</td>", breakable, text, flags=re.S)
    text = re.sub(r"<code>([^<\s]{1,28})</code>", r'<code class="short">\1</code>', text)
    text = re.sub(r"<pre>(.*?)</pre>", fitted, text, flags=re.S)
    # A paragraph stays with the list, listing or table that it announces.
    text = re.sub("<!--.*?-->", "", text, flags=re.S)
    announces = r"<p>(?!<img)((?:(?!</p>).)*(?::</p>|</p>(?=\s*<(?:div|pre|table))))"
    text = re.sub(announces, r'<p class="before">\1', text, flags=re.S)
    text = re.sub(r'src="([^":]*)"', lambda it: f'src="html/{beside(page, it[1])}"', text)
    return re.sub(r'<a href="([^"]*)"', lambda it: link(page, it[1], pages), text)


def number_from(start):
    return f'<ol style="counter-reset: list-item {int(start[1]) - 1}">'


def fitted(block):
    """A table that is a little too wide is printed smaller; longer lines are broken."""
    lines = plain(block[1]).splitlines()
    longest = max(map(len, lines), default=0)
    whole = "whole" if len(lines) <= WHOLE_LINES else ""
    size = 7.5 * COLUMNS / longest if COLUMNS < longest <= 1.5 * COLUMNS else 7.5
    return f'<pre class="{whole}" style="font-size: {size:.1f}pt">{block[1]}</pre>'


def with_widths(table):
    """Each column gets what its longest word needs and a share of the rest for its text."""
    rows = re.findall(r"<tr>(.*?)</tr>", table[0], flags=re.S)
    rows = [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row, flags=re.S) for row in rows]
    columns = list(zip(*rows))
    need = [min(34, max(map(longest_piece, column))) + 3 for column in columns]
    columns = [list(map(plain, column)) for column in columns]
    longest = [max(map(len, column)) + 3 for column in columns]
    if sum(longest) <= TABLE_COLUMNS:
        widths = longest
    else:
        shares = [sum(map(len, column)) ** 0.6 for column in columns]
        rest = max(0, TABLE_COLUMNS - sum(need))
        widths = [least + rest * it / sum(shares) for least, it in zip(need, shares)]
    cols = "".join(f'<col style="width: {100 * it / sum(widths):.1f}%">' for it in widths)
    whole = ' class="whole"' if len(rows) <= WHOLE_ROWS + 1 else ""
    return table[0].replace("<table>", f"<table{whole}><colgroup>{cols}</colgroup>", 1)


def longest_piece(cell):
    """The length of the longest part of a cell that is not broken."""
    whole = re.sub(CODE, lambda it: "x" * len(it[1]) if is_short(it[1]) else it[1], cell)
    return max(map(len, re.split(r"(?<=[_/,:-])|\s", plain(whole))), default=0)


def breakable(cell):
    """Short code stays in one piece; longer code may be broken after each of _ / , and :."""
    return re.sub(CODE, in_pieces, cell[0])


def in_pieces(code):
    if is_short(code[1]):
        return f'<code class="short">{code[1]}</code>'
    # A space without a width: WeasyPrint breaks there, and nobody copies it.
    pieces = re.sub(r"(?<=[_/,:])(?=.)", "&#8203;", code[1])
    return f"<code>{pieces}</code>"


def is_short(code):
    return len(html.unescape(code)) <= SHORT


def plain(text):
    return html.unescape(re.sub(r"<[^>]*>", "", text))


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
