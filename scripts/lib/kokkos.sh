# shellcheck shell=bash disable=SC2154
# Kokkos: found (Kokkos_ROOT, modules, Spack, packages), or built from a given, released or packaged source. Sourced.

# The release that is built where none is found, and the package that carries the same sources to machines that reach
# package registries only. The hashes are checked before anything is unpacked.
kokkos_release=4.5.1
kokkos_archive=kokkos-4.5.01.tar.gz
kokkos_archive_url=https://github.com/kokkos/kokkos/releases/download/4.5.01/$kokkos_archive
kokkos_archive_sha256=52d003ffbbe05f30c89966e4009c017efb1662b02b2b73190670d3418719564c
carrier_package=pycompadre
carrier_version=1.7.6
carrier_archive=$carrier_package-$carrier_version.tar.gz
carrier_archive_sha256=c766ec4d445ce076069be4b8c51a23ffac4ee79ea949ca86446bfd8c299b154c

# --- Found on this machine -------------------------------------------------------------------------------------------

# probe_kokkos <build folder> [cmake argument...]: what CMake finds; sets kokkos_directory, kokkos_version,
# kokkos_devices, kokkos_problem.
probe_kokkos() {
  local build=$1
  shift
  cmake -G Ninja -S "$root/cmake/kokkos_smoke" -B "$build" "$@" >"$build.log" 2>&1 </dev/null || true
  kokkos_directory=$(probed directory "$build")
  kokkos_version=$(probed version "$build")
  kokkos_devices=$(probed devices "$build")
  kokkos_problem=$(probed problem "$build")
  [[ -f $build/kokkos.txt ]] ||
    kokkos_problem="CMake failed on it: $(grep -m 1 -A 3 'CMake Error' "$build.log" | tr -s ' \n' ' ' || true)"
}

probed() { sed -n "s/^$1 //p" "$2/kokkos.txt" 2>/dev/null || true; }

# smoke_test <build folder>: compiles and runs the program of a probed folder. A program for CUDA is only linked where
# there is no driver to run it.
smoke_test() {
  local build=$1
  run_logged "$build.log" cmake --build "$build" || return 1
  if [[ $kokkos_devices == *CUDA* ]] && ! { have nvidia-smi && nvidia-smi -L >/dev/null 2>&1; }; then
    say "no NVIDIA driver here: the smoke test of Kokkos was compiled and linked, not run"
    return 0
  fi
  KOKKOS_DISABLE_WARNINGS=1 OMP_PROC_BIND=false OMP_NUM_THREADS=2 run_logged "$build.log" "$build/kokkos_smoke"
}

# A Kokkos that CMake finds by itself is tried once per installation and compiler.
accept_found_kokkos() {
  local build=$1 mark
  mark=$dependencies/tried/$(printf '%s\n' "$kokkos_directory" "$kokkos_version" "$(compiler_macros)" | sha256sum | cut -c 1-16)
  [[ ! $mark -nt $kokkos_directory/KokkosConfig.cmake ]] || return 0
  smoke_test "$build" || die "Kokkos $kokkos_version in $kokkos_directory does not work with this compiler" \
    "(${CXX:-c++}): its smoke test, cmake/kokkos_smoke, failed as shown above." \
    "Name another one in Kokkos_ROOT, or let scripts/install-kokkos.sh build one."
  { mkdir -p "${mark%/*}" && touch "$mark"; } 2>/dev/null || true  # a shared, read-only prefix: tried each time
}

find_kokkos() {
  local build
  build=$(new_folder)
  probe_kokkos "$build"
  if [[ -z $kokkos_problem ]]; then
    accept_found_kokkos "$build"
    say "Kokkos $kokkos_version (${kokkos_devices//;/ }) found in $kokkos_directory"
    return 0
  fi
  [[ -z ${Kokkos_ROOT:-}${Kokkos_DIR:-} ]] || die "Kokkos_ROOT=${Kokkos_ROOT:-${Kokkos_DIR:-}}: $kokkos_problem" \
    "Correct it, or unset it to have Kokkos $kokkos_release built."
  [[ -z $kokkos_directory || $kokkos_directory == *-NOTFOUND ]] || say "$kokkos_problem; looking for another"
  return 1
}

