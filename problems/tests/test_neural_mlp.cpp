#include "problems/neural_mlp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace retrace {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

Arguments arguments(std::vector<std::int64_t> const& widths, double n = 7.0) {
  Arguments values = Arguments::defaults(NeuralMlp::arguments());
  values.lists["widths"] = widths;
  values.numbers["n"] = n;
  return values;
}

struct Shape {
  std::vector<std::int64_t> widths;
  std::int64_t samples;
};
std::ostream& operator<<(std::ostream& out, Shape const& shape) {
  for (std::int64_t const width : shape.widths) out << width << ' ';
  return out << "on " << shape.samples;
}

/// Nets with none, one, two and three hidden layers, growing and shrinking, on one and on several samples.
class NeuralMlpShapes : public ::testing::TestWithParam<Shape> {
 protected:
  NeuralMlp const mlp{arguments(GetParam().widths)};
  std::int64_t const samples = GetParam().samples;
  std::size_t const state = static_cast<std::size_t>(samples * mlp.sample_size()),
                    parameters = static_cast<std::size_t>(mlp.parameters()),
                    kept_size = static_cast<std::size_t>(mlp.kept_size(samples)),
                    scratch_size = static_cast<std::size_t>(mlp.scratch_size(samples));
  std::mt19937_64 random{7};
  std::vector<double> const y = random_numbers(state), p = scaled_parameters(), w = random_numbers(state);

  std::vector<double> random_numbers(std::size_t n) {
    std::vector<double> numbers(n);
    for (double& x : numbers) x = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
    return numbers;
  }
  [[nodiscard]] std::vector<double> scaled_parameters() const {
    std::vector<double> values(parameters);
    mlp.parameter_values(values);
    return values;
  }
  template <class T>
  [[nodiscard]] std::vector<T> rhs(std::vector<T> const& at, std::vector<T> const& with) const {
    std::vector<T> dydt(state, T(0.0)), kept(kept_size, T(0.0)), scratch(scratch_size, T(0.0));
    mlp.rhs(samples, at.data(), with.data(), dydt.data(), kept.data(), scratch.data());
    return dydt;
  }
};
INSTANTIATE_TEST_SUITE_P(Odd, NeuralMlpShapes,
                         ::testing::Values(Shape{{5, 11, 3, 5}, 3}, Shape{{3, 3}, 7}, Shape{{1, 2, 1}, 1},
                                           Shape{{5, 11, 5}, 1}, Shape{{7, 3, 9, 2, 7}, 5}, Shape{{8, 32, 8}, 16}));

TEST_P(NeuralMlpShapes, rhs_is_the_net_in_plain_loops) {
  auto const& widths = GetParam().widths;
  std::vector<double> expected;
  for (std::int64_t i = 0; i < samples; ++i) {
    std::vector<double> x(y.begin() + i * mlp.sample_size(), y.begin() + (i + 1) * mlp.sample_size());
    double const* at = p.data();
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      auto const in = static_cast<std::size_t>(widths[l]), out = static_cast<std::size_t>(widths[l + 1]);
      std::vector<double> next(out);
      for (std::size_t row = 0; row < out; ++row) {
        double sum = at[in * out + row];
        for (std::size_t column = 0; column < in; ++column) sum += at[column * out + row] * x[column];
        next[row] = l + 2 < widths.size() ? std::tanh(sum) : sum;
      }
      at += (in + 1) * out;
      x = next;
    }
    expected.insert(expected.end(), x.begin(), x.end());
  }

  std::vector<double> const dydt = rhs(y, p);

  // Dot products of at most 32 terms of size below 3, in another order, three layers deep.
  constexpr double round_off = 3 * 32 * 3 * epsilon;
  for (std::size_t i = 0; i < state; ++i) EXPECT_NEAR(dydt[i], expected[i], round_off);
}

