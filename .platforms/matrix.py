"""Sends files between the programs of two platforms, and compares what comes of it.

    matrix.py native=DIR windows=DIR ...      each DIR holds server, client and lab

Of the platforms named, each is server for each other one, and client: by every protocol with
losses and by TCP, names in Hebrew and with emoji, an upload, and a download that goes on after its client
was killed. Then `lab run` must write the same bytes on all of them. A program of Windows runs
under wine, one of arm64 under qemu; either is started without a display.
"""

import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINK = "seed=7;loss=5%;delay=2ms"
NAME = "שלום 🎈.bin"
CASES = ["Case.txt", "CASE.txt"]
PROTOCOLS = ["stop-and-wait", "go-back-n", "selective-repeat", "sack"]
PATIENCE = 120  # seconds: an emulator on a busy machine is slow.


def contents(size, seed):
    """Bytes that no luck makes equal to others."""
    blocks = (hashlib.sha256(f"{seed} {n}".encode()).digest() for n in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


class Platform:
    """The programs of one platform, and how they are started here."""

    def __init__(self, text):
        self.name, folder = text.split("=", 1)
        self.folder = Path(folder)
        self.is_windows = (self.folder / "server.exe").exists()
        header = self.program("server").read_bytes()[:20]
        self.is_arm = header[:4] == b"\x7fELF" and header[18] == 0xB7

    def program(self, name):
        return self.folder / (name + ".exe" if self.is_windows else name)

    def path(self, path):
        """A path as the platform's programs write it: wine has this computer's files as Z:."""
        return "Z:" + str(path).replace("/", "\\") if self.is_windows else str(path)

    def start(self, name, arguments, **more):
        command = [str(self.program(name)), *arguments]
        if self.is_windows:
            command.insert(0, os.environ.get("WINE", "wine"))
        if self.is_arm and os.uname().machine != "aarch64":
            command.insert(0, "qemu-aarch64-static")
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE} | more
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                                env=os.environ | {"WINEDEBUG": "-all"}, **more)


