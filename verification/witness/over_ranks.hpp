#pragma once

#include "core/communicator.hpp"
#include "verification/problem_witness.hpp"

#include <vector>

namespace retrace::witness {

/// Collective: the worst of all ranks, with its words.
[[nodiscard]] IdentityDefect worst_over_ranks(Communicator const& comm, IdentityDefect const& local);
/// Collective: the worst of all ranks; nothing is measured unless `all` is true on every rank.
[[nodiscard]] MeasuredRounding worst_over_ranks(Communicator const& comm, MeasuredRounding const& local, bool all);
/// Collective: the worst of all ranks.
[[nodiscard]] ProgramWitnessError worst_over_ranks(Communicator const& comm, ProgramWitnessError const& local);
/// Collective: the tests of all ranks, in rank order.
[[nodiscard]] std::vector<TaylorTest> gathered(Communicator const& comm, std::vector<TaylorTest> const& local);

}  // namespace retrace::witness
