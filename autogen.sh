#!/bin/sh
# Makes `configure` in a fresh checkout. Nothing else: no configure run, no build.
set -eu
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf -fi
