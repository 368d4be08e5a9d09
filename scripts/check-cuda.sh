#!/usr/bin/env bash
# Does what runs on a GPU compile? Needs nvcc, no GPU. See --help.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"
# shellcheck source=scripts/lib/cuda.sh
source "$root/scripts/lib/cuda.sh"

usage() {
  cat <<'EOF'
Compiles the gradients of some problems for a GPU, every method and solver, with
nvcc and a Kokkos with CUDA: one that was built earlier, else one that is
configured only, since compiling does not need its library.
Nothing is downloaded. Ends with 77, and says why, where it cannot be done.

  scripts/check-cuda.sh [options]

  --prefix DIR    where Kokkos or its sources are (default: RETRACE_DEPS, else a
                  cache folder of this user)
  --jobs N        compile N files at once (default: cores, within the memory)
  -h, --help      this text
  RETRACE_CUDA_ARCH    the GPU as Kokkos calls it (default: HOPPER90)
EOF
}

skip() {
  say "skipped: $*"
  exit 77
}

# An ensemble that depends on time and one that does not, and a field; each number of a pair for state and time.
units=(lorenz63_F64 lorenz63_F32 van_der_pol_forced_F64 van_der_pol_forced_Mixed neural_mlp_F64 neural_mlp_Mixed)

parse_common_options "$@"
preset=cuda
cd "$root"
find_nvcc || skip "no nvcc on the PATH, in CUDA_HOME or in /usr/local/cuda"
version_at_least 12 "$(nvcc_version)" || skip "nvcc $(nvcc_version) is older than 12"
export RETRACE_CUDA_ARCH=${RETRACE_CUDA_ARCH:-HOPPER90}

folder=$root/build/check-cuda
identify_install cuda
if [[ -d $kokkos_install ]]; then
  say "Kokkos built earlier: $kokkos_install"
  kokkos_directory=$(config_folder "$kokkos_install")
  nvcc_wrapper=$kokkos_install/bin/nvcc_wrapper
else
  has_kokkos_source || skip "no Kokkos with CUDA, and no sources of Kokkos in $dependencies/archives or RETRACE_KOKKOS_SOURCE"
  say "configuring Kokkos for CUDA ($RETRACE_CUDA_ARCH)"
  configure_cuda_kokkos "$folder/kokkos"
fi

say "configuring the project for CUDA"
run_logged "$scratch/configure.log" cmake -G Ninja -S "$root" -B "$folder/project" -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_COMPILER=$nvcc_wrapper" "-DKokkos_DIR=$kokkos_directory" -DRETRACE_ENABLE_TESTS=OFF \
  -DRETRACE_CCACHE=OFF || die "the project could not be configured for CUDA"
targets=()
for unit in "${units[@]}"; do
  targets+=("verification/CMakeFiles/retrace_device_gradients.dir/device/$unit.cpp.o")
done
say "compiling ${#targets[@]} units with nvcc $(nvcc_version) for $RETRACE_CUDA_ARCH, $jobs at once"
started=$SECONDS
cmake --build "$folder/project" --parallel "$jobs" --target "${targets[@]}" </dev/null ||
  die "the device code does not compile"
say "compiled in $((SECONDS - started)) s; all in $SECONDS s"
