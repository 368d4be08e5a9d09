#!/usr/bin/env bash
# Packs what a machine with a GPU and a compiler, and nothing else, needs to build and run the project. See --help.
set -euo pipefail

# shellcheck source=scripts/lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

usage() {
  cat <<'EOT'
Writes build/device/retrace-device.tar.xz, for a machine with nvcc, cuBLAS, CMake,
Ninja and g++ but without MPI, HDF5, Kokkos and network:

  source/     the committed files of this checkout
  archives/   the sources of Kokkos
  usr/        Open MPI, HDF5, OpenSSL, fmt, toml++ and GoogleTest with the
              libraries that they need, CLI11, nlohmann json, Eigen: the files
              of this machine's Debian packages
  run.sh      source/scripts/device-run.sh on this folder

  scripts/device-bundle.sh [options]

  --prefix DIR    where the sources of Kokkos are, or go (default: RETRACE_DEPS,
                  else a cache folder of this user)
  -h, --help      this text

The other machine needs a C library no older than this one's.
EOT
}

packages=(
  libopenmpi-dev libopenmpi3 openmpi-bin openmpi-common libpmix2 libhdf5-openmpi-dev libhdf5-openmpi-103-1 libhdf5-openmpi-hl-100
  libfmt-dev libfmt9 libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libeigen3-dev libssl-dev libgtest-dev
)

# Files of the packages, without documentation, tools for other languages and static libraries that nobody links to.
package_files() {
  dpkg-query -L "${packages[@]}" |
    grep -E '^/usr/(include|lib|share/(openmpi|pmix|cmake|eigen3|pkgconfig)|bin/(mpi(cc|c\+\+|exec|run)\.openmpi|orterun|orted|opal_wrapper)$)' |
    grep -vE '/fortran|_fortran|mpi_java|mpifh|usempi|/unsupported/|\.mod$|\.la$' |
    grep -vE '\.a$|/libssl' | sort -u
  dpkg-query -L libgtest-dev | grep -E '/libgtest(_main)?\.a$'
}

# Shared libraries that those of the folder need, except the C library's and the compiler's, which every machine has.
needed_libraries() {
  find "$1" -type f \( -name '*.so' -o -name '*.so.*' -o -perm /100 \) -exec ldd {} + 2>/dev/null |
    sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
    grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv|libutil|ld-linux[^/]*|libstdc\+\+|libgcc_s|libgomp|libgfortran|libquadmath)\.so'
}

copy_files() {
  local target=$1 file real
  while IFS= read -r file; do
    if [[ $file == /lib/* ]]; then file=/usr$file; fi
    [[ -f $file && ! -e $target$file ]] || continue
    mkdir -p "$target${file%/*}"
    if [[ -L $file ]]; then
      real=$(readlink -f "$file")
      ln -s "$(realpath --relative-to="${file%/*}" "$real")" "$target$file"
      [[ ! -e $target$real ]] || continue
      file=$real
      mkdir -p "$target${file%/*}"
    fi
    cp "$file" "$target$file"
  done
}

parse_common_options "$@"
cd "$root"
have dpkg-query || die "the bundle is made of Debian packages; this machine has none"
mapfile -t missing < <(comm -13 <(dpkg-query -W -f='${Package}\n' "${packages[@]}" 2>/dev/null | sort) \
  <(printf '%s\n' "${packages[@]}" | sort))
((${#missing[@]} == 0)) || die "packages missing here: ${missing[*]}" "scripts/setup.sh installs most of them"
git diff --quiet HEAD || say "note: changes that are not committed are left out"

bundle=$root/build/device/retrace-device.tar.xz
tree=$scratch/retrace-device
mkdir -p "$tree/source" "$tree/archives" "${bundle%/*}"
git archive HEAD | tar -x -C "$tree/source"
git rev-parse HEAD >"$tree/source/COMMIT"

if [[ -f ${RETRACE_KOKKOS_SOURCE:-} ]]; then
  archive=$RETRACE_KOKKOS_SOURCE
else
  fetch_archive
fi
cp "$archive" "$tree/archives/"

say "collecting libraries and headers"
copy_files "$tree" < <(package_files)
copy_files "$tree" < <(needed_libraries "$tree/usr")
cat >"$tree/run.sh" <<'EOT'
#!/usr/bin/env bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/source/scripts/device-run.sh" --into "$here" "$@"
EOT
chmod +x "$tree/run.sh"

say "packing"
tar -C "$scratch" --sort=name --owner=0 --group=0 -cf - retrace-device | xz -T0 -6 >"$bundle.part"
mv "$bundle.part" "$bundle"
say "$(du -h "$bundle" | cut -f 1) in $bundle"