TEST_P(NeuralMlpShapes, vjp_is_the_transpose_of_the_duals_of_rhs) {
  std::vector<double> y_bar(state, 1e300), kept(kept_size), scratch(scratch_size);
  constexpr double already_there = 0.5;  // p_bar is added to
  std::vector<double> p_bar(parameters, already_there);

  mlp.keep(samples, y.data(), p.data(), kept.data());
  mlp.vjp(samples, p.data(), w.data(), y_bar.data(), p_bar.data(), kept.data(), scratch.data());

  using Number = Dual<double, 1>;
  constexpr int directions = 20;
  for (int k = 0; k < directions; ++k) {
    // Alternately along y, along p, along both, so that one block cannot hide behind the other.
    std::vector<double> const dy = random_numbers(k % 3 == 1 ? 0 : state),
                              dp = random_numbers(k % 3 == 0 ? 0 : parameters);
    std::vector<Number> y_moving(y.begin(), y.end()), p_moving(p.begin(), p.end());
    double backward = 0.0, forward = 0.0, size = 1.0;
    for (std::size_t i = 0; i < dy.size(); ++i) {
      y_moving[i].tangent[0] = dy[i];
      backward += y_bar[i] * dy[i];
      size += std::abs(y_bar[i] * dy[i]);
    }
    for (std::size_t j = 0; j < dp.size(); ++j) {
      p_moving[j].tangent[0] = dp[j];
      backward += (p_bar[j] - already_there) * dp[j];
      size += std::abs((p_bar[j] - already_there) * dp[j]);
    }
    auto const dydt = rhs(y_moving, p_moving);
    for (std::size_t i = 0; i < state; ++i) forward += w[i] * dydt[i].tangent[0];
    constexpr double round_off = 128 * epsilon;  // some hundred products a number, errors partly cancelling
    EXPECT_NEAR(backward, forward, round_off * size);
  }
}

TEST_P(NeuralMlpShapes, rhs_keeps_for_the_vjp_what_keep_does) {
  std::vector<double> dydt(state), kept(kept_size), by_rhs(kept_size), scratch(scratch_size);

  mlp.keep(samples, y.data(), p.data(), kept.data());
  mlp.rhs(samples, y.data(), p.data(), dydt.data(), by_rhs.data(), scratch.data());

  EXPECT_EQ(by_rhs, kept);
}

TEST_P(NeuralMlpShapes, value_of_duals_is_the_plain_net) {
  std::vector<Dual<double, 1>> const y_moving(y.begin(), y.end()), p_moving(p.begin(), p.end());

  std::vector<double> const plain = rhs(y, p);
  auto const moving = rhs(y_moving, p_moving);

  constexpr double round_off = 3 * 32 * 3 * epsilon;  // the order of a library's additions is its own
  for (std::size_t i = 0; i < state; ++i) EXPECT_NEAR(moving[i].value, plain[i], round_off);
}

TEST_P(NeuralMlpShapes, in_floats_agrees_to_the_rounding_of_floats) {
  constexpr double round_off = 512 * std::numeric_limits<float>::epsilon();  // some hundred products of size 3
  std::vector<float> const y_single(y.begin(), y.end()), p_single(p.begin(), p.end()), w_single(w.begin(), w.end());
  std::vector<double> y_bar(state), p_bar(parameters), kept(kept_size), scratch(scratch_size);
  std::vector<float> y_bar_single(state), p_bar_single(parameters), kept_single(kept_size),
      scratch_single(scratch_size);

  std::vector<double> const dydt = rhs(y, p);
  std::vector<float> const dydt_single = rhs(y_single, p_single);
  mlp.keep(samples, y.data(), p.data(), kept.data());
  mlp.vjp(samples, p.data(), w.data(), y_bar.data(), p_bar.data(), kept.data(), scratch.data());
  mlp.keep(samples, y_single.data(), p_single.data(), kept_single.data());
  mlp.vjp(samples, p_single.data(), w_single.data(), y_bar_single.data(), p_bar_single.data(), kept_single.data(),
          scratch_single.data());

  for (std::size_t i = 0; i < state; ++i) {
    EXPECT_NEAR(dydt_single[i], dydt[i], round_off);
    EXPECT_NEAR(y_bar_single[i], y_bar[i], round_off);
  }
  for (std::size_t j = 0; j < parameters; ++j) EXPECT_NEAR(p_bar_single[j], p_bar[j], round_off);
}

// A library may add in another order when its operands are aligned otherwise; blocks lie at any offset of a state. Only
// kept, scratch, p and p_bar lie alike for every block.
TEST_P(NeuralMlpShapes, bits_do_not_depend_on_where_the_states_lie) {
  constexpr std::size_t room = 3;
  std::vector<double> y_there(state + room), w_there(state + room), dydt(state + room), y_bar(state + room);
  std::vector<double> p_bar(parameters), kept(kept_size), scratch(scratch_size);
  std::vector<std::vector<double>> results;

  for (std::size_t shift = 0; shift <= room; ++shift) {
    double *const y_at = y_there.data() + shift, *const w_at = w_there.data() + shift;
    std::ranges::copy(y, y_at);
    std::ranges::copy(w, w_at);
    std::ranges::fill(p_bar, 0.0);
    mlp.rhs(samples, y_at, p.data(), dydt.data() + shift, kept.data(), scratch.data());
    mlp.vjp(samples, p.data(), w_at, y_bar.data() + shift, p_bar.data(), kept.data(), scratch.data());
    std::vector<double> all(p_bar);
    all.insert(all.end(), dydt.data() + shift, dydt.data() + shift + state);
    all.insert(all.end(), y_bar.data() + shift, y_bar.data() + shift + state);
    results.push_back(all);
  }

  for (std::vector<double> const& result : results) EXPECT_EQ(result, results.front());
}

