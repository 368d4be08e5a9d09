// Dense outputs have the order that they claim, on a nonlinear system with time in it, and so have the scheme itself
// and the one that estimates its error. Measured by an independent loop over the coefficients in extended precision,
// where round-off leaves room for the eighth order.
#include "core/tests/typed.hpp"
#include "solvers/dense_catalogue.hpp"
#include "solvers/dense_output.hpp"
#include "solvers/tests/schemes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace retrace {
namespace {

using Real = long double;
using Pair = std::array<Real, 2>;

template <class S>
class DenseOutputs : public ::testing::Test {};
TYPED_TEST_SUITE(DenseOutputs, tests::Typed<AllTableaus>, tests::ByName);

/// The limit cycle of solvers/tests/function_model.hpp in extended precision: r' = r (1 - r^2), phi' = 1 + cos(t) / 2.
struct Cycle {
  static Pair slope(Real t, Pair const& y) {
    Real const pull = 1 - y[0] * y[0] - y[1] * y[1], speed = 1 + std::cos(t) / 2;
    return {pull * y[0] - speed * y[1], pull * y[1] + speed * y[0]};
  }
  /// At r = 1/2 and phi = 0 for t = 0.
  static Pair exact(Real t) {
    Real const r = 1 / std::sqrt(1 + 3 * std::exp(-2 * t)), phi = t + std::sin(t) / 2;
    return {r * std::cos(phi), r * std::sin(phi)};
  }
};

/// The stages of one step from the exact solution at `t`, those of the dense output included.
template <class S>
std::vector<Pair> stages_of_a_step(Real t, Real h) {
  std::vector<Pair> k;
  for (int i = 0; i < dense_output_of<S>.stages; ++i) {
    Pair u = Cycle::exact(t);
    for (int j = 0; j < i; ++j)
      for (std::size_t d = 0; d < 2; ++d) u[d] += h * Real(tests::dense_a<S>(i, j)) * k[static_cast<std::size_t>(j)][d];
    k.push_back(Cycle::slope(t + Real(tests::dense_c<S>(i)) * h, u));
  }
  return k;
}

/// b_i(sigma) and their slopes, as vectors.
template <class S, class T>
std::vector<T> weights_of(T sigma) {
  std::vector<T> b(static_cast<std::size_t>(dense_output_of<S>.stages));
  dense_output_of<S>.weights(sigma, b.data());
  return b;
}
template <class S, class T>
std::vector<T> slopes_of(T sigma) {
  std::vector<T> slopes(static_cast<std::size_t>(dense_output_of<S>.stages));
  dense_output_of<S>.slopes(sigma, slopes.data());
  return slopes;
}

/// Squared distance from the exact solution at t + sigma h of y_n + h sum_i weights_i K_i.
template <class Weights>
Real squared_error(std::vector<Pair> const& k, Weights const& weights, Real t, Real h, Real sigma) {
  Pair const exact = Cycle::exact(t + sigma * h);
  Pair y = Cycle::exact(t);
  for (std::size_t i = 0; i < weights.size(); ++i)
    for (std::size_t d = 0; d < 2; ++d) y[d] += h * Real(weights[i]) * k[i][d];
  return (y[0] - exact[0]) * (y[0] - exact[0]) + (y[1] - exact[1]) * (y[1] - exact[1]);
}

/// RMS over steps from many points of the cycle, so that no leading term is small by accident.
template <class S, class WeightsAt>
Real error_of_steps(Real h, Real sigma, WeightsAt const& weights_at) {
  constexpr int points = 16;
  Real sum = 0.0L;
  for (int i = 0; i < points; ++i) {
    Real const t = 0.4L * i;
    sum += squared_error(stages_of_a_step<S>(t, h), weights_at(sigma), t, h, sigma);
  }
  return std::sqrt(sum / points);
}

/// The order of the error of a step, two-sided: from three steps, the first term in h of the slope's own error
/// extrapolated away. Coefficients rounded to double put a floor of some 1e-17 h under the error, so that steps of the
/// eighth order have to be longer.
template <class S, class WeightsAt>
double order_of_steps(Real sigma, WeightsAt const& weights_at) {
  Real const h = S::order > 5 ? 0.25L : 0.03125L;
  Real const e0 = error_of_steps<S>(h, sigma, weights_at), e1 = error_of_steps<S>(h / 2, sigma, weights_at),
             e2 = error_of_steps<S>(h / 4, sigma, weights_at);
  return static_cast<double>(2 * std::log2(e1 / e2) - std::log2(e0 / e1));
}
// Orders are whole numbers. What is left belongs to the higher terms, which weigh most (0.2) where Dormand and Prince
// made the leading one small.
constexpr double higher_terms = 0.25;

TYPED_TEST(DenseOutputs, step_has_the_order_of_the_scheme) {
  // The error of one step is one order higher.
  EXPECT_NEAR(order_of_steps<TypeParam>(1.0L, [](Real) { return TypeParam::b; }), TypeParam::order + 1, higher_terms);
}

TYPED_TEST(DenseOutputs, embedded_step_has_the_order_of_the_embedded_scheme) {
  if (!TypeParam::adaptive) return;
  EXPECT_NEAR(order_of_steps<TypeParam>(1.0L, [](Real) { return TypeParam::b_hat; }), TypeParam::embedded_order + 1,
              higher_terms);
}

TYPED_TEST(DenseOutputs, order_inside_the_step_is_the_claimed_one) {
  for (Real const sigma : {0.2L, 0.5L, 0.7L}) {
    EXPECT_NEAR(order_of_steps<TypeParam>(sigma, [](Real s) { return weights_of<TypeParam>(s); }),
                dense_output_of<TypeParam>.order + 1, higher_terms)
        << "sigma = " << sigma;
  }
}

TYPED_TEST(DenseOutputs, ends_have_the_values_and_slopes_of_the_step) {
  auto const b0 = weights_of<TypeParam>(0.0), b1 = weights_of<TypeParam>(1.0), slope0 = slopes_of<TypeParam>(0.0),
             slope1 = slopes_of<TypeParam>(1.0);
  for (int i = 0; i < dense_output_of<TypeParam>.stages; ++i) {
    auto const at = static_cast<std::size_t>(i);
    double const b = i < TypeParam::stages ? TypeParam::b[at] : 0.0;
    // e - b + b and 2 b - e - n + …: three roundings of numbers of size 1 + 2 |b|.
    double const roundings = 4 * 2.2e-16 * (1.0 + std::abs(b));
    EXPECT_EQ(b0[at], 0.0);
    EXPECT_EQ(b1[at], b);
    EXPECT_NEAR(slope0[at], i == 0 ? 1.0 : 0.0, roundings);
    EXPECT_NEAR(slope1[at], i == dense_output_of<TypeParam>.new_stage ? 1.0 : 0.0, roundings);
  }
}

TYPED_TEST(DenseOutputs, slopes_are_the_derivatives_of_the_weights) {
  constexpr Real e = 1e-6L;
  // e^2 b''' / 6 with |b'''| up to 1e5 for DOP853, whose coefficients go to 500.
  constexpr double truncation = 2e-8;
  for (Real const sigma : {0.1L, 0.5L, 0.83L}) {
    auto const before = weights_of<TypeParam>(sigma - e), after = weights_of<TypeParam>(sigma + e),
               slopes = slopes_of<TypeParam>(sigma);
    for (std::size_t i = 0; i < slopes.size(); ++i)
      EXPECT_NEAR(static_cast<double>(slopes[i]), static_cast<double>((after[i] - before[i]) / (2 * e)), truncation);
  }
}

TEST(DenseOutputs, cost_what_they_say) {
  EXPECT_EQ(dense_output_of<DormandPrince54>.extra_evaluations(), 0);
  EXPECT_EQ(dense_output_of<Tsitouras54>.extra_evaluations(), 0);
  EXPECT_EQ(dense_output_of<BogackiShampine32>.extra_evaluations(), 0);
  EXPECT_FALSE(dense_output_of<BogackiShampine32>.needs_final_rhs());
  EXPECT_EQ(dense_output_of<Rk4>.extra_evaluations(), 1);
  EXPECT_TRUE(dense_output_of<Rk4>.needs_final_rhs());
  EXPECT_EQ(dense_output_of<DormandPrince853>.extra_evaluations(), 4);
  EXPECT_EQ(dense_output_of<DormandPrince853>.order, 7);
}

TYPED_TEST(DenseOutputs, are_proved_consistent_at_compile_time) {
  static_assert(has_consistent_dense_output<TypeParam>());
}

/// A scheme with one digit of its dense output off, and one whose extra stage misses its node.
struct WrongTerm : Tsitouras54 {
  static constexpr Kokkos::Array<Row<7>, 1> dense = [] {
    auto row = Tsitouras54::dense;
    row[0][2] += 1e-11;
    return row;
  }();
};
struct WrongNode : DormandPrince853 {
  static constexpr Row<3> dense_c{{0.1, 1.0 / 5 + 1e-11, 7.0 / 9}};
};
TEST(DenseOutputs, with_a_wrong_digit_are_not_consistent) {
  static_assert(!has_consistent_dense_output<WrongTerm>());
  static_assert(!has_consistent_dense_output<WrongNode>());
}

TEST(DenseOutputs, are_found_by_the_name_of_the_scheme) {
  EXPECT_EQ(dense_output_named("dormand_prince54").order, 4);
  EXPECT_THROW((void)dense_output_named("dormand_prince55"), std::out_of_range);
}

TEST(DenseOutputs, of_a_scheme_without_one_are_refused) {
  add_tableau({"coefficients_alone", tableau_of<Rk4>});
  std::string message;
  try {
    (void)dense_output_named("coefficients_alone");
  } catch (std::invalid_argument const& refusal) {
    message = refusal.what();
  }
  EXPECT_NE(message.find("'coefficients_alone' has no dense output"), std::string::npos) << message;

  add_dense_output("coefficients_alone", dense_output_of<Rk4>);
  EXPECT_EQ(dense_output_named("coefficients_alone").order, 3);
  EXPECT_THROW(add_dense_output("coefficients_alone", dense_output_of<Rk4>), std::invalid_argument);
}

}  // namespace
}  // namespace retrace
