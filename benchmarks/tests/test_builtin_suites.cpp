#include "benchmarks/builtin_suites.hpp"
#include "benchmarks/tests/example_vocabulary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>

namespace retrace::test {
namespace {

Suite builtin(std::string_view name) {
  std::array const files{builtin_config(name)};
  return parse_suite(files, {}, example_vocabulary());
}

TEST(BuiltinSuites, each_one_is_valid_and_titled) {
  ASSERT_GE(builtin_suites().size(), 3U);
  for (BuiltinSuite const& suite : builtin_suites()) {
    Suite const parsed = builtin(suite.name);
    EXPECT_FALSE(parsed.title.empty()) << suite.name;
    EXPECT_FALSE(parsed.cases.empty()) << suite.name;
  }
}

TEST(BuiltinSuites, grow_from_smoke_to_standard) {
  EXPECT_LT(builtin("smoke").cases.size(), 100U);
  EXPECT_LT(builtin("smoke").cases.size(), builtin("quick").cases.size());
  EXPECT_LT(builtin("quick").cases.size(), builtin("standard").cases.size());
}

TEST(BuiltinSuites, quick_has_every_problem_under_the_papers_methods_and_solvers) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (CaseSpec const& spec : builtin("quick").cases) seen.emplace(spec.problem, spec.method, spec.solver);

  Vocabulary const vocabulary = example_vocabulary();
  for (ProblemEntry const& problem : vocabulary.problems) {
    for (std::string const method : {"naive", "adjoint", "aca"}) {
      for (std::string const solver : {"heun_euler21", "bogacki_shampine32", "dormand_prince54"})
        EXPECT_TRUE(seen.contains({problem.name, method, solver})) << problem.name << ' ' << method << ' ' << solver;
    }
  }
}

TEST(BuiltinSuites, smoke_uses_every_name_of_the_vocabulary) {
  std::set<std::string> seen;
  for (CaseSpec const& spec : builtin("smoke").cases) seen.insert({spec.problem, spec.method, spec.solver});

  Vocabulary const vocabulary = example_vocabulary();
  for (ProblemEntry const& problem : vocabulary.problems) EXPECT_TRUE(seen.contains(problem.name)) << problem.name;
  for (std::string const& method : vocabulary.methods) EXPECT_TRUE(seen.contains(method)) << method;
  for (SolverEntry const& solver : vocabulary.solvers) EXPECT_TRUE(seen.contains(solver.name)) << solver.name;
}

TEST(BuiltinSuites, an_unknown_name_is_an_error_with_the_nearest) {
  EXPECT_EQ(message_of([] { static_cast<void>(builtin_config("qiuck")); }),
            "--suite: unknown suite 'qiuck'; did you mean 'quick'?");
}

}  // namespace
}  // namespace retrace::test
