#pragma once

#include "problems/arguments.hpp"
#include "verification/problem_instance.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace retrace {

/// What is registered under a problem's name, and how to make an instance of it.
struct ProblemDescription {
  std::string_view name, family, summary, state;  ///< state: "ensemble" or "field"
  std::vector<Argument> arguments;
  std::unique_ptr<ProblemInstance> (*make)(Arguments const&, Communicator const&);
};

/// Every problem of the registries, ensembles first, then those that a user's program has added.
[[nodiscard]] std::vector<ProblemDescription> const& problem_catalogue();

/// Adds a problem; see add_problem<Problem>() in verification/user_problem.hpp. Throws UsageError if its name is taken.
void add_problem(ProblemDescription problem);

/// Throws UsageError, with the nearest name, for an unknown one.
[[nodiscard]] ProblemDescription const& find_problem(std::string_view name);

/// One instance per problem type; each is compiled in a translation unit of its own, made by CMake.
template <class Problem>
std::unique_ptr<ProblemInstance> make_problem_instance(Arguments const& arguments, Communicator const& comm);

}  // namespace retrace