# --- Sources ---------------------------------------------------------------------------------------------------------

has_sha256() { [[ -f $1 && $(sha256sum "$1" | cut -d ' ' -f 1) == "$2" ]]; }

download() {
  if have curl; then
    curl --fail --silent --show-error --location --connect-timeout 5 --max-time 300 --output "$2" "$1"
  else
    python3 -c 'import shutil, sys, urllib.request as u
with u.urlopen(sys.argv[1], timeout=5) as reply, open(sys.argv[2], "wb") as file: shutil.copyfileobj(reply, file)' "$1" "$2"
  fi
}

download_release() {
  download "$kokkos_archive_url" "$1/$kokkos_archive" >"$1/download.log" 2>&1 || return 1
  has_sha256 "$1/$kokkos_archive" "$kokkos_archive_sha256" && return
  say "$kokkos_archive does not have the expected SHA-256 and is not used"
  return 1
}

# pip checks the hash before it unpacks, and unpacks because it wants the package's metadata.
download_carrier() {
  local python=(python3)
  if ! python3 -m pip --version >/dev/null 2>&1; then
    run_logged "$1/pip.log" python3 -m venv "$1/pip" || return 1
    python=("$1/pip/bin/python")
  fi
  echo "$carrier_package==$carrier_version --hash=sha256:$carrier_archive_sha256" >"$1/requirements.txt"
  run_logged "$1/pip.log" "${python[@]}" -m pip download --no-deps --no-binary "$carrier_package" \
    --requirement "$1/requirements.txt" --dest "$1" && has_sha256 "$1/$carrier_archive" "$carrier_archive_sha256"
}

# Puts one of the two archives into <prefix>/archives, where later builds of other variants find it.
fetch_archive() {
  local archives=$dependencies/archives work
  archive=$archives/$kokkos_archive
  has_sha256 "$archive" "$kokkos_archive_sha256" && return
  archive=$archives/$carrier_archive
  has_sha256 "$archive" "$carrier_archive_sha256" && return

  work=$(new_folder)
  mkdir -p "$archives"
  say "downloading Kokkos $kokkos_release"
  if download_release "$work"; then
    archive=$archives/$kokkos_archive
  else
    say "the release archive cannot be reached; taking the same sources from the Python package $carrier_package $carrier_version"
    download_carrier "$work" || die "found no sources of Kokkos $kokkos_release" \
      "Give a source tree or archive in RETRACE_KOKKOS_SOURCE (for example $kokkos_archive of the Kokkos releases)," \
      "or an installed Kokkos in Kokkos_ROOT."
    archive=$archives/$carrier_archive
  fi
  mv "$work/${archive##*/}" "$archive"
}

