"""Unpacks what `./sash package` made, and runs it: where there is nothing else.

    unpack.py FOLDER

Programs of Linux run in a root folder that holds the package alone (as root: chroot), so a
library that they need would be missed; those of arm64 with qemu beside them; those of Windows
under wine. A client fetches a file from a server of the same package, every digest in
SHA256SUMS is compared, and the window opens on a virtual display. Packages for Debian are
installed into an empty root folder, run there, and removed.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
QEMU = "qemu-aarch64-static"
INSTALLED = "usr/bin/sash-"  # and the program's name: a command of the package for Debian
EXPECTED = ["LICENSE", "README.txt", "SHA256SUMS", "client", "files", "lab", "laboratory.html",
            "report", "server"]


def unpack(archive, scratch):
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(scratch)
    else:
        with tarfile.open(archive) as opened:
            opened.extractall(scratch, filter="data")
    (folder,) = Path(scratch).iterdir()
    return folder


def check_digests(folder):
    listed = set()
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
        listed.add(os.path.normpath(name))
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there - listed == {"SHA256SUMS"}, there - listed


def check_paths(folder):
    """No program has a path of this computer in it, which would differ on another one."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for program in folder.rglob("*"):
        if program.is_file() and program.suffix in ("", ".exe"):
            contents = program.read_bytes()
            for path in (HERE.parent, home):
                assert str(path).encode() not in contents, f"{program} names {path}"


