#!/usr/bin/env bash
# From a fresh checkout to the verdict of the tests: set up, build, ctest. Its summary is the last thing printed.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

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
build all
set_run_environment
say "testing build/$preset"
clean_up
exec ctest --preset "$preset" --parallel "$jobs" ${rest[@]+"${rest[@]}"} </dev/null
