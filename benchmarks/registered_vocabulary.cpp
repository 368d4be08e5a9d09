#include "benchmarks/registered_vocabulary.hpp"

#include "benchmarks/units.hpp"
#include "core/communicator.hpp"
#include "core/error.hpp"
#include "core/precision.hpp"
#include "gradients/external/external_method.hpp"
#include "solvers/registry.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/problem_catalogue.hpp"
#include "verification/quad_references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace {

namespace {

/// Throws UsageError where the problem would end when it begins.
void require_a_span(std::string_view problem, Arguments given) {
  if (auto const n = given.numbers.find("n"); n != given.numbers.end())
    n->second = 1.0;  // its times do not depend on it
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  auto const instance = find_problem(problem).make(given, self);
  if (instance->initial_time() == instance->final_time())
    throw UsageError(fmt::format("'T' is {}, where problem '{}' begins; expected a time before or after it",
                                 shortest(instance->final_time()), problem));
}

}  // namespace

Vocabulary registered_vocabulary(CheckSet checks) {
  Vocabulary vocabulary;
  std::vector<std::string> const with_quad = quad_reference_problems();
  for (ProblemDescription const& problem : problem_catalogue()) {
    vocabulary.problems.push_back({.name = std::string(problem.name),
                                   .family = std::string(problem.family),
                                   .tags = {std::string(problem.state)},
                                   .arguments = argument_specs(problem.arguments)});
    vocabulary.problems.back().validate = [name = problem.name](Arguments const& given) {
      require_a_span(name, given);
    };
    vocabulary.problems.back().has_quad_reference = std::ranges::find(with_quad, problem.name) != with_quad.end();
  }
  for (MethodDescription const& method : method_catalogue()) {
    vocabulary.methods.emplace_back(method.name);
    if (!method.absent.empty()) vocabulary.absent_methods.emplace(method.name, method.absent);
  }
  vocabulary.precisions = names_of(AllPrecisions{});
  for (auto const& [name, tab] : tableau_catalogue())
    vocabulary.solvers.push_back({std::string(name), tab.adaptive, tab.order});
  vocabulary.controllers.clear();
  for (NamedStepSizeRule const& rule : step_size_rules) vocabulary.controllers.emplace_back(rule.name);
  vocabulary.norms.assign(error_norm_names.begin(), error_norm_names.end());
  for (ExternalMethod const& method : external_methods()) {
    for (ExternalSolver const& solver : method.solvers) {
      if (find_entry(vocabulary.solvers, solver.name) == nullptr)
        vocabulary.solvers.push_back({std::string(solver.name), solver.adaptive_too, solver.order});
      auto& entry = *std::ranges::find(vocabulary.solvers, solver.name, &SolverEntry::name);
      entry.methods.emplace_back(method.name);
    }
  }
  for (Check const& check : all_checks())
    vocabulary.checks.push_back({.name = std::string(check.name), .enabled = check.set <= checks});
  return vocabulary;
}

}  // namespace retrace
