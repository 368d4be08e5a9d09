#include "app/launcher.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace retrace::app {

bool is_launched() {
  constexpr std::array variables{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK", "SLURM_STEP_NUM_TASKS"};
  static bool const launched =
      std::ranges::any_of(variables, [](char const* name) { return std::getenv(name) != nullptr; });
  return launched;
}

void check_not_launched(std::string const& option, std::string const& instead) {
  if (is_launched())
    throw UsageError(option + " starts the program itself and cannot do so on ranks that a launcher has started; " +
                     instead);
}

}  // namespace retrace::app
