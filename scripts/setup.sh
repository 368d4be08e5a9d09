#!/usr/bin/env bash
# Installs what is missing, finds or builds Kokkos, and configures one preset. See --help.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for part in common packages kokkos build; do
  # shellcheck source=/dev/null
  source "$root/scripts/lib/$part.sh"
done

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
