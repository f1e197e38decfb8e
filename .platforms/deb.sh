#!/bin/sh
# sash-server, sash-client and sash-lab of the package for Debian (`cargo deb`): a program has
# its window and its page beside it, and a short name of its own only there.
exec "/usr/lib/sash/${0##*/sash-}" "$@"
