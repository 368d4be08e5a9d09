# shellcheck shell=bash disable=SC2154,SC2034
# The CUDA toolkit, and a Kokkos for compiling alone. Sourced.

# Puts nvcc on the PATH from where it usually lies.
find_nvcc() {
  local folder
  ! have nvcc || return 0
  for folder in ${CUDA_HOME:+"$CUDA_HOME/bin"} ${CUDA_PATH:+"$CUDA_PATH/bin"} /usr/local/cuda/bin; do
    if [[ -x $folder/nvcc ]]; then
      export PATH=$folder:$PATH
      return
    fi
  done
  return 1
}

# Are the sources of Kokkos on this machine, so that nothing need be downloaded?
has_kokkos_source() {
  local archives=$dependencies/archives
  [[ -n ${RETRACE_KOKKOS_SOURCE:-} ]] || has_sha256 "$archives/$kokkos_archive" "$kokkos_archive_sha256" ||
    has_sha256 "$archives/$carrier_archive" "$carrier_archive_sha256"
}

# configure_cuda_kokkos <folder>: configured, not built, since compiling needs its headers alone. Sets kokkos_directory and
# nvcc_wrapper.
configure_cuda_kokkos() {
  local folder=$1 options version
  kokkos_directory=$folder/build
  nvcc_wrapper=$folder/source/bin/nvcc_wrapper
  [[ ! -e $folder/for-${kokkos_install##*/} ]] || return 0
  rm -rf -- "$folder"
  mkdir -p "$folder/unpacked"
  prepare_source "$folder/unpacked"
  mv "$kokkos_source" "$folder/source"
  rm -rf -- "$folder/unpacked"
  adapt_to_cuda "$folder/source"
  version=$(kokkos_version_of "$folder/source")
  mapfile -t options < <(kokkos_options cuda && echo "-DKokkos_ENABLE_DEPRECATED_CODE_${version%%.*}=OFF")
  run_logged "$scratch/kokkos.log" cmake -G Ninja -S "$folder/source" -B "$folder/build" "${options[@]}" \
    "-DCMAKE_CXX_COMPILER=$nvcc_wrapper" || die "Kokkos could not be configured for CUDA"
  touch "$folder/for-${kokkos_install##*/}"
}