def check_pages(folder):
    """Every page and picture that a page leads to is there."""
    pages = list(folder.rglob("*.html"))
    assert len(pages) > 30, pages
    for page in pages:
        for target in re.findall(r'(?:href|src)="([^"#]+)', page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith(("mailto:", "data:")):
                assert (page.parent / target).exists(), f"{page}: {target}"


def start(folder, program, arguments, **more):
    """A program of the package, from inside its folder."""
    if (folder / "server.exe").exists():
        command = [os.environ.get("WINE", "wine"), str(folder / f"{program}.exe"), *arguments]
        return subprocess.Popen(command, cwd=folder, **more)
    is_installed = (folder / (INSTALLED + program)).is_symlink()
    command = [f"/{INSTALLED}{program}" if is_installed else f"./{program}", *arguments]
    if (folder / QEMU).exists():
        command.insert(0, f"./{QEMU}")
    return subprocess.Popen(command, preexec_fn=lambda: (os.chroot(folder), os.chdir("/")),
                            env={"PATH": "/"}, **more)


def run(folder, files="files"):
    server = start(folder, "server", ["--bind", "127.0.0.1:0", "--udp-ports", "0",
                                      "--files", files],
                   stdout=subprocess.PIPE, text=True)
    try:
        address = next(line.split()[-1] for line in server.stdout
                       if line.startswith("listening on "))
        client = start(folder, "client", ["--server", address, "--name", "dana", "--exec",
                                          "/download story.txt --arq go-back-n"],
                       stdout=subprocess.PIPE, text=True, encoding="utf-8")
        said, _ = client.communicate(timeout=120)
        assert client.returncode == 0, said
        here, there = (folder / name / "story.txt" for name in ("downloads", files))
        assert here.read_bytes() == there.read_bytes(), said
        lab = start(folder, "lab", ["run", "--arq", "sack", "--size", "64KiB"],
                    stdout=subprocess.PIPE, text=True)
        said, _ = lab.communicate(timeout=120)
        assert lab.returncode == 0 and said, said
    finally:
        server.kill()
        server.wait()


def refuse_window(folder, client="/client"):
    """Without the libraries of the window, `client` recommends the terminal."""
    # There is no /proc, where a program finds its own path.
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/exe").symlink_to(client)
    client = start(folder, "client", [], stderr=subprocess.PIPE, text=True)
    _, complained = client.communicate(timeout=60)
    assert client.returncode == 2, complained
    assert "The window cannot be opened" in complained and "Use --text." in complained, complained


def open_window(folder):
    """`client` opens the window, which has no console behind it."""
    windows = (folder / "client-window.exe").exists()
    command = [str(folder / "client")]
    if windows:
        systems = [subsystem(folder / f"{name}.exe")
                   for name in ("client-window", "client", "server", "lab")]
        assert systems == [2, 3, 3, 3], systems  # 2: a window, 3: a console
        show_error(folder)
        command = [os.environ.get("WINE", "wine"), command[0] + ".exe"]
    client = subprocess.Popen(command, cwd=folder)
    try:
        wait_for_window(client)
        time.sleep(1)  # It is drawn.
        if os.environ.get("SASH_SCREENSHOTS"):
            subprocess.run(["import", "-window", "root", os.path.join(
                os.environ["SASH_SCREENSHOTS"], f"{folder.name}.png")], check=True)
    finally:
        if windows:
            end_wine()
        client.kill()  # `client` has become the window.
        client.wait()


def show_error(folder):
    """After a double click there is no stderr: a window shows the error."""
    started = subprocess.Popen([os.environ.get("WINE", "wine"), "start", "/wait",
                                "client-window.exe", "--no-such-option"], cwd=folder)
    try:
        wait_for_window(started)
    finally:
        end_wine()
        started.wait()


def wait_for_window(process):
    search = ["xdotool", "search", "--onlyvisible", "--name", "^Sash$"]
    until = time.monotonic() + 60
    while not subprocess.run(search, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout:
        assert process.poll() is None, f"the program ended with {process.returncode}"
        assert time.monotonic() < until, "the window does not open"
        time.sleep(0.2)


def end_wine():
    subprocess.run(["wineserver", "-k"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["wineserver", "-w"], check=False, stderr=subprocess.DEVNULL)


class Display:
    """A virtual display, and a wine of its own, which has that display from its start: a
    wine that began without one never shows a window."""

    def __enter__(self):
        reading, writing = os.pipe()
        self.display = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x800x24"],
            pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.environ["DISPLAY"] = ":" + os.read(reading, 16).decode().strip()
        os.environ["WINEDEBUG"] = "-all"
        self.wine = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        os.environ["WINEPREFIX"] = self.wine.name

    def __exit__(self, *_):
        end_wine()
        self.display.kill()
        self.display.wait()
        self.wine.cleanup()


def subsystem(program):
    """The field Subsystem of a program of Windows (PE format, optional header)."""
    start_of_program = program.read_bytes()[:1024]
    header = int.from_bytes(start_of_program[0x3C:0x40], "little")
    return int.from_bytes(start_of_program[header + 24 + 68:][:2], "little")


def prepare(folder, is_arm):
    """What each Linux has: static programs read random bytes from these devices."""
    (folder / "dev").mkdir()
    for minor, name in ((8, "random"), (9, "urandom")):
        os.mknod(folder / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    if is_arm:
        shutil.copy(shutil.which(QEMU), folder)


def dpkg(folder, *arguments):
    """With a database below the folder. It looks for two programs of /sbin, and starts none."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run(["dpkg", f"--root={folder}", "--force-architecture", *arguments], check=True,
                   env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL)


def check_archive(archive):
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpack(archive, scratch)
        check_digests(folder)
        check_paths(folder)
        check_pages(folder / "report")
        names = sorted(path.name.removesuffix(".exe") for path in folder.iterdir())
        assert [name for name in names if name != "client-window"] == EXPECTED, names
        readme = (folder / "README.txt").read_text(encoding="utf-8")
        assert len(readme.splitlines()) <= 66, "README.txt is longer than a page"
        if archive.suffix == ".zip":
            subprocess.run(["x86_64-w64-mingw32-gcc", "-shared", "-o",
                            folder / "bcryptprimitives.dll",
                            HERE / "bcryptprimitives.c", "-ladvapi32"], check=True)
        else:
            prepare(folder, "arm64" in archive.name)
        run(folder)
        if "linux-x86_64" in archive.name:
            refuse_window(folder)
        if "x86_64" in archive.name:
            open_window(folder)


def check_package(package):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        database = folder / "var/lib/dpkg"
        for name in ("info", "updates"):
            (database / name).mkdir(parents=True)
        (database / "status").touch()
        dpkg(folder, "--install", str(package))
        check_pages(folder / "usr/share/doc/sash-lab/report")
        prepare(folder, "arm64" in package.name)
        run(folder, "usr/share/sash-lab/files")
        if "amd64" in package.name:
            refuse_window(folder, "/usr/lib/sash-lab/client")
        dpkg(folder, "--remove", "sash-lab")
        left = [str(path) for path in folder.rglob("*sash*") if database not in path.parents]
        assert not left, left


def main():
    archives = sorted(Path(sys.argv[1]).glob("sash-*"))
    assert archives, "there is no package"
    with Display():
        for archive in archives:
            (check_package if archive.suffix == ".deb" else check_archive)(archive)
            print(f"{archive.name}: {archive.stat().st_size / 1e6:.1f} MB, unpacked and run")


main()