kokkos_version_of() {
  local part version=""
  for part in MAJOR MINOR PATCH; do
    version+=.$(sed -n "s/^ *set *(Kokkos_VERSION_$part *\([0-9]*\)).*/\1/Ip" "$1/CMakeLists.txt" 2>/dev/null | head -n 1)
  done
  version=${version#.}
  [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || echo "$version"
}

# unpack <archive> <folder>: sets kokkos_source to the tree that holds Kokkos.
unpack() {
  tar -xf "$1" -C "$2" --strip-components=1 || die "cannot unpack $1"
  kokkos_source=$2
  [[ ! -f $2/kokkos/CMakeLists.txt ]] || kokkos_source=$2/kokkos
}

# Names the source and what identifies it, without unpacking. Sets source_name, source_version, source_identity.
identify_source() {
  source_name=${RETRACE_KOKKOS_SOURCE:-}
  if [[ -z $source_name ]]; then
    source_version=$kokkos_release
    source_identity=release
  elif [[ -d $source_name ]]; then
    source_version=$(kokkos_version_of "$source_name")
    [[ -n $source_version ]] || die "RETRACE_KOKKOS_SOURCE=$source_name is not a source tree of Kokkos"
    source_identity=$(cd "$source_name" && find . -name .git -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum)
  elif [[ -f $source_name ]]; then
    source_version=archive
    source_identity=$(sha256sum <"$source_name")
  else
    die "RETRACE_KOKKOS_SOURCE=$source_name is neither a folder nor a file"
  fi
}

# --- Building --------------------------------------------------------------------------------------------------------

compiler_macros() { "${CXX:-c++}" "$@" -dM -E -x c++ /dev/null | sort; }

compiler_name() {
  compiler_macros | awk '
    $2 == "__clang_major__" {clang = $3} $2 == "__clang_minor__" {clang_minor = $3}
    $2 == "__GNUC__" {gcc = $3} $2 == "__GNUC_MINOR__" {gcc_minor = $3} $2 == "__GNUC_PATCHLEVEL__" {patch = $3}
    END {print clang ? "clang-" clang "." clang_minor : "gcc-" gcc "." gcc_minor "." patch}'
}

nvcc_version() { nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\).*/\1/p'; }

# The GPU of this machine as Kokkos calls it; RETRACE_CUDA_ARCH wins, and decides where there is none.
cuda_architecture() {
  local capability
  [[ -z ${RETRACE_CUDA_ARCH:-} ]] || { echo "$RETRACE_CUDA_ARCH" && return; }
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)
  case $capability in
    70 | 72) echo "VOLTA$capability" ;;
    75) echo TURING75 ;;
    80 | 86 | 87) echo "AMPERE$capability" ;;
    89) echo ADA89 ;;
    90) echo HOPPER90 ;;
    100 | 120) echo "BLACKWELL$capability" ;;
    *) return 1 ;;
  esac
}

# One CMake argument per line, for the variant; they are part of the installed folder's name.
kokkos_options() {
  printf '%s\n' -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 -DCMAKE_CXX_EXTENSIONS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DKokkos_ENABLE_SERIAL=ON -DKokkos_ENABLE_OPENMP=ON \
    "-DKokkos_ARCH_NATIVE=${RETRACE_NATIVE:-ON}"
  case $1 in
    checked) echo -DKokkos_ENABLE_DEBUG_BOUNDS_CHECK=ON ;;
    cuda) printf '%s\n' -DKokkos_ENABLE_CUDA=ON "-DKokkos_ARCH_$cuda_arch=ON" ;;
  esac
}

# identify_install <variant>: sets kokkos_install, where this source, built by this compiler for this processor, goes.
identify_install() {
  local variant=$1 name native=(-march=native)
  [[ ${RETRACE_NATIVE:-ON} == ON ]] || native=()
  identify_source
  name=kokkos-$source_version-$(compiler_name)
  if [[ $variant == cuda ]]; then
    have nvcc || die "no nvcc: the CUDA toolkit is needed" "load its module, or add its bin folder to PATH"
    cuda_arch=$(cuda_architecture) || die "no GPU is visible here: for which one shall Kokkos be built?" \
      "set RETRACE_CUDA_ARCH to Kokkos's name of it, such as AMPERE80 or HOPPER90"
    name+=-cuda-$(nvcc_version)
    source_identity+=$(sha256sum <"$root/cmake/patches/kokkos-cuda13.sed")
  elif [[ $variant == checked ]]; then
    name+=-checked
  fi
  kokkos_install=$dependencies/$name-$(
    { kokkos_options "$variant" && compiler_macros ${native[@]+"${native[@]}"} && echo "$source_identity"; } |
      sha256sum | cut -c 1-10
  )
}

# Sets kokkos_source, a tree of our own.
prepare_source() {
  local work=$1
  if [[ -n $source_name && -d $source_name ]]; then
    cp -R "$source_name" "$work/source"
    kokkos_source=$work/source
    return
  fi
  archive=$source_name
  [[ -n $source_name ]] || fetch_archive
  mkdir "$work/source"
  unpack "$archive" "$work/source"
}

