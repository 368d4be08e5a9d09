#include "verification/problem_catalogue.hpp"

#include "core/error.hpp"
#include "core/nearest_name.hpp"
#include "problems/registry.hpp"
#include "verification/extended_instance.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace retrace {

namespace {

template <class Problem>
std::unique_ptr<ProblemInstance> make_extended(Arguments const& arguments, Communicator const& comm) {
  return extend<Problem>(make_problem_instance<Problem>(arguments, comm), arguments, comm);
}

template <class... Problems>
void describe(TypeList<Problems...>, std::string_view state, std::vector<ProblemDescription>& catalogue) {
  (catalogue.push_back(
       {Problems::name, Problems::family, Problems::summary, state, Problems::arguments(), &make_extended<Problems>}),
   ...);
}

std::vector<ProblemDescription>& catalogue_to_add_to() {
  static std::vector<ProblemDescription> catalogue = [] {
    std::vector<ProblemDescription> all;
    describe(AllEnsembleProblems{}, "ensemble", all);
    describe(AllFieldProblems{}, "field", all);
    return all;
  }();
  return catalogue;
}

}  // namespace

std::vector<ProblemDescription> const& problem_catalogue() {
  return catalogue_to_add_to();
}

void add_problem(ProblemDescription problem) {
  auto& catalogue = catalogue_to_add_to();
  if (std::ranges::find(catalogue, problem.name, &ProblemDescription::name) != catalogue.end())
    throw UsageError("a problem '" + std::string(problem.name) + "' is registered already");
  catalogue.push_back(std::move(problem));
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
