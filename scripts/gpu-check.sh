#!/usr/bin/env bash
# Checks everything on a machine with an NVIDIA GPU that has a checkout, the CUDA toolkit and what
# `npm run gpu:pack` made, and nothing else: bash scripts/gpu-check.sh [options of gpu-check.mjs].
# See docs/gpu.md.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -f .gpu/runtime.tar.xz ] && [ ! -x .gpu/node ]; then
  # Not everywhere is an xz that tar could call.
  tar -xJf .gpu/runtime.tar.xz ||
    python3 -c 'import tarfile; tarfile.open(".gpu/runtime.tar.xz").extractall(".")'
fi
node=.gpu/node
[ -x "$node" ] || node=node
exec "$node" scripts/gpu-check.mjs "$@"