class Server:
    """A server on a folder of its own; `with` ends it."""

    def __init__(self, platform, files, *arguments):
        self.platform, self.files = platform, files
        arguments = ["--bind", "127.0.0.1:0", "--udp-ports", "0",
                     "--files", platform.path(files), *arguments]
        self.process = platform.start("server", arguments)

    def __enter__(self):
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.address = line.split()[-1]
                return self
        raise Failure(f"the server of {self.platform.name} did not start: "
                      f"{self.process.stderr.read()}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Failure(Exception):
    """A sentence about what went wrong."""


def client(platform, server, out, arguments, lines):
    """Types the lines, and waits for the end."""
    process = platform.start("client", client_arguments(platform, server, out, arguments, lines))
    said, complained = process.communicate(timeout=PATIENCE)
    if process.returncode != 0:
        raise Failure(f"the client ended with {process.returncode}:\n{said}\n{complained}")


def client_arguments(platform, server, out, arguments, lines):
    typed = itertools.chain.from_iterable(("--exec", line) for line in lines)
    return ["--server", server.address, "--name", "dana", "--out", platform.path(out),
            *arguments, *typed]


def whole(there, here):
    if not Path(here).exists():
        raise Failure(f"{here} is not there; the folder has {os.listdir(Path(here).parent)}")
    if digest(there) != digest(here):
        raise Failure(f"{here} is not the file that was sent")


def pair(serving, asking, scratch):
    """Everything between a server of one platform and a client of another."""
    files = scratch / "files"
    files.mkdir()
    (files / NAME).write_bytes(contents(200_000, 1))
    (files / "long.bin").write_bytes(contents(3_000_000, 2))
    (files / "empty").write_bytes(b"")
    for name in CASES:
        (files / name).write_bytes(contents(50_000, name))
    with Server(serving, files) as server:
        for protocol in PROTOCOLS:
            out = scratch / protocol
            client(asking, server, out, ["--arq", protocol, "--link", LINK],
                   [f'/download "{NAME}"', "/download empty"])
            whole(files / NAME, out / NAME)
            whole(files / "empty", out / "empty")
        out = scratch / "tcp"
        client(asking, server, out, ["--transport", "tcp"], [f'/download "{NAME}"'])
        whole(files / NAME, out / NAME)
        if not serving.is_windows:
            names_differ_in_case(asking, server, scratch / "case")
        own = scratch / "משלי 🪟.bin"
        own.write_bytes(contents(150_000, 3))
        client(asking, server, out, ["--link", LINK], [f'/upload "{asking.path(own)}"'])
        whole(own, files / own.name)
    killed_and_resumed(serving, asking, files, scratch / "resumed")


def names_differ_in_case(asking, server, out):
    """Names that are one to Windows, and two to the server: neither file is lost."""
    client(asking, server, out, [], [f"/download {name}" for name in CASES])
    second = "CASE (2).txt" if asking.is_windows else CASES[1]
    for there, here in zip(CASES, [CASES[0], second]):
        whole(server.files / there, out / here)


def killed_and_resumed(serving, asking, files, out):
    """A client is killed in the middle; the next one asks for the rest alone."""
    with Server(serving, files, "--link", "seed=7;rate=8mbit") as server:
        typed = ["/download long.bin"]
        first = asking.start("client", client_arguments(asking, server, out, [], typed))
        part = out / "long.bin.part"
        until = time.monotonic() + PATIENCE
        while not part.exists() or part.stat().st_size < 500_000:
            if time.monotonic() > until or first.poll() is not None:
                raise Failure(f"the download did not begin: {first.stderr.read()}")
            time.sleep(0.02)
        first.kill()
        first.wait()
        before = part.stat().st_size
        if not 500_000 <= before < 3_000_000:
            raise Failure(f"the part has {before} bytes after the kill")
        started = time.monotonic()
        client(asking, server, out, [], typed)
        whole(files / "long.bin", out / "long.bin")
        left = os.listdir(out)
        if left != ["long.bin"]:
            raise Failure(f"the folder has {left}, and the file should be alone")
        print(f"    resumed at {before} bytes, {time.monotonic() - started:.1f} s more")


def journals(platforms, scratch):
    """A run in virtual time writes the same bytes everywhere."""
    links = ["seed=7;loss=5%;delay=10ms",
             "seed=3;loss=2%;delay=20ms;jitter=5ms;duplicate=1%;rate=5mbit"]
    seen = {}
    for platform in platforms:
        for number, link in enumerate(links):
            out = scratch / f"journal-{platform.name}-{number}"
            run = platform.start("lab", ["run", "--arq", "all", "--size", "256KiB", "--link",
                                         link, "--journal", platform.path(out)])
            said, complained = run.communicate(timeout=PATIENCE)
            if run.returncode != 0:
                raise Failure(f"lab of {platform.name}: {complained}")
            found = {name: digest(out / name) for name in sorted(os.listdir(out))}
            if len(found) < 4:
                raise Failure(f"lab of {platform.name} wrote only {sorted(found)}")
            # The folder's name is in what is said, and nothing else may differ.
            said = said.replace(platform.path(out), "").replace("\\", "/")
            first = seen.setdefault(number, (platform.name, found, said))
            if first[1:] != (found, said):
                raise Failure(f"lab run differs between {first[0]} and {platform.name}:\n"
                              f"{first[1:]}\n{(found, said)}")
    return sum(len(found) for _, found, _ in seen.values())


def main():
    platforms = [Platform(text) for text in sys.argv[1:]]
    failed = 0
    pairs = itertools.permutations(platforms, 2)
    for serving, asking in pairs:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="דנה כהן ", ignore_cleanup_errors=True) as scratch:
            try:
                pair(serving, asking, Path(scratch))
                how = "well"
            except (Failure, subprocess.TimeoutExpired) as failure:
                how, failed = f"FAILED: {failure}", failed + 1
        print(f"server {serving.name}, client {asking.name}: {how}, "
              f"{time.monotonic() - started:.1f} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="דנה כהן ", ignore_cleanup_errors=True) as scratch:
        try:
            count = journals(platforms, Path(scratch))
            print(f"lab run: {count} journals are the same on {len(platforms)} platforms")
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"lab run: FAILED: {failure}")
            failed += 1
    sys.exit(failed > 0)


main()
