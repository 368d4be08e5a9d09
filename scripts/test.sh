#!/usr/bin/env bash
# From a fresh checkout to the verdict of the tests: set up, build, ctest. Its summary is the last thing printed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for part in common packages kokkos build; do
  # shellcheck source=/dev/null
  source "$root/scripts/lib/$part.sh"
done

usage() {
  cat <<'EOF'
Installs what is missing, builds, and runs the tests.

  scripts/test.sh [options] [-- ctest options]
  scripts/test.sh --preset sanitize -- --label-exclude mpi

EOF
  common_options_help
}

parse_common_options "$@"
set_up
build
set_run_environment
say "testing build/$preset"
remove_temporary_folders
exec ctest --preset "$preset" --parallel "$jobs" ${rest[@]+"${rest[@]}"} </dev/null
