#include "benchmarks/coverage.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace retrace {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

CaseSpec spec_of(std::string problem, std::string method, std::int64_t steps) {
  CaseSpec spec;
  spec.problem = std::move(problem);
  spec.method = std::move(method);
  spec.solver = "rk4";
  spec.control.adaptive = false;
  spec.control.steps = steps;
  return spec;
}

std::vector<std::size_t> taken_of(std::vector<CaseSpec> const& cases, std::vector<double> const& seconds,
                                  double budget) {
  std::vector<std::size_t> indices;
  std::vector<bool> const taken = best_coverage(cases, seconds, budget);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) indices.push_back(i);
  }
  return indices;
}

/// What the documentation says a set of cases shows, counted by other means.
std::size_t shown(std::vector<CaseSpec> const& cases, std::vector<std::size_t> const& chosen) {
  std::set<std::vector<std::string>> seen;
  for (std::size_t const i : chosen) {
    CaseSpec const& c = cases[i];
    std::vector<std::string> const values{c.problem,   c.method, c.solver, std::to_string(c.control.steps),
                                          c.precision, c.backend};
    for (std::size_t a = 0; a < values.size(); ++a) {
      seen.insert({std::to_string(a), values[a]});
      for (std::size_t b = 0; b < a; ++b) seen.insert({std::to_string(a), values[a], std::to_string(b), values[b]});
    }
    seen.insert({"itself", std::to_string(i)});
  }
  return seen.size();
}

TEST(Coverage, takes_everything_that_fits) {
  std::vector<CaseSpec> const cases{spec_of("linear", "aca", 1), spec_of("linear", "aca", 2),
                                    spec_of("linear", "naive", 1)};
  EXPECT_EQ(taken_of(cases, {1.0, 2.0, 3.0}, 6.0), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(Coverage, prefers_what_has_not_been_seen_to_more_of_the_same) {
  std::vector<CaseSpec> const cases{spec_of("linear", "aca", 1), spec_of("linear", "aca", 2),
                                    spec_of("lorenz63", "naive", 3)};
  EXPECT_EQ(taken_of(cases, {1.0, 1.0, 1.0}, 2.0), (std::vector<std::size_t>{0, 2}));
}

TEST(Coverage, prefers_the_cheaper_of_two_that_show_as_much) {
  std::vector<CaseSpec> const cases{spec_of("linear", "aca", 1), spec_of("lorenz63", "naive", 2)};
  EXPECT_EQ(taken_of(cases, {2.0, 1.0}, 2.5), (std::vector<std::size_t>{1}));
}

TEST(Coverage, takes_no_case_of_unknown_length_and_none_that_does_not_fit) {
  std::vector<CaseSpec> const cases{spec_of("linear", "aca", 1), spec_of("lorenz63", "naive", 2)};
  EXPECT_TRUE(taken_of(cases, {unknown, 10.0}, 5.0).empty());
  EXPECT_TRUE(taken_of({}, {}, 5.0).empty());
}

TEST(Coverage, cases_that_take_no_time_are_taken) {
  std::vector<CaseSpec> const cases{spec_of("linear", "aca", 1), spec_of("lorenz63", "naive", 2)};
  EXPECT_EQ(taken_of(cases, {0.0, 0.0}, 0.0), (std::vector<std::size_t>{0, 1}));
}

/// Against every subset of ten cases.
TEST(Coverage, is_as_near_to_the_optimum_as_the_theorem_says) {
  std::mt19937 random(7);
  auto const draw = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 50; ++round) {
    std::vector<CaseSpec> cases;
    std::vector<double> seconds;
    std::set<std::string> ids;
    while (cases.size() < 10) {
      CaseSpec spec = spec_of("p" + std::to_string(draw(3)), "m" + std::to_string(draw(3)), 1 + draw(4));
      if (!ids.insert(case_id(spec)).second) continue;
      cases.push_back(std::move(spec));
      seconds.push_back(1.0 + draw(20));
    }
    double const budget = 0.4 * std::accumulate(seconds.begin(), seconds.end(), 0.0);
    std::vector<std::size_t> const chosen = taken_of(cases, seconds, budget);
    double spent = 0.0;
    for (std::size_t const i : chosen) spent += seconds[i];
    EXPECT_LE(spent, budget);
    std::size_t best = 0;
    for (unsigned subset = 0; subset < 1U << cases.size(); ++subset) {
      std::vector<std::size_t> members;
      double total = 0.0;
      for (std::size_t i = 0; i < cases.size(); ++i) {
        if ((subset >> i & 1U) == 0) continue;
        members.push_back(i);
        total += seconds[i];
      }
      if (total <= budget) best = std::max(best, shown(cases, members));
    }
    double const proved = 0.5 * (1.0 - std::exp(-1.0));
    EXPECT_GE(static_cast<double>(shown(cases, chosen)), proved * static_cast<double>(best)) << "round " << round;
  }
}

}  // namespace
}  // namespace retrace
