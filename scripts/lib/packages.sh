# shellcheck shell=bash disable=SC2154
# Compilers, libraries and Python modules: looked for, installed from Debian packages, or listed. Sourced.

debian_packages=(
  g++ make cmake ninja-build ccache
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libeigen3-dev libfmt-dev libcli11-dev libtomlplusplus-dev
  nlohmann-json3-dev libboost-dev libssl-dev libopenblas-dev libbenchmark-dev libgtest-dev
  python3 python3-venv python3-h5py python3-numpy python3-matplotlib python3-jinja2 python3-pytest
  python3-pandas python3-xarray python3-netcdf4 python3-h5netcdf netcdf-bin hdf5-tools  # readers that tests try, if there
  slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge zsh fish groff-base  # job scripts and completion, the same
  libsundials-dev  # gradients of CVODES; depends on petsc-dev, 88 packages in all on a bare machine
  python3-scipy  # a forward witness, the same
  python3-yaml python3-jsonschema  # templates that tests read, and suites held to their schema, if there
)

missing_debian_packages() {
  comm -23 <(printf '%s\n' "${debian_packages[@]}" | sort) \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${debian_packages[@]}" 2>/dev/null |
      sed -n 's/^installed //p' | sort -u)
}

# The command prefix that makes us root without asking, or failure.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo -n "$@"
  fi
}

can_install() {
  [[ $may_install == yes ]] && have apt-get && have dpkg-query && as_root true 2>/dev/null
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}

