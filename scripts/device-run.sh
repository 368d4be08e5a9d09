#!/usr/bin/env bash
# Builds and runs what scripts/device-bundle.sh packed, without network. See --help.
# shellcheck disable=SC2317  # functions are called through `timed`
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"
# shellcheck source=scripts/lib/cuda.sh
source "$root/scripts/lib/cuda.sh"

usage() {
  cat <<'EOT'
On a machine with a GPU, nvcc, cuBLAS, CMake, Ninja and g++: unpacks a bundle, builds
Kokkos and the project from it, runs the tests of the GPU and the suite gpu, and
leaves results, logs and times in a folder. May be repeated; what is built stays.

  scripts/device-run.sh [--bundle FILE] [options]
  retrace-device/run.sh [options]                    from an unpacked bundle

  --bundle FILE     default: build/device/retrace-device.tar.xz
  --into DIR        where it is unpacked and built (default: build/device/work)
  --results DIR     where results go (default: DIR/results)
  --backend NAME    cuda, or openmp: the same on a machine without a GPU, with
                    the suite smoke
  --phase NAME      build, test or run: one of the three only
  --jobs N          compile N files at once (default: cores, within the memory)
  -h, --help        this text
EOT
}

bundle='' into='' results='' backend=cuda phase=all
arguments=()
while (($# > 0)); do
  case $1 in
    --bundle | --into | --results | --backend | --phase)
      (($# > 1)) || die "option $1 needs a value" "see $0 --help"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
parse_common_options ${arguments[@]+"${arguments[@]}"}
[[ $backend =~ ^(cuda|openmp)$ ]] || die "unknown backend '$backend'" "there are: cuda, openmp"
[[ $phase =~ ^(all|build|test|run)$ ]] || die "unknown phase '$phase'" "there are: build, test, run"
preset=release suite=smoke variant=()
if [[ $backend == cuda ]]; then
  preset=cuda suite=gpu variant=(--cuda)
  find_nvcc || die "no nvcc on the PATH, in CUDA_HOME or in /usr/local/cuda"
fi

# Unpacked once for each bundle; a folder made by hand (run.sh) has no stamp and stays as it is.
into=${into:-$root/build/device/work}
if [[ ! -f $into/run.sh || -n $bundle ]]; then
  bundle=${bundle:-$root/build/device/retrace-device.tar.xz}
  [[ -f $bundle ]] || die "no bundle $bundle" "scripts/device-bundle.sh makes one"
  mkdir -p "$into"
  sum=$(sha256sum "$bundle" | cut -d ' ' -f 1)
  if [[ $(cat "$into/bundle.sha256" 2>/dev/null) != "$sum" ]]; then
    say "unpacking $bundle"
    tar -xJf "$bundle" -C "$into" --strip-components=1
    echo "$sum" >"$into/bundle.sha256"
  fi
fi
into=$(cd "$into" && pwd)
results=${results:-$into/results}
mkdir -p "$results" "$into/bin"
results=$(cd "$results" && pwd)
source=$into/source
build=$source/build/$preset
libraries=$into/usr/lib/x86_64-linux-gnu

# timed <name> <command...>: its output goes to <results>/<name>.log, its seconds to times.txt.
timed() {
  local name=$1 started=$SECONDS status=0
  shift
  say "$name"
  "$@" >"$results/$name.log" 2>&1 </dev/null || status=$?
  echo "$name $((SECONDS - started)) s, exit code $status" | tee -a "$results/times.txt"
  ((status == 0)) || { tail -n 40 "$results/$name.log" >&2 && return "$status"; }
}

# Programs of the bundle find their libraries and settings there, all others the machine's own.
write_launchers() {
  local program target
  for program in mpicc:mpicc.openmpi mpicxx:mpic++.openmpi mpiexec:orterun orted:orted; do
    target=$into/usr/bin/${program#*:}
    cat >"$into/bin/${program%%:*}" <<EOT
#!/bin/sh
export OPAL_PREFIX=$into/usr OPAL_LIBDIR=$libraries/openmpi/lib PMIX_INSTALL_PREFIX=$into/usr
export LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} PATH=$into/bin:\$PATH
exec $target "\$@"
EOT
    chmod +x "$into/bin/${program%%:*}"
  done
  # Debian's own asks for libraries that only static linking needs.
  cat >"$into/bin/h5pcc" <<EOT
#!/bin/sh
case \$1 in
  -showconfig) cat $libraries/hdf5/openmpi/libhdf5.settings ;;
  *) echo "cc -I$into/usr/include/hdf5/openmpi -L$libraries/hdf5/openmpi -lhdf5_hl -lhdf5" ;;
esac
EOT
  chmod +x "$into/bin/h5pcc"
}

build_kokkos_here() {
  local archive=("$into"/archives/*)
  RETRACE_KOKKOS_SOURCE=${archive[0]} "$source/scripts/install-kokkos.sh" ${variant[@]+"${variant[@]}"} --prefix "$into/deps" \
    --jobs "$jobs" >"$into/kokkos-root"
}

configure() {
  Kokkos_ROOT=$(cat "$into/kokkos-root")
  export Kokkos_ROOT
  # Old-style RPATH, because it holds for the libraries of the libraries too.
  (cd "$source" && cmake --preset "$preset" "-DCMAKE_PREFIX_PATH=$into/usr" "-DMPI_C_COMPILER=$into/bin/mpicc" \
    "-DMPI_CXX_COMPILER=$into/bin/mpicxx" "-DMPIEXEC_EXECUTABLE=$into/bin/mpiexec" \
    "-DHDF5_C_COMPILER_EXECUTABLE=$into/bin/h5pcc" "-DOPENSSL_ROOT_DIR=$into/usr" -DRETRACE_WITH_BLAS=OFF -DRETRACE_CCACHE=OFF \
    "-DCMAKE_BUILD_RPATH=$libraries" "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,-rpath-link,$libraries")
}

describe_machine() {
  uname -a
  nproc
  g++ --version | head -n 1
  cmake --version | head -n 1
  [[ $backend != cuda ]] || { nvcc --version | tail -n 2 && nvidia-smi; }
}

run_suite() {
  local threads
  threads=$(nproc)
  rm -f -- "$results/$suite.h5"
  OMP_NUM_THREADS=$threads "$build/bin/retrace" run --suite "$suite" -o "$results/$suite.h5"
}

export OPAL_PREFIX=$into/usr OPAL_LIBDIR=$libraries/openmpi/lib PMIX_INSTALL_PREFIX=$into/usr
set_run_environment
status=0
if [[ $phase =~ ^(all|build)$ ]]; then
  write_launchers
  timed machine describe_machine || true
  timed kokkos build_kokkos_here
  timed configure configure
  timed build cmake --build "$build" --parallel "$jobs"
fi
if [[ $phase =~ ^(all|test)$ ]]; then
  timed device-tests ctest --test-dir "$build" --output-on-failure -L gpu || status=1
  timed tests ctest --test-dir "$build" --output-on-failure --parallel 4 -LE 'gpu|slow' || status=1
fi
if [[ $phase =~ ^(all|run)$ ]]; then
  timed doctor "$build/bin/retrace" doctor || true
  timed backends "$build/bin/retrace" list backends || status=1
  timed suite run_suite || status=1
fi
say "results in $results"
exit "$status"
