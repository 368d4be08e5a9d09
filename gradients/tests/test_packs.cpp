// Packs where a lane fails, and the driver at widths of its own choice. That a trajectory has the same bits at any
// width, for every method, scheme and precision, is in the translation units that CMake makes of pack_slice.cpp.in.
#include "gradients/tests/pack_tests.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

namespace retrace {
namespace {

using tests::control_with;
using tests::make_problem;
using tests::Outcome;
using tests::outcomes;
using tests::PackMethods;

/// Van der Pol's forced oscillator whose right-hand side is not a number after t = 2 in one trajectory, if any: the
/// third parameter says so.
struct OneTurnsNan {
  static constexpr std::string_view name = "one_turns_nan", family = "broken", summary = "for tests of packs";
  static constexpr int dimension = 2, parameters = 3;
  static constexpr bool autonomous = false;
  double t0 = 0.1, t1 = 4.0;
  std::int64_t trajectories, broken;

  static std::vector<Argument> arguments() {
    return {trajectories_argument(),
            {.name = "broken", .kind = Argument::Kind::integer, .default_number = -1.0, .description = "which one"}};
  }
  explicit OneTurnsNan(Arguments const& a) : trajectories(a.integer("n")), broken(a.integer("broken")) {}

  template <class T>
  static Vec<T, 2> oscillator(Vec<T, 3> const& p) {
    return {{p[0], p[1]}};
  }
  template <class T>
  static void rhs(T const& t, Vec<T, 2> const& y, Vec<T, 3> const& p, Vec<T, 2>& dydt) {
    VanDerPolForced::rhs(t, y, oscillator(p), dydt);
    MaskOf<T> const late = t > T(2.0), breaks = MaskOf<T>(p[2] > T(0.5)) & late;
    dydt[1] = select(breaks, T(Kokkos::Experimental::quiet_NaN_v<double>), dydt[1]);
  }
  template <class T>
  static void vjp(T const& t, Vec<T, 2> const& y, Vec<T, 3> const& p, Vec<T, 2> const& w, Vec<T, 2>& y_bar,
                  Vec<T, 3>& p_bar, T& t_bar) {
    Vec<T, 2> bar = oscillator(p_bar);
    VanDerPolForced::vjp(t, y, oscillator(p), w, y_bar, bar, t_bar);
    p_bar[0] = bar[0];
    p_bar[1] = bar[1];
  }
  template <class T>
  static T loss(Vec<T, 2> const& y) {
    return VanDerPolForced::loss(y);
  }
  template <class T>
  static Vec<T, 2> loss_gradient(Vec<T, 2> const& y) {
    return VanDerPolForced::loss_gradient(y);
  }
  [[nodiscard]] Vec<double, 2> initial_state(std::int64_t i) const {
    return {{1.2 + 0.1 * static_cast<double>(i), 0.3}};
  }
  [[nodiscard]] Vec<double, 3> parameter_values(std::int64_t i) const { return {{2.0, 0.7, i == broken ? 1.0 : 0.0}}; }
};
static_assert(EnsembleProblem<OneTurnsNan>);

/// Each method at each width, with trajectory `broken` failing; the others against a run in which none fails.
template <class Precision, int... Widths>
void expect_a_failing_lane_to_be_alone(Tableau const& tab, StepControl const& control, SolveStatus failure) {
  constexpr std::int64_t broken = 5;  // inside a pack of any width
  auto const sound = make_problem<OneTurnsNan>({{"n", tests::pack_trajectories}});
  auto const ill =
      make_problem<OneTurnsNan>({{"n", tests::pack_trajectories}, {"broken", static_cast<double>(broken)}});
  for_each_type(PackMethods{}, [&]<class Method>() {
    auto const expected = outcomes<Method, Precision, 1>(sound, tab, control);
    auto const broken_alone = outcomes<Method, Precision, 1>(ill, tab, control);
    EXPECT_EQ(broken_alone[broken].status, failure) << name_of(broken_alone[broken].status);
    EXPECT_GT(broken_alone[broken].accepted, 0) << "fails half-way, not at once";
    auto with_broken = expected;
    with_broken[broken] = broken_alone[broken];
    (expect_the_same(with_broken, outcomes<Method, Precision, Widths>(ill, tab, control),
                     std::string(Method::name) + ", width " + std::to_string(Widths)),
     ...);
  });
}

TEST(Packs, a_lane_that_turns_nan_leaves_the_bits_of_the_others_alone) {
  expect_a_failing_lane_to_be_alone<F64, 4, 8>(tableau_of<DormandPrince54>, control_with(1e-8),
                                               SolveStatus::non_finite);
}

TEST(Packs, a_lane_that_is_rejected_again_and_again_leaves_the_bits_of_the_others_alone) {
  StepControl control = control_with(1e-4);
  control.rule = StepSizeRule::paper();  // goes on after a NaN until the step is too small

  expect_a_failing_lane_to_be_alone<Mixed, 8>(tableau_of<BogackiShampine32>, control, SolveStatus::step_too_small);
}

/// The gradient by the driver itself, in several chunks.
template <int W>
GradientResult driven() {
  constexpr std::int64_t small_arena = 50'000;
  auto const problem = make_problem<Lorenz63>({{"n", tests::pack_trajectories}});
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  EnsembleGradient<Lorenz63, Aca, Kokkos::DefaultHostExecutionSpace, F64, W> driver(
      problem, tableau_of<DormandPrince54>, control_with(1e-8), BlockPartition(problem.trajectories, 16, 0, 1), self,
      small_arena);
  driver.run();
  return driver.result();
}

TEST(Packs, of_any_width_give_the_driver_the_same_result) {
  GradientResult const alone = driven<1>(), by_four = driven<4>(), by_eight = driven<8>();

  ASSERT_EQ(alone.status, SolveStatus::success);
  for (GradientResult const* packed : {&by_four, &by_eight}) {
    EXPECT_EQ(packed->digest, alone.digest);
    EXPECT_EQ(packed->dloss_dy0, alone.dloss_dy0);
    EXPECT_EQ(packed->dloss_dp_each, alone.dloss_dp_each);
    EXPECT_EQ(packed->final_state, alone.final_state);
    EXPECT_EQ(packed->work.accepted, alone.work.accepted);
    EXPECT_EQ(packed->work.rejected, alone.work.rejected);
    EXPECT_EQ(packed->work.rhs_forward, alone.work.rhs_forward);
    EXPECT_EQ(packed->work.vjp, alone.work.vjp);
  }
}

}  // namespace
}  // namespace retrace
