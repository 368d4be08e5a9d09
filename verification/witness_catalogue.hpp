#pragma once

#include "problems/arguments.hpp"
#include "verification/problem_witness.hpp"

#include <memory>
#include <string_view>

namespace retrace {

using WitnessMaker = std::unique_ptr<ProblemWitness> (*)(Arguments const&, Communicator const&);

/// The witnesses of a registered problem. Throws UsageError for a name that has none.
[[nodiscard]] std::unique_ptr<ProblemWitness> make_witness(std::string_view problem, Arguments const& arguments,
                                                           Communicator const& comm);

/// Adds those of a user's problem; add_problem<Problem>() does, see verification/user_problem.hpp.
void add_witness(std::string_view problem, WitnessMaker make);

/// One per problem type; each is compiled in a translation unit of its own, made by CMake, apart from the problem's
/// gradients.
template <class Problem>
std::unique_ptr<ProblemWitness> make_problem_witness(Arguments const& arguments, Communicator const& comm);

}  // namespace retrace
