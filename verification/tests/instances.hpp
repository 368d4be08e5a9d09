#pragma once

#include "solvers/registry.hpp"
#include "verification/problem_catalogue.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace retrace::tests {

struct Changes {
  std::map<std::string_view, double> numbers{};
  std::map<std::string_view, std::vector<std::int64_t>> lists{};
};

/// A problem's defaults with some of them changed.
[[nodiscard]] inline Arguments changed_arguments(std::string_view problem, Changes const& changes) {
  Arguments arguments = Arguments::defaults(find_problem(problem).arguments);
  for (auto const& [name, value] : changes.numbers) arguments.numbers.find(name)->second = value;
  for (auto const& [name, value] : changes.lists) arguments.lists.find(name)->second = value;
  return arguments;
}

/// A problem of the catalogue with some of its defaults changed.
[[nodiscard]] inline std::unique_ptr<ProblemInstance> make_instance(std::string_view problem, Communicator const& comm,
                                                                    Changes const& changes = {}) {
  return find_problem(problem).make(changed_arguments(problem, changes), comm);
}

/// The gradient by one method, computed once.
[[nodiscard]] inline GradientResult gradient_of(ProblemInstance const& problem, std::string_view method,
                                                std::string_view solver, StepControl const& control,
                                                std::string_view backend = "default") {
  auto const driver = problem.make_gradient(
      {.method = std::string(method), .solver = std::string(solver), .backend = std::string(backend)}, control);
  driver->run();
  return driver->result();
}

[[nodiscard]] inline StepControl control_with(double relative, double absolute) {
  StepControl control;
  control.relative_tolerance = relative;
  control.absolute_tolerance = absolute;
  control.max_steps = 10'000'000;
  return control;
}
[[nodiscard]] inline StepControl control_with(double tolerance) {
  return control_with(tolerance, tolerance);
}

[[nodiscard]] inline std::vector<std::string> adaptive_solvers() {
  std::vector<std::string> names;
  for (NamedTableau const& scheme : tableau_catalogue())
    if (scheme.tableau.adaptive) names.emplace_back(scheme.name);
  return names;
}
[[nodiscard]] inline std::vector<std::string> all_problems() {
  std::vector<std::string> names;
  for (ProblemDescription const& problem : problem_catalogue()) names.emplace_back(problem.name);
  return names;
}

}  // namespace retrace::tests
