// Problems with one mistake in their formulas: the checks find them, and say where.
#include "problems/van_der_pol_forced.hpp"
#include "verification/ensemble_witness.hpp"
#include "verification/tests/instances.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>

namespace retrace {
namespace {

enum class Mistake { none, time, sign, overwritten, loss };

/// The forced oscillator with a mistake of which only `mistake` tells.
struct Mistaken : VanDerPolForced {
  inline static Mistake mistake = Mistake::none;
  using VanDerPolForced::VanDerPolForced;

  template <class T>
  static void vjp(T const& t, Vec<T, 2> const& y, Vec<T, 2> const& p, Vec<T, 2> const& w, Vec<T, 2>& y_bar,
                  Vec<T, 2>& p_bar, T& t_bar) {
    T const t_before = t_bar;
    Vec<T, 2> const p_before = p_bar;
    VanDerPolForced::vjp(t, y, p, w, y_bar, p_bar, t_bar);
    if (mistake == Mistake::time) t_bar = t_before;
    if (mistake == Mistake::sign) y_bar[0] = -y_bar[0];
    if (mistake == Mistake::overwritten)
      for (int j = 0; j < 2; ++j) p_bar[j] -= p_before[j];
  }
  template <class T>
  static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    Vec<T, 2> g = VanDerPolForced::loss_gradient(y);
    if (mistake == Mistake::loss) g[1] *= T(1.0 + 1e-6);
    return g;
  }
};

std::string found(Mistake mistake, bool step) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Mistaken::mistake = mistake;
  EnsembleWitness<Mistaken> const witness(tests::changed_arguments("van_der_pol_forced", {.numbers = {{"T", 1.0}}}),
                                          self);
  GradientChoice const choice{.method = "aca", .solver = "bogacki_shampine32"};
  StepControl const control = tests::control_with(1e-4);
  IdentityDefect const defect = step ? witness.step_reverse(choice, control) : witness.right_hand_side(choice, control);
  Mistaken::mistake = Mistake::none;
  return defect.error > defect.bound ? defect.where : "";
}

TEST(WrongProblem, the_right_one_passes) {
  EXPECT_EQ(found(Mistake::none, false), "");
  EXPECT_EQ(found(Mistake::none, true), "");
}
TEST(WrongProblem, a_missing_derivative_in_time_is_found) {
  EXPECT_TRUE(found(Mistake::time, false).starts_with("f_t^T w at t = "));
}
TEST(WrongProblem, a_wrong_sign_is_found_in_f_and_in_the_step_with_its_stage) {
  EXPECT_TRUE(found(Mistake::sign, false).starts_with("f_y^T w at t = "));
  std::string const step = found(Mistake::sign, true);
  EXPECT_TRUE(step.starts_with("gradient in ")) << step;
  EXPECT_NE(step.find(", stage "), std::string::npos) << step;
}
TEST(WrongProblem, parameters_that_are_overwritten_instead_of_added_to_are_found) {
  EXPECT_TRUE(found(Mistake::overwritten, false).starts_with("f_p^T w at t = "));
}
TEST(WrongProblem, one_millionth_in_the_gradient_of_the_loss_is_found) {
  EXPECT_TRUE(found(Mistake::loss, false).starts_with("dL/dy of "));
}

}  // namespace
}  // namespace retrace
