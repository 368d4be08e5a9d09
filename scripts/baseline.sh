#!/usr/bin/env bash
# Holds the smoke suite against the baseline of this repository, or makes what it gives the new baseline.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=smoke
baselines=$root/results/baselines

usage() {
  cat <<'HELP'
Holds the smoke suite against the baseline of this repository.

  scripts/baseline.sh check              exit code of retrace compare: 0 equal, 1 or 3 not
  scripts/baseline.sh update REASON      the present results become the baseline; the reason goes into its history

The program is build/release/bin/retrace, or what RETRACE_PROGRAM names; RETRACE_BASELINE_GATE has the tiers that may fail
(default numeric,counters,memory).
HELP
}

fail() {
  printf 'baseline.sh: %s\n' "$*" >&2
  exit 2
}

case "${1:-} $#" in
"check 1" | "update 2") ;;
"-h 1" | "--help 1")
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac

program=${RETRACE_PROGRAM:-$root/build/release/bin/retrace}
[[ -x $program ]] || fail "there is no program $program; build it, or name it in RETRACE_PROGRAM"
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

# One rank and one thread, as in the baseline: bytes of scratch depend on both. Times are of no interest.
export OMP_NUM_THREADS=1 OMP_PROC_BIND=false KOKKOS_DISABLE_WARNINGS=1
cd "$scratch"
"$program" run --suite smoke --quiet --no-ceilings --repeat 1 --warmup 0 --min-time 0 -o new.h5
if [[ $1 == check ]]; then
  "$program" compare new.h5 "$name" --baselines "$baselines" --rules "$baselines/rules.toml" \
    --gate "${RETRACE_BASELINE_GATE:-numeric,counters,memory}"
elif [[ -e $baselines/$name.h5 ]]; then
  "$program" compare new.h5 "$name" --baselines "$baselines" --rules "$baselines/rules.toml" --allow-removed \
    --update-baseline "$2"
else
  "$program" baseline save "$name" new.h5 --portable --reason "$2" --baselines "$baselines"
fi
