# shellcheck shell=bash disable=SC2154
# From a checkout to a configured and built preset. Sourced.

# Dependencies, then `cmake --preset`. Nothing is done twice.
set_up() {
  cd "$root" || exit
  ensure_packages
  ensure_python
  ensure_kokkos
  export Kokkos_ROOT=${kokkos_directory%/lib*/cmake/Kokkos}
  say "configuring build/$preset"
  cmake --preset "$preset" "-DKokkos_DIR=$kokkos_directory" "-DRETRACE_PYTHON=$RETRACE_PYTHON" \
    ${RETRACE_NATIVE:+"-DRETRACE_NATIVE=$RETRACE_NATIVE"} </dev/null ||
    die "configuring failed" "if build/$preset is from another compiler or place, remove it and run again"
}

# build <target>...
build() {
  say "building build/$preset with $jobs jobs"
  cmake --build --preset "$preset" --parallel "$jobs" --target "$@" </dev/null ||
    die "building failed" "the first error above is the one to look at"
}

cached() { sed -n "s/^$1:[^=]*=//p" "$root/build/$preset/CMakeCache.txt"; }
