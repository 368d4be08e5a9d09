// The self-test's own tests: a sample of the false alarms, and that a planted error counts as found.
#include "verification/problem_catalogue.hpp"
#include "verification/selftest/examined.hpp"
#include "verification/selftest/false_alarms.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>

namespace retrace::selftest {
namespace {

TEST(RandomCase, is_the_same_for_the_same_seed_and_another_for_another) {
  EXPECT_EQ(random_case(5).describe(), random_case(5).describe());
  EXPECT_NE(random_case(5).describe(), random_case(6).describe());
}

TEST(FalseAlarms, every_configuration_is_asked_and_counted) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);

  FalseAlarms const found = count_false_alarms(8, 1, self);

  EXPECT_EQ(found.configurations, 8);
  std::int64_t const solved = found.configurations - found.unsolved;
  Verdicts const& finite = found.by_check.at("finite");
  EXPECT_EQ(finite.pass + finite.fail + finite.inconclusive, solved);
  std::int64_t failed = 0;
  for (auto const& [check, verdicts] : found.by_check) failed += verdicts.fail;
  EXPECT_EQ(failed, static_cast<std::int64_t>(found.alarms.size()));
}

TEST(Examined, a_scaled_gradient_fails_where_the_right_one_passes) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  RandomCase one = random_case(1);
  one.problem = "linear";
  one.arguments = Arguments::defaults(find_problem("linear").arguments);
  one.choice = {.method = "aca", .solver = "bogacki_shampine32"};
  one.control = {};
  Examined examined(one, self);
  auto const dual = [](std::string_view name) { return name == "dual"; };

  EXPECT_EQ(examined.checks(dual).front().verdict, CheckVerdict::pass);
  EXPECT_EQ(examined.checks(dual, 1.0 + 1e-10).front().verdict, CheckVerdict::fail);
}

}  // namespace
}  // namespace retrace::selftest
