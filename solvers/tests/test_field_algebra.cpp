// The operations on a large state are those on a small one, with other memory and a sum over blocks.
#include "solvers/field_algebra.hpp"
#include "solvers/tableaus/bogacki_shampine32.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace retrace {
namespace {

/// Seven items of three components in blocks of two, in two copies with two replicated entries behind them.
constexpr std::int64_t items = 7, item = 3, block = 2, copies = 2, tail = 2;
constexpr int N = copies * items * item + tail;
constexpr double round_off = N * 8 * std::numeric_limits<double>::epsilon();  // sums of N terms in another order

constexpr Tableau tab = tableau_of<BogackiShampine32>;
using Small = VecAlgebra<double, double, N>;
using Large = FieldAlgebra<double, double, Kokkos::DefaultHostExecutionSpace>;

class FieldAlgebraTest : public ::testing::Test {
 protected:
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  Small const small{};
  Large const large{FieldLayout{BlockPartition(items, block, 0, 1), item, copies, tail}, self};
  std::mt19937_64 random{5};
  StepControl const control{.relative_tolerance = 1e-2, .absolute_tolerance = 1e-3};

  Small::State random_state() {
    Small::State x{};
    for (double& entry : x.data) entry = std::uniform_real_distribution<double>(-1.0, 1.0)(random);
    return x;
  }
  Large::State copy_of(Small::State const& x) const {
    Large::State copy = large.make_state("retrace::test::state");
    for (int i = 0; i < N; ++i) copy(static_cast<std::size_t>(i)) = x[i];
    return copy;
  }
  void expect_equal(Large::State const& x, Small::State const& expected) const {
    for (int i = 0; i < N; ++i)
      EXPECT_NEAR(x(static_cast<std::size_t>(i)), expected[i], round_off * (1.0 + std::abs(expected[i]))) << i;
  }
  struct Stages {
    Small::Stages small;
    Large::Stages large;
  };
  Stages random_stages() {
    Stages k;
    for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) {
      k.small[i] = random_state();
      k.large[i] = copy_of(k.small[i]);
    }
    return k;
  }
};

TEST_F(FieldAlgebraTest, counts_its_entries) {
  EXPECT_EQ(large.layout().copy_entries(), items * item);
  EXPECT_EQ(large.layout().local_entries(), N);
  EXPECT_EQ(large.layout().global_entries(), N);
  EXPECT_EQ(large.make_state("retrace::test::state").extent(0), static_cast<std::size_t>(N));
}

TEST_F(FieldAlgebraTest, norms_leave_the_tail_out_where_they_are_told_to) {
  Large const without{FieldLayout{BlockPartition(items, block, 0, 1), item, copies, tail, false}, self};
  VecAlgebra<double, double, N, N - tail> const counted{};
  auto k = random_stages();
  Small::State const y = random_state(), y_new = random_state();
  double const expected = counted.error_norm(tab, control, y, y_new, 0.3, k.small),
               expected_rms = counted.weighted_rms(control, y_new, y);
  EXPECT_NEAR(without.error_norm(tab, control, copy_of(y), copy_of(y_new), 0.3, k.large), expected,
              round_off * expected);
  EXPECT_NEAR(without.weighted_rms(control, copy_of(y_new), copy_of(y)), expected_rms, round_off * expected_rms);
  // With the update in the same call the tail is updated all the same.
  Large::State updated = large.make_state("retrace::test::updated"), apart = large.make_state("retrace::test::apart");
  double const with_update = without.update_and_error_norm(tab, control, copy_of(y), updated, 0.3, k.large);
  large.combine(apart, tab.weight_row(), 0.3, k.large, Plain{copy_of(y)});
  for (std::size_t i = 0; i < N; ++i) EXPECT_EQ(updated(i), apart(i)) << i;
  EXPECT_EQ(with_update, without.error_norm(tab, control, copy_of(y), apart, 0.3, k.large));

  for (int i = N - tail; i < N; ++i) k.small[0][i] = k.large[0](static_cast<std::size_t>(i)) = 1e9;
  EXPECT_NEAR(without.error_norm(tab, control, copy_of(y), copy_of(y_new), 0.3, k.large), expected,
              round_off * expected);
  EXPECT_EQ(counted.error_norm(tab, control, y, y_new, 0.3, k.small), expected);
  EXPECT_GT(large.error_norm(tab, control, copy_of(y), copy_of(y_new), 0.3, k.large), 2.0 * expected);
}