# CUDA 13 changed three functions that Kokkos before 4.7 calls, and no longer knows nvcc_wrapper's default sm_70.
adapt_to_cuda() {
  sed -i "s/^default_arch=\"sm_[0-9]*\"/default_arch=\"sm_${cuda_arch//[^0-9]/}\"/" "$1/bin/nvcc_wrapper"
  ! version_at_least 13 "$(nvcc_version)" ||
    sed -i -f "$root/cmake/patches/kokkos-cuda13.sed" "$1/core/src/Cuda/Kokkos_Cuda_Instance.hpp"
}

compile_kokkos() {
  local work=$1
  shift
  run_logged "$work/log" cmake -G Ninja -S "$kokkos_source" -B "$work/build" "-DCMAKE_INSTALL_PREFIX=$kokkos_install" "$@" &&
    run_logged "$work/log" cmake --build "$work/build" --parallel "$jobs" &&
    DESTDIR=$stage run_logged "$work/log" cmake --install "$work/build"
}

# build_kokkos <variant>: builds in scratch space, tries the result, and only then renames it to kokkos_install.
build_kokkos() {
  local variant=$1 work version options compiler=() started=$SECONDS
  [[ ! -d $kokkos_install ]] || return 0  # another set-up has made it while this one waited
  work=$(new_folder)
  prepare_source "$work"
  version=$(kokkos_version_of "$kokkos_source")
  [[ -n $version ]] || die "$archive does not hold a source tree of Kokkos"
  mapfile -t options < <(kokkos_options "$variant" && echo "-DKokkos_ENABLE_DEPRECATED_CODE_${version%%.*}=OFF")
  if [[ $variant == cuda ]]; then
    adapt_to_cuda "$kokkos_source"
    compiler=("-DCMAKE_CXX_COMPILER=$kokkos_source/bin/nvcc_wrapper")
  fi

  say "building Kokkos $version ($variant) into $kokkos_install"
  stage=$(mktemp -d "$dependencies/.stage-XXXXXX")
  compile_kokkos "$work" "${options[@]}" ${compiler[@]+"${compiler[@]}"} || die "Kokkos did not build; the messages above say why"
  try_staged_kokkos "$variant" "$stage$kokkos_install" "$work/smoke"
  mv -T "$stage$kokkos_install" "$kokkos_install" || [[ -d $kokkos_install ]] || die "cannot write $kokkos_install"
  say "Kokkos built and tried in $((SECONDS - started)) s"
}

try_staged_kokkos() {
  local variant=$1 staged=$2 build=$3 compiler=()
  [[ $variant != cuda ]] || compiler=("-DCMAKE_CXX_COMPILER=$staged/bin/nvcc_wrapper")
  probe_kokkos "$build" "-DKokkos_DIR=$(config_folder "$staged")" ${compiler[@]+"${compiler[@]}"}
  [[ -z $kokkos_problem ]] || die "the Kokkos just built cannot be used: $kokkos_problem"
  smoke_test "$build" || die "the Kokkos just built fails its smoke test (cmake/kokkos_smoke), as shown above" \
    "This compiler and this Kokkos do not go together: try another compiler (CXX=...) or another Kokkos (RETRACE_KOKKOS_SOURCE)."
}

config_folder() { dirname "$(find "$1" -name KokkosConfig.cmake | head -n 1)"; }

# provide_kokkos <variant>: built before, or built now. Sets kokkos_install.
provide_kokkos() {
  identify_install "$1"
  if [[ -d $kokkos_install ]]; then
    say "Kokkos built earlier: $kokkos_install"
  else
    with_lock build_kokkos "$1"
  fi
}

# ensure_kokkos: sets kokkos_directory, the folder with KokkosConfig.cmake, for the chosen preset.
ensure_kokkos() {
  local variant=plain
  case $preset in
    dev | sanitize) variant=checked ;;
    cuda) variant=cuda ;;
  esac
  if find_kokkos; then
    [[ $variant == cuda && $kokkos_devices != *CUDA* ]] || return 0
    say "it has no CUDA; looking for another"
  fi
  provide_kokkos "$variant"
  kokkos_directory=$(config_folder "$kokkos_install")
}
