# shellcheck shell=bash disable=SC2034
# Messages, options and environment that the scripts share. Sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# run_logged <log> <command...>: quiet while it works; on failure shows the end of the log and keeps all of it.
run_logged() {
  local log=$1 kept=$dependencies/last-failure.log
  shift
  "$@" >"$log" 2>&1 </dev/null && return
  cp "$log" "$kept" 2>/dev/null || kept=$log
  printf '%s\n' "--- end of the output (all of it: $kept) ---" >&2
  tail -n 30 "$log" >&2
  echo "---" >&2
  return 1
}

# Cores, but no more than one compiler per 2 GiB of free memory: a file full of templates can take as much.
default_jobs() {
  local cores memory_kib jobs
  cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
  ! have nproc || cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null || true)
  jobs=$((${memory_kib:-4194304} / 2097152))
  ((jobs < cores)) || jobs=$cores
  echo $((jobs < 1 ? 1 : jobs))
}

# Where Kokkos built from source and Python modules go: per user, so that a second checkout does not rebuild them.
default_dependencies() {
  if [[ -n ${XDG_CACHE_HOME:-} ]]; then
    echo "$XDG_CACHE_HOME/retrace"
  elif [[ -n ${HOME:-} && -w $HOME ]]; then
    echo "$HOME/.cache/retrace"
  else
    echo "$root/.cache/retrace"
  fi
}

common_options_help() {
  cat <<'EOF'
  --preset NAME   release, dev, sanitize or cuda (default: release)
  --prefix DIR    where Kokkos built from source goes
                  (default: RETRACE_DEPS, else a cache folder of this user)
  --jobs N        compile N files at once (default: cores, within the memory)
  --no-install    never call the package manager, even as root
  -h, --help      this text
EOF
}

# parse_common_options "$@": sets preset, dependencies, jobs, may_install, and `rest` (what follows --).
parse_common_options() {
  preset=release
  dependencies=${RETRACE_DEPS:-$(default_dependencies)}
  jobs=$(default_jobs)
  may_install=yes
  rest=()
  while (($# > 0)); do
    case $1 in
      --preset | --prefix | --jobs) (($# > 1)) || die "option $1 needs a value" "see $0 --help" ;;&
      --preset) preset=$2 && shift ;;
      --prefix) dependencies=$2 && shift ;;
      --jobs) jobs=$2 && shift ;;
      --preset=* | --prefix=* | --jobs=*)
        local value=${1#*=} name=${1%%=*}
        shift
        set -- "$name" "$value" "$@"
        continue
        ;;
      --no-install) may_install=no ;;
      -h | --help) usage && exit 0 ;;
      --)
        shift
        rest=("$@")
        break
        ;;
      *) die "unknown option $1" "see $0 --help" ;;
    esac
    shift
  done
  [[ $preset =~ ^(release|dev|sanitize|cuda)$ ]] || die "unknown preset '$preset'" "there are: release, dev, sanitize, cuda"
  [[ $jobs =~ ^[1-9][0-9]*$ ]] || die "--jobs wants a positive number, not '$jobs'"
  mkdir -p "$dependencies" 2>/dev/null || [[ -d $dependencies ]] || die "cannot create $dependencies" "choose a folder with --prefix DIR or RETRACE_DEPS"
  dependencies=$(cd "$dependencies" && pwd)
}

# What the programs run under, unless the user has said otherwise: one thread per rank, ranks unbound, more ranks than
# cores allowed (Open MPI 4 by OMPI_..., 5 by PRTE_...).
set_run_environment() {
  export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OMP_PROC_BIND="${OMP_PROC_BIND:-false}"
  export OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
  export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
  # Ranks that wait give their processor away: it may be somebody else's, too, and a reduction per step waits for them.
  export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
  export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
  export PRTE_MCA_rmaps_default_mapping_policy="${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}"
  export PRTE_MCA_hwloc_default_binding_policy="${PRTE_MCA_hwloc_default_binding_policy:-none}"
  [[ $preset != sanitize ]] || export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
  if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# with_lock <command...>: one set-up at a time in the dependency folder; without flock the final rename still decides.
with_lock() {
  local lock
  if have flock && exec {lock}>"$dependencies/.lock"; then
    flock -n "$lock" || { say "waiting for another set-up that works in $dependencies" && flock "$lock"; }
    "$@"
    exec {lock}>&-
  else
    "$@"
  fi
}

# Scratch space, removed when the script ends; `stage` is a folder beside its goal, for a rename.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/retrace-XXXXXX") || die "cannot create a folder in ${TMPDIR:-/tmp}"
stage=""
clean_up() { rm -rf -- "$scratch" ${stage:+"$stage"}; }
trap clean_up EXIT
new_folder() { mktemp -d "$scratch/XXXXXX"; }
