#!/usr/bin/env bash
# Installs what is missing, finds or builds Kokkos, and configures one preset. See --help.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

usage() {
  cat <<'EOF'
Makes a checkout ready to build: Debian packages where apt-get can be used,
Kokkos, Python modules, and a configured build folder build/PRESET.

  scripts/setup.sh [options]

EOF
  common_options_help
}

parse_common_options "$@"
set_up
say "ready: cmake --build --preset $preset && ctest --preset $preset"