# Installs what this release of the distribution has; what it lacks shows in the search that follows.
install_debian_packages() {
  local wanted=() package
  say "installing Debian packages: $*"
  run_logged "$scratch/update.log" apt update || die "apt-get update failed" "check this machine's package sources, or use --no-install"
  for package in "$@"; do
    if [[ -n $(apt-cache show --no-all-versions "$package" 2>/dev/null) ]]; then
      wanted+=("$package")
    else
      say "this distribution has no package $package"
    fi
  done
  ((${#wanted[@]} == 0)) || run_logged "$scratch/install.log" apt install -y --no-install-recommends "${wanted[@]}" ||
    die "apt-get install failed" "the messages above say which package; --no-install leaves the package manager alone"
}

tool_row() { printf '  %s\n      module %s | Spack %s | Conda %s | Debian %s\n' "$@"; }

compiles_cxx20() {
  have "${CXX:-c++}" && "${CXX:-c++}" -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1 <<'EOF'
#include <concepts>
#include <numbers>
#include <span>
template <std::floating_point T> constexpr T twice(T x) { return 2 * x; }
static_assert(twice(std::numbers::pi) > 6.28);
int main() { return std::span<int>{}.size() == 0 ? 0 : 1; }
EOF
}

version_at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

missing_tools() {
  compiles_cxx20 ||
    tool_row "a C++20 compiler with its library (GCC >= 11 or Clang >= 14); tried ${CXX:-c++}" "gcc" gcc "gxx" g++
  local cmake_version
  cmake_version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')
  { [[ -n $cmake_version ]] && version_at_least 3.23 "$cmake_version"; } ||
    tool_row "CMake >= 3.23; found ${cmake_version:-none}" cmake cmake cmake cmake
  have ninja || tool_row "Ninja" ninja ninja ninja ninja-build
  have python3 || tool_row "Python >= 3.9" python python python "python3 python3-venv"
}

# Asks CMake, through the file that the project itself uses, so both always agree.
missing_libraries() {
  local probe
  probe=$(new_folder)
  cat >"$probe/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.23)
project(retrace_probe VERSION 0 LANGUAGES CXX)
list(APPEND CMAKE_MODULE_PATH "${RETRACE_ROOT}/cmake")
include(RetraceDependencies)
EOF
  cmake -G Ninja -S "$probe" -B "$probe/build" -DRETRACE_ROOT="$root" -DRETRACE_PROBE=ON -DRETRACE_ENABLE_TESTS=ON \
    >"$probe/log" 2>&1 </dev/null && return
  if [[ -f $probe/build/missing.txt ]]; then
    cat "$probe/build/missing.txt"
  else
    echo "  CMake failed before it could look for libraries:"
    sed 's/^/      /' "$probe/log" | tail -n 15
  fi
}

# What is missing, one entry of two lines each; nothing when everything is there.
list_missing() {
  local tools
  tools=$(missing_tools)
  if [[ -n $tools ]]; then
    printf '%s\n' "$tools"
    if [[ $tools == *compiler* || $tools == *CMake* ]]; then
      echo "  and, not looked for as long as compiler or CMake are missing: MPI, HDF5, Eigen, fmt, CLI11, toml++, nlohmann"
      echo "      json, Boost, OpenSSL, GoogleTest; names in docs/install.md"
    fi
  else
    missing_libraries
  fi
}

# As long as the list of dependencies has not changed since.
already_configured() {
  [[ $root/build/$preset/build.ninja -nt $root/cmake/RetraceDependencies.cmake ]] &&
    grep -qs '^RETRACE_DEPENDENCIES_FOUND:.*=ON' "$root/build/$preset/CMakeCache.txt"
}

has_python_modules() {
  "$1" -c 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))' \
    h5py jinja2 matplotlib numpy pytest 2>/dev/null
}

# Prints the interpreter to use: the user's choice, else python3 of the PATH, else the system's.
find_python() {
  local candidate candidates=(python3 /usr/bin/python3)
  [[ -z ${RETRACE_PYTHON:-} ]] || candidates=("$RETRACE_PYTHON")
  for candidate in "${candidates[@]}"; do
    ! has_python_modules "$candidate" || { command -v "$candidate" && return; }
  done
  return 1
}

# Everything but Kokkos. What is there serves, wherever it is from; the package manager comes last.
ensure_packages() {
  local packages=() missing
  if have dpkg-query; then
    mapfile -t packages < <(missing_debian_packages)
    ((${#packages[@]} > 0)) || { say "Debian packages: all there" && return; }
  fi
  ! already_configured || return 0  # configure looks again, and says what has gone

  missing=$(list_missing)
  if [[ -z $missing ]] && find_python >/dev/null; then
    say "compiler, tools, libraries and Python modules: all there"
    return
  fi
  if can_install; then
    install_debian_packages "${packages[@]}"
    missing=$(list_missing)
  fi
  [[ -z $missing ]] || report_missing "$missing" "${packages[@]}"
}

# report_missing <list> [Debian package...]
report_missing() {
  local advice="Load the modules or install the packages, then run the script again; docs/install.md has all the names."
  (($# == 1)) || ! have apt-get ||
    advice="$advice"$'\n'"       On this machine root can do it: apt-get install --no-install-recommends ${*:2}"
  die "missing on this machine:" "${1//$'\n'/$'\n'       }" "$advice"
}

create_python_environment() {
  local environment=$1 log=$scratch/python.log
  [[ ! -f $environment/complete ]] || return 0
  say "no python3 with h5py, jinja2, matplotlib, numpy, pytest: installing them into $environment"
  rm -rf -- "$environment"
  { run_logged "$log" python3 -m venv "$environment" &&
    run_logged "$log" "$environment/bin/python" -m pip install -r "$root/scripts/requirements.txt"; } ||
    die "could not install the Python modules" "load or install them (names: scripts/requirements.txt) and run again," \
      "or name an interpreter that has them in RETRACE_PYTHON"
  touch "$environment/complete"
}

# Sets and exports RETRACE_PYTHON; without an interpreter that has the modules, in an environment of our own.
ensure_python() {
  local environment python
  if ! python=$(find_python); then
    [[ -z ${RETRACE_PYTHON:-} ]] || die "RETRACE_PYTHON=$RETRACE_PYTHON does not run, or lacks modules of scripts/requirements.txt"
    environment=$dependencies/python-$({ python3 --version && cat "$root/scripts/requirements.txt"; } | sha256sum | cut -c 1-10)
    with_lock create_python_environment "$environment"
    python=$environment/bin/python
  fi
  export RETRACE_PYTHON=$python
}
