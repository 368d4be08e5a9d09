#include "verification/problem_catalogue.hpp"

#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "problems/registry.hpp"

#include <algorithm>
#include <string>

namespace retrace {

namespace {

template <class... Problems>
void describe(TypeList<Problems...>, std::string_view state, std::vector<ProblemDescription>& catalogue) {
  (catalogue.push_back({Problems::name, Problems::family, Problems::summary, state, Problems::arguments(),
                        &make_problem_instance<Problems>}),
   ...);
}

}  // namespace

std::vector<ProblemDescription> const& problem_catalogue() {
  static std::vector<ProblemDescription> const catalogue = [] {
    std::vector<ProblemDescription> all;
    describe(AllEnsembleProblems{}, "ensemble", all);
    describe(AllFieldProblems{}, "field", all);
    return all;
  }();
  return catalogue;
}

ProblemDescription const& find_problem(std::string_view name) {
  auto const& catalogue = problem_catalogue();
  auto const found = std::ranges::find(catalogue, name, &ProblemDescription::name);
  if (found != catalogue.end()) return *found;
  std::vector<std::string> names;
  for (ProblemDescription const& problem : catalogue) names.emplace_back(problem.name);
  throw UsageError(unknown_name_message("problem", name, names));
}

}  // namespace retrace
