#include "benchmarks/case_order.hpp"
#include "benchmarks/config_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace retrace {
namespace {

CaseSpec spec(char const* problem, char const* method, std::int64_t steps, double length = 1.0) {
  CaseSpec made;
  made.problem = problem;
  made.problem_args = {{"T", length}};
  made.method = method;
  made.solver = "rk4";
  made.control.adaptive = false;
  made.control.steps = steps;
  return made;
}

std::vector<CaseSpec> suite() {
  return {spec("linear", "naive", 10),   spec("linear", "naive", 30), spec("linear", "aca", 10),
          spec("linear", "aca", 20),     spec("lorenz", "naive", 40), spec("lorenz", "naive", 40, 2.0),
          spec("linear", "adjoint", 50), spec("lorenz", "aca", 5)};
}

std::string text(std::vector<CaseSpec> const& cases) {
  std::string text;
  for (CaseSpec const& c : cases)
    text += c.problem.substr(0, 3) + (c.problem_args.at("T") == 1.0 ? "-" : "2-") + c.method +
            std::to_string(c.control.steps) + " ";
  return text;
}

TEST(CaseOrder, of_config_is_that_of_the_suite) {
  EXPECT_EQ(text(in_run_order(suite(), "config")), text(suite()));
}

TEST(CaseOrder, interleaved_lets_the_methods_of_a_problem_take_turns) {
  EXPECT_EQ(text(in_run_order(suite(), "interleaved")),
            "lin-naive10 lin-aca10 lin-adjoint50 lin-naive30 lin-aca20 "
            "lor-naive40 lor-aca5 lor2-naive40 ");
}

TEST(CaseOrder, longest_first_keeps_the_order_of_equals) {
  EXPECT_EQ(text(in_run_order(suite(), "longest-first")),
            "lin-adjoint50 lor-naive40 lor2-naive40 lin-naive30 lin-aca20 lin-naive10 lin-aca10 lor-aca5 ");
}

TEST(CaseOrder, every_order_has_every_case) {
  for (std::string const& order : config::run_orders) {
    std::vector<CaseSpec> const ordered = in_run_order(suite(), order);
    auto const ids = [](std::vector<CaseSpec> const& cases) {
      std::vector<std::string> all;
      for (CaseSpec const& c : cases) all.push_back(canonical_json(c).dump());
      return all;
    };
    EXPECT_TRUE(std::ranges::is_permutation(ids(ordered), ids(suite()))) << order;
  }
}

}  // namespace
}  // namespace retrace
