#!/usr/bin/env bash
# Builds Kokkos from source for this compiler and processor, unless it is there already. See --help.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

usage() {
  cat <<'EOF'
Builds Kokkos (Serial, OpenMP, C++20, this processor) into a folder of its own
below the prefix, tries it, and prints the folder: the value for Kokkos_ROOT.
The source is RETRACE_KOKKOS_SOURCE (tree or archive), else the pinned release.

  scripts/install-kokkos.sh [--checked | --cuda] [options]

  --checked       Views check their bounds: for the presets dev and sanitize
  --cuda          with CUDA, by nvcc; RETRACE_CUDA_ARCH names the GPU (HOPPER90)
  --prefix DIR    where it goes (default: RETRACE_DEPS, else a cache folder)
  --jobs N        compile N files at once (default: cores, within the memory)
  -h, --help      this text
EOF
}

variant=plain
arguments=()
for argument in "$@"; do
  case $argument in
    --checked) variant=checked ;;
    --cuda) variant=cuda ;;
    *) arguments+=("$argument") ;;
  esac
done
parse_common_options ${arguments[@]+"${arguments[@]}"}
exec 3>&1 >&2  # the folder alone goes to standard output
provide_kokkos "$variant"
printf '%s\n' "$kokkos_install" >&3