TEST_P(NeuralMlpShapes, loss_gradient_is_the_derivative_of_the_loss) {
  std::vector<double> gradient(state);

  mlp.loss_gradient(samples, y.data(), gradient.data());

  double square = 0.0;
  for (std::size_t i = 0; i < state; ++i) {
    std::vector<Dual<double, 1>> moving(y.begin(), y.end());
    moving[i].tangent[0] = 1.0;
    EXPECT_NEAR(gradient[i], mlp.loss(samples, moving.data()).tangent[0], 4 * epsilon);
    square += y[i] * y[i];
  }
  EXPECT_NEAR(mlp.loss(samples, y.data()), square / (2.0 * static_cast<double>(mlp.samples())),
              static_cast<double>(state) * epsilon * square);
}

TEST(NeuralMlp, weights_and_starts_follow_the_published_formula) {
  NeuralMlp const mlp(arguments({2, 3, 2}));
  auto const symmetric = [](std::uint64_t bits) {
    return 2.0 * std::ldexp(static_cast<double>(bits >> 11U), -53) - 1.0;
  };
  std::vector<double> p(static_cast<std::size_t>(mlp.parameters())), y(2);

  mlp.parameter_values(p);
  mlp.initial_state(0, y);

  // The first three outputs of splitmix64 from seed 0, as published with its reference code.
  double const scale = 1.5 * std::sqrt(3.0 / 2.0);
  ASSERT_EQ(p.size(), 2U * 3 + 3 + 3 * 2 + 2);
  EXPECT_EQ(p[0], scale * symmetric(0xE220A8397B1DCDAFU));
  EXPECT_EQ(p[1], scale * symmetric(0x6E789E6AA1B965F4U));
  EXPECT_EQ(p[2], scale * symmetric(0x06C45D188009454FU));
  for (double const bias : {p[6], p[7], p[8], p[15], p[16]}) EXPECT_LE(std::abs(bias), 0.1);
  for (double const start : y) EXPECT_LE(std::abs(start), 1.0);
}

TEST(NeuralMlp, samples_differ_and_do_not_depend_on_the_batch) {
  NeuralMlp const small(arguments({3, 4, 3}, 2.0)), large(arguments({3, 4, 3}, 200.0));
  std::vector<double> first(3), second(3), second_of_many(3);

  small.initial_state(0, first);
  small.initial_state(1, second);
  large.initial_state(1, second_of_many);

  EXPECT_NE(first, second);
  EXPECT_EQ(second, second_of_many);
}

TEST(NeuralMlp, refuses_widths_that_make_no_vector_field) {
  EXPECT_THROW(NeuralMlp(arguments({5})), UsageError);
  EXPECT_THROW(NeuralMlp(arguments({})), UsageError);
  EXPECT_THROW(NeuralMlp(arguments({5, 7, 6})), UsageError);
  EXPECT_NO_THROW(NeuralMlp(arguments({5, 5})));
}

TEST(NeuralMlp, with_contraction_is_a_flow_that_contracts) {
  Arguments values = arguments({6, 24, 6}, 2.0);
  values.numbers["contraction"] = 1.0;
  NeuralMlp const mlp(values);
  auto const size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  std::vector<double> p(size(mlp.parameters())), y(12), dydt(12), kept(size(mlp.kept_size(2))),
      scratch(size(mlp.scratch_size(2)));
  mlp.parameter_values(p);
  std::mt19937_64 random{3};
  for (int trial = 0; trial < 50; ++trial) {
    for (double& x : y) x = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
    mlp.rhs(2, y.data(), p.data(), dydt.data(), kept.data(), scratch.data());
    double rate = 0.0;  // (f(y_1) - f(y_2)) . (y_1 - y_2), of the two samples
    for (std::size_t d = 0; d < 6; ++d) rate += (dydt[d] - dydt[6 + d]) * (y[d] - y[6 + d]);
    EXPECT_LT(rate, 0.0);
  }

  values.lists["widths"] = {6, 24, 24, 6};
  EXPECT_THROW(NeuralMlp{values}, UsageError);
}

}  // namespace
}  // namespace retrace
