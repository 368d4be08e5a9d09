#pragma once

#include "core/precision.hpp"
#include "gradients/registry.hpp"
#include "gradients/tests/packs.hpp"
#include "problems/lorenz63.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

namespace retrace::tests {

/// Those of the registry that solve packs.
using PackMethods =
    TypeList<Naive, NaiveDetached, Adjoint, AdjointSeminorm, Aca, AcaStages, AcaBudget, SymplecticAdjoint>;

/// Odd, so that no width divides it and last packs are filled up with copies.
constexpr double pack_trajectories = 13.0;

/// Lorenz's trajectories go from steady convection to chaos. Backwards in time it is too stiff for a long span.
inline Lorenz63 pack_problem(Lorenz63 const*) {
  return make_problem<Lorenz63>({{"n", pack_trajectories}, {"T", 0.5}});
}
inline VanDerPolForced pack_problem(VanDerPolForced const*) {
  return make_problem<VanDerPolForced>({{"n", pack_trajectories}, {"T", 3.0}});
}

template <class Precision>
[[nodiscard]] StepControl pack_control(Tableau const& tab) {
  bool const is_double = std::is_same_v<Precision, F64>;
  double const single = tab.order > 3 ? 1e-5 : 1e-4, twice = tab.order < 3 ? 1e-4 : tab.order < 4 ? 1e-6 : 1e-8;
  StepControl control = control_with(is_double ? twice : single);
  if (!tab.adaptive) control.fixed_steps = tab.order < 2 ? 777 : 77;  // Euler's way back blows up with fewer
  return control;
}

/// How many different numbers of trials the trajectories took.
[[nodiscard]] inline std::size_t different_step_counts(std::vector<Outcome> const& all) {
  std::set<std::int64_t> counts;
  for (Outcome const& outcome : all) counts.insert(outcome.accepted + outcome.rejected);
  return counts.size();
}

/// Every method at each width against one trajectory at a time.
template <class Problem, class Precision, int... Widths>
void expect_the_same_bits_at_widths(Tableau const& tab) {
  Problem const problem = pack_problem(static_cast<Problem const*>(nullptr));
  StepControl const control = pack_control<Precision>(tab);
  for_each_type(PackMethods{}, [&]<class Method>() {
    auto const alone = outcomes<Method, Precision, 1>(problem, tab, control);
    for (Outcome const& outcome : alone) EXPECT_EQ(outcome.status, SolveStatus::success);
    if (tab.adaptive) {
      EXPECT_GE(different_step_counts(alone), 2U) << "the lanes of a pack would march in step";
    }
    (expect_the_same(alone, outcomes<Method, Precision, Widths>(problem, tab, control),
                     std::string(Method::name) + ", width " + std::to_string(Widths)),
     ...);
  });
}

}  // namespace retrace::tests
