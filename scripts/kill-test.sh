#!/usr/bin/env bash
# Kills runs at random moments and looks at what is left of their results. See --help.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

usage() {
  cat <<'EOF'
The test of ctest that kills the program while it works on a case (docs/results.md),
with more kills: alone, then a random one of two ranks.

  scripts/kill-test.sh [--kills N] [--seed N] [options]

  --kills N         kills on each number of ranks (default: 50)
  --seed N          other moments (default: 1)
EOF
  common_options_help
}

kills=50 seed=1
arguments=()
while (($# > 0)); do
  case $1 in
    --kills | --seed)
      (($# > 1)) || die "option $1 needs a value" "see $0 --help"
      [[ $2 =~ ^[0-9]+$ ]] || die "$1 '$2' is not a number"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
parse_common_options ${arguments[@]+"${arguments[@]}"}
set_up
build bin/retrace
set_run_environment
say "$kills kills on one rank and on two"
clean_up
export RETRACE_KILLS=$kills RETRACE_KILLS_SEED=$seed
exec ctest --preset "$preset" -R '^program_kills' --verbose </dev/null