TEST_F(FieldAlgebraTest, combines_stages_with_extra_terms) {
  auto const k = random_stages();
  Small::State const y = random_state(), z = random_state();
  Large::State const y_large = copy_of(y), z_large = copy_of(z);
  Small::State expected{};
  Large::State out = large.make_state("retrace::test::out");

  small.combine(expected, tab.weight_row(), 0.3, k.small, Scaled{1.0, y}, Scaled{-0.7, z});
  large.combine(out, tab.weight_row(), 0.3, k.large, Scaled{1.0, y_large}, Scaled{-0.7, z_large});

  expect_equal(out, expected);
}

TEST_F(FieldAlgebraTest, a_combination_of_nothing_is_zero) {
  auto const k = random_stages();
  Large::State out = copy_of(random_state());

  large.combine(out, tab.stage_row(0), 0.3, k.large);

  expect_equal(out, Small::State{});
}

TEST_F(FieldAlgebraTest, may_combine_into_one_of_its_terms) {
  auto const k = random_stages();
  Small::State y = random_state();
  Large::State y_large = copy_of(y);
  Small::State const before = y;

  small.combine(y, tab.weight_row(), 0.3, k.small, Scaled{1.0, before});
  large.combine(y_large, tab.weight_row(), 0.3, k.large, Scaled{1.0, y_large});

  expect_equal(y_large, y);
}

TEST_F(FieldAlgebraTest, copies_exchanges_refers_adds_and_clears) {
  Small::State const x = random_state(), y = random_state();
  Large::State a = copy_of(x), b = copy_of(y), alias;
  double const* const memory_of_b = b.data();

  large.add(a, -2.0, b);
  Small::State expected = x;
  small.add(expected, -2.0, y);
  expect_equal(a, expected);

  large.assign(a, b);
  expect_equal(a, y);
  EXPECT_NE(a.data(), b.data());

  large.take_where(true, a, b);
  EXPECT_EQ(a.data(), memory_of_b);

  large.refer(alias, a);
  EXPECT_EQ(alias.data(), a.data());

  large.set_zero(alias);
  expect_equal(a, Small::State{});
}

TEST_F(FieldAlgebraTest, norms_and_products_cover_all_copies_and_the_tail) {
  auto const k = random_stages();
  Small::State const y = random_state(), y_new = random_state();
  Large::State const y_large = copy_of(y), y_new_large = copy_of(y_new);

  double const dot = large.dot(y_large, y_new_large),
               error = large.error_norm(tab, control, y_large, y_new_large, 0.3, k.large),
               rms = large.weighted_rms(control, y_large, y_new_large);

  EXPECT_NEAR(dot, small.dot(y, y_new), round_off);
  double const error_expected = small.error_norm(tab, control, y, y_new, 0.3, k.small);
  EXPECT_NEAR(error, error_expected, round_off * error_expected);
  double const rms_expected = small.weighted_rms(control, y, y_new);
  EXPECT_NEAR(rms, rms_expected, round_off * rms_expected);
}

TEST_F(FieldAlgebraTest, update_and_error_norm_in_one_pass_are_the_two_after_one_another) {
  auto const k = random_stages();
  Small::State const y = random_state();
  Large::State const y_large = copy_of(y);
  Small::State expected{};
  Large::State y_new = large.make_state("retrace::test::y_new"), apart = large.make_state("retrace::test::apart");

  double const error = large.update_and_error_norm(tab, control, y_large, y_new, 0.3, k.large),
               error_expected = small.update_and_error_norm(tab, control, y, expected, 0.3, k.small);
  large.combine(apart, tab.weight_row(), 0.3, k.large, Plain{y_large});

  expect_equal(y_new, expected);
  for (std::size_t i = 0; i < N; ++i) EXPECT_EQ(y_new(i), apart(i));
  EXPECT_EQ(error, large.error_norm(tab, control, y_large, y_new, 0.3, k.large));
  EXPECT_NEAR(error, error_expected, round_off * error_expected);
}

TEST_F(FieldAlgebraTest, reverse_of_the_error_norm_is_the_small_one) {
  auto const k = random_stages();
  Small::State const y = random_state(), y_new = random_state();
  Small::State e_bar{}, y_bar = random_state(), y_new_bar = random_state();
  Large::State e_large = copy_of(e_bar), y_large = copy_of(y_bar), y_new_large = copy_of(y_new_bar);
  double const norm = small.error_norm(tab, control, y, y_new, 0.3, k.small);

  small.error_norm_vjp(tab, control, norm, 1.7, y, y_new, 0.3, k.small, e_bar, y_bar, y_new_bar);
  large.error_norm_vjp(tab, control, norm, 1.7, copy_of(y), copy_of(y_new), 0.3, k.large, e_large, y_large,
                       y_new_large);

  expect_equal(e_large, e_bar);
  expect_equal(y_large, y_bar);
  expect_equal(y_new_large, y_new_bar);
}

