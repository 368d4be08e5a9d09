#!/usr/bin/env bash
# From a fresh checkout to a first result: set up, build, run the quick suite on two MPI ranks, make its report.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

usage() {
  cat <<'EOF'
Installs what is missing, builds, runs the quick suite on two MPI ranks and
writes results/quickstart.h5 and its report, results/quickstart.html.
Results of an earlier run are kept under a name with their time.

  scripts/quickstart.sh [options]

EOF
  common_options_help
}

# keep_earlier <file>: moves it, and the journal of an unfinished run, to a name with the time it was written.
keep_earlier() {
  local file=$1 written=$1 stamp kept copy=0
  [[ -e $file ]] || written=$file.journal
  [[ -e $written ]] || return 0
  stamp=$(date -u -r "$written" +%Y%m%dT%H%M%SZ)
  kept=${file%.*}-$stamp.${file##*.}
  while [[ -e $kept ]]; do
    copy=$((copy + 1))
    kept=${file%.*}-$stamp-$copy.${file##*.}
  done
  [[ ! -e $file.journal ]] || mv "$file.journal" "$kept.journal"
  [[ ! -e $file ]] || mv "$file" "$kept"
  say "kept the earlier ${file#"$root"/} as ${kept#"$root"/}"
}

parse_common_options "$@"
set_up
build bin/retrace
set_run_environment

result=results/quickstart.h5 report=results/quickstart.html
keep_earlier "$root/$result"
keep_earlier "$root/$report"

retrace=build/$preset/bin/retrace
launcher=$(cached MPIEXEC_EXECUTABLE)
say "running the quick suite on 2 ranks"
status=0
"${launcher:-mpirun}" -n 2 "$retrace" run --suite quick -o "$result" </dev/null || status=$?
[[ -f $result ]] || die "the run ended with exit code $status and left no $result"

"$retrace" report "$result" -o "$report" </dev/null || die "no report could be made of $result"
say "results: $root/$result"
say "report:  $root/$report (open it in a browser)"
((status == 0)) || say "retrace run ended with exit code $status: not every check passed, the report says which"
exit "$status"
