# shellcheck shell=bash
# Everything the scripts share. Sourced.
library=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=scripts/lib/common.sh
source "$library/common.sh"
# shellcheck source=scripts/lib/packages.sh
source "$library/packages.sh"
# shellcheck source=scripts/lib/kokkos.sh
source "$library/kokkos.sh"
# shellcheck source=scripts/lib/build.sh
source "$library/build.sh"