TEST_F(FieldAlgebraTest, the_norm_of_the_maximum_and_its_reverse_are_the_small_ones) {
  StepControl largest = control;
  largest.norm = ErrorNorm::max;
  auto const k = random_stages();
  Small::State const y = random_state(), y_new = random_state();
  Small::State e_bar{}, y_bar = random_state(), y_new_bar = random_state(), updated{};
  Large::State e_large = copy_of(e_bar), y_large = copy_of(y_bar), y_new_large = copy_of(y_new_bar),
               updated_large = copy_of(updated);
  double const norm = small.error_norm(tab, largest, y, y_new, 0.3, k.small);

  EXPECT_EQ(large.error_norm(tab, largest, copy_of(y), copy_of(y_new), 0.3, k.large), norm);
  EXPECT_EQ(large.update_and_error_norm(tab, largest, copy_of(y), updated_large, 0.3, k.large),
            small.update_and_error_norm(tab, largest, y, updated, 0.3, k.small));
  expect_equal(updated_large, updated);
  small.error_norm_vjp(tab, largest, norm, 1.7, y, y_new, 0.3, k.small, e_bar, y_bar, y_new_bar);
  large.error_norm_vjp(tab, largest, norm, 1.7, copy_of(y), copy_of(y_new), 0.3, k.large, e_large, y_large,
                       y_new_large);

  expect_equal(e_large, e_bar);
  expect_equal(y_large, y_bar);
  expect_equal(y_new_large, y_new_bar);
}

TEST_F(FieldAlgebraTest, components_that_share_the_maximum_share_its_derivative) {
  StepControl largest = control;
  largest.norm = ErrorNorm::max;
  Small::State const nothing{}, ones = Small::State::filled(1.0);
  Stages k;
  for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) {
    k.small[i] = i == 0 ? ones : nothing;
    k.large[i] = copy_of(k.small[i]);
  }
  Large::State e_bar = copy_of(nothing), y_bar = copy_of(nothing), y_new_bar = copy_of(nothing);
  double const norm = large.error_norm(tab, largest, copy_of(ones), copy_of(ones), 0.3, k.large);

  large.error_norm_vjp(tab, largest, norm, 1.0, copy_of(ones), copy_of(ones), 0.3, k.large, e_bar, y_bar, y_new_bar);

  double const estimate = 0.3 * tab.error[0], expected = norm / estimate / N;  // E = |e| / w, each of N equal entries
  for (std::size_t i = 0; i < static_cast<std::size_t>(N); ++i)
    EXPECT_NEAR(e_bar(i), expected, round_off * std::abs(expected));
}

/// One sample of the state, as a small state of its own.
using Sample = VecAlgebra<double, double, static_cast<int>(item)>;
Sample::State sample_of(Small::State const& x, int number) {
  Sample::State sample{};
  for (int d = 0; d < item; ++d) sample[d] = x[number * static_cast<int>(item) + d];
  return sample;
}
Sample::Stages stages_of(Small::Stages const& k, int number) {
  Sample::Stages stages{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) stages[i] = sample_of(k[i], number);
  return stages;
}

TEST_F(FieldAlgebraTest, the_norm_per_sample_is_the_largest_of_the_samples_own) {
  StepControl per_sample = control;
  per_sample.norm = ErrorNorm::per_sample;
  auto const k = random_stages();
  Small::State const y = random_state(), y_new = random_state();
  Small::State updated{};
  Large::State updated_large = copy_of(updated);
  double largest = 0.0;
  for (int number = 0; number < copies * items; ++number)
    largest = std::max(largest, Sample{}.error_norm(tab, control, sample_of(y, number), sample_of(y_new, number), 0.3,
                                                    stages_of(k.small, number)));
  VecAlgebra<double, double, tail> const of_tail{};
  decltype(of_tail)::State y_tail{}, y_new_tail{};
  decltype(of_tail)::Stages k_tail{};
  for (int d = 0; d < tail; ++d) {
    y_tail[d] = y[N - static_cast<int>(tail) + d];
    y_new_tail[d] = y_new[N - static_cast<int>(tail) + d];
    for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i)
      k_tail[i][d] = k.small[i][N - static_cast<int>(tail) + d];
  }
  double const with_tail = std::max(largest, of_tail.error_norm(tab, control, y_tail, y_new_tail, 0.3, k_tail));
  Large const without{FieldLayout{BlockPartition(items, block, 0, 1), item, copies, tail, false}, self};

  EXPECT_NEAR(without.error_norm(tab, per_sample, copy_of(y), copy_of(y_new), 0.3, k.large), largest,
              round_off * largest);
  double const norm = large.error_norm(tab, per_sample, copy_of(y), copy_of(y_new), 0.3, k.large);
  EXPECT_NEAR(norm, with_tail, round_off * with_tail);
  small.combine(updated, tab.weight_row(), 0.3, k.small, Plain{y});
  double const both = large.update_and_error_norm(tab, per_sample, copy_of(y), updated_large, 0.3, k.large);
  expect_equal(updated_large, updated);
  EXPECT_EQ(both, large.error_norm(tab, per_sample, copy_of(y), updated_large, 0.3, k.large));
}

