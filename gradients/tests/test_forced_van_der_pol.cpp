// The worked numbers of docs/methods.md: forced Van der Pol, Bogacki-Shampine 3(2), plain clipping of the step ratio.
#include "gradients/registry.hpp"
#include "gradients/tests/gradient_of.hpp"
#include "problems/van_der_pol_forced.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace retrace {
namespace {

using tests::control_with;
using tests::gradient_of;
using tests::make_problem;
using tests::relative_error;

/// One row of the table: errors are relative, of dL/dx0 against a 40 000-step reference, printed with two digits.
struct Row9 {
  double tolerance;
  std::int64_t accepted, rejected;
  double aca, naive, aca_to_naive, adjoint;
  std::int64_t adjoint_steps;
};
std::ostream& operator<<(std::ostream& out, Row9 const& row) {
  return out << "tolerance " << row.tolerance;
}

class ForcedVanDerPol : public ::testing::TestWithParam<Row9> {};

StepControl control_of(Row9 const& row) {
  StepControl control = control_with(row.tolerance);
  control.initial_step = 0.1;
  control.rule = StepSizeRule::plain();
  return control;
}

template <class Method>
GradientResult solve(Row9 const& row) {
  return gradient_of<Method, BogackiShampine32>(make_problem<VanDerPolForced>(), control_of(row));
}

double reference_dloss_dx0() {
  StepControl control;
  control.fixed_steps = 40'000;
  return gradient_of<Aca, DormandPrince54>(make_problem<VanDerPolForced>(), control).dloss_dy0[0];
}

TEST(Print, rows) {
  double const ref = reference_dloss_dx0();
  for (double tol : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7}) {
    Row9 row{tol, 0, 0, 0, 0, 0, 0, 0};
    auto a = solve<Aca>(row), n = solve<Naive>(row), j = solve<Adjoint>(row);
    printf("%g %ld/%ld aca %.4e naive %.4e diff %.4e %.4e adj %.4e (%ld/%ld)\n", tol, a.work.accepted, a.work.rejected,
           relative_error(a.dloss_dy0[0], ref), relative_error(n.dloss_dy0[0], ref),
           relative_error(a.dloss_dy0[0], n.dloss_dy0[0]), std::abs(a.dloss_dy0[0] - n.dloss_dy0[0]) / std::abs(ref),
           relative_error(j.dloss_dy0[0], ref), j.work.reverse_accepted, j.work.reverse_rejected);
  }
}

}  // namespace
}  // namespace retrace
