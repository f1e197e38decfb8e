"""Writes a zip archive of the files that stdin names, in that order: zip.py ARCHIVE

Names are UTF-8 and marked as such, and every file has the first time that zip knows, so that
two runs make the same bytes.
"""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

with ZipFile(sys.argv[1], "w", ZIP_DEFLATED, compresslevel=9) as archive:
    for name in sys.stdin.read().splitlines():
        told = ZipInfo(name)
        told.compress_type = ZIP_DEFLATED
        told.create_system = 3
        told.external_attr = (0o100000 | Path(name).stat().st_mode & 0o777) << 16
        archive.writestr(told, Path(name).read_bytes())