TEST_F(FieldAlgebraTest, the_reverse_of_the_norm_per_sample_reaches_the_samples_that_attain_it) {
  Large const samples{FieldLayout{BlockPartition(copies * items, block, 0, 1), item, 1, 0}, self};
  StepControl per_sample = control;
  per_sample.norm = ErrorNorm::per_sample;
  auto k = random_stages();
  Small::State y = random_state(), y_new = random_state();
  constexpr int one = 3, other = 12;  // two samples alike, with errors above all others'
  for (int d = 0; d < item; ++d) {
    for (Small::State* x : {&y, &y_new})
      (*x)[other * static_cast<int>(item) + d] = (*x)[one * static_cast<int>(item) + d];
    for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) {
      double& entry = k.small[i][one * static_cast<int>(item) + d];
      entry *= 1e3;
      k.small[i][other * static_cast<int>(item) + d] = entry;
    }
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(tab.stages); ++i) k.large[i] = copy_of(k.small[i]);
  Large::State e_bar = copy_of(random_state()), y_bar = copy_of({}), y_new_bar = copy_of({});
  double const norm = samples.error_norm(tab, per_sample, copy_of(y), copy_of(y_new), 0.3, k.large);

  samples.error_norm_vjp(tab, per_sample, norm, 1.7, copy_of(y), copy_of(y_new), 0.3, k.large, e_bar, y_bar, y_new_bar);

  Sample::State e_expected{}, y_expected{}, y_new_expected{};
  Sample{}.error_norm_vjp(tab, control, norm, 1.7 / 2.0, sample_of(y, one), sample_of(y_new, one), 0.3,
                          stages_of(k.small, one), e_expected, y_expected, y_new_expected);
  for (int number = 0; number < copies * items; ++number) {
    bool const attains = number == one || number == other;
    for (int d = 0; d < item; ++d) {
      auto const at = static_cast<std::size_t>(number * item + d);
      EXPECT_NEAR(e_bar(at), attains ? e_expected[d] : 0.0, round_off * std::abs(e_expected[d])) << number;
      EXPECT_NEAR(y_bar(at), attains ? y_expected[d] : 0.0, round_off * std::abs(y_expected[d])) << number;
      EXPECT_NEAR(y_new_bar(at), attains ? y_new_expected[d] : 0.0, round_off * std::abs(y_new_expected[d])) << number;
    }
  }
}

TEST_F(FieldAlgebraTest, reverse_of_the_weighted_norm_is_the_small_one_even_when_state_and_weight_are_one) {
  Small::State const x = random_state(), y = random_state();
  Small::State x_bar = random_state(), y_bar = random_state(), both = random_state();
  Large::State x_large = copy_of(x_bar), y_large = copy_of(y_bar), both_large = copy_of(both);
  double const norm = small.weighted_rms(control, x, y), own = small.weighted_rms(control, y, y);

  small.weighted_rms_vjp(control, norm, 0.6, x, y, x_bar, y_bar);
  large.weighted_rms_vjp(control, norm, 0.6, copy_of(x), copy_of(y), x_large, y_large);
  small.weighted_rms_vjp(control, own, 0.6, y, y, both, both);
  large.weighted_rms_vjp(control, own, 0.6, copy_of(y), copy_of(y), both_large, both_large);

  expect_equal(x_large, x_bar);
  expect_equal(y_large, y_bar);
  expect_equal(both_large, both);
}

TEST_F(FieldAlgebraTest, one_bad_entry_anywhere_makes_a_state_not_finite) {
  for (std::size_t const at : {std::size_t{0}, static_cast<std::size_t>(items * item), std::size_t{N - 1}}) {
    Large::State x = copy_of(random_state());
    EXPECT_TRUE(large.is_finite(x));
    x(at) = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(large.is_finite(x));
  }
}

}  // namespace
}  // namespace retrace
