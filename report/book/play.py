"""Adds a link to each ladder of a page that plays the same run in the laboratory's page.

    python3 report/book/play.py ../laboratory.html <page.md >page-with-links.md

A ladder is a block of code with a line `lab ladder ...`; the link has the same protocol,
window, scenario and number of packets. A line with a flag that the page does not have gets
no link. src/lab/page/link.rs writes the same links.
"""

import html
import re
import shlex
import sys
import urllib.parse

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# What a flag is where it is left out; flags of the drawing change nothing.
USUAL = {"--arq": None, "--window": None, "--size": "100KiB", "--segment": "1436", "--link": "",
         "--congestion": "fixed"}
OF_THE_DRAWING = ["--svg", "--from", "--to", "--packets", "-o"]
MOST_PACKETS = 2000


def size(text):
    for unit, bytes_ in UNITS.items():
        if text.endswith(unit):
            return int(text[: -len(unit)]) * bytes_
    return int(text)


def fragment(line):
    """The fragment for a command, or None."""
    words = shlex.split(line)
    flags = dict(USUAL)
    for flag, value in zip(words[2::2], words[3::2]):
        if flag in flags:
            flags[flag] = value
        elif flag not in OF_THE_DRAWING:
            return None
    arq = flags["--arq"]
    if len(words) % 2 or arq is None or arq == "all" or "," in arq + flags["--congestion"]:
        return None
    packets = -(-size(flags["--size"]) // size(flags["--segment"]))
    window = flags["--window"] or ("1" if arq == "stop-and-wait" else "16")
    if packets > MOST_PACKETS:
        return None
    link = urllib.parse.quote(flags["--link"], safe="-._=;,/")
    rest = "" if flags["--congestion"] == "fixed" else f"&congestion={flags['--congestion']}"
    return f"#open=run&link={link}&arq={arq}&window={window}&packets={packets}{rest}"


def with_links(text, page):
    """The text, and a link below each block with a ladder."""

    def add(block):
        body = block[0].replace("\\\n", " ")
        found = re.search(r"^(?:\$ )?(lab ladder .*)$", body, re.M)
        target = fragment(found[1]) if found else None
        if target is None:
            return block[0]
        address = html.escape(page + target)
        return f'{block[0]}\n<p class="play"><a href="{address}">Play this ladder</a></p>\n'

    return re.sub(r"^```.*?^```$", add, text, flags=re.M | re.S)


if __name__ == "__main__":
    sys.stdout.write(with_links(sys.stdin.read(), sys.argv[1]))
