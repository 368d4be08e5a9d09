// A failure of one rank is a failure of all, whatever it is; on one rank alone it is the plain failure.
#include "benchmarks/agreement.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

namespace retrace::test {
namespace {

class AgreementTest : public ::testing::Test {
 protected:
  /// The text with which `body`, given the rank, fails on this rank as an Error; "" if it does not fail so.
  template <class Error>
  std::string failure(std::function<void(int)> const& body) {
    try {
      agreement_.run([&] { body(work_.rank()); });
    } catch (Error const& error) {
      return error.what();
    }
    return {};
  }

  [[nodiscard]] int last() const { return work_.size() - 1; }
  /// `text` as every rank reads it when `rank` alone failed.
  [[nodiscard]] std::string from(int rank, std::string const& text) const {
    return work_.size() == 1 ? text : "rank " + std::to_string(rank) + ": " + text;
  }

  Communicator work_ = Communicator::duplicate_of(MPI_COMM_WORLD), own_ = Communicator::duplicate_of(MPI_COMM_WORLD);
  Agreement agreement_{own_};
};

TEST_F(AgreementTest, nothing_happens_when_all_is_well) {
  std::int64_t sum = 0;

  agreement_.run([&] { sum = work_.all_sum(std::int64_t{1}); });

  EXPECT_EQ(sum, work_.size());
}

TEST_F(AgreementTest, failure_of_the_last_rank_is_everyones) {
  auto const body = [&](int rank) {
    if (rank == last()) throw std::runtime_error("no luck");
  };

  EXPECT_EQ(failure<std::runtime_error>(body), from(last(), "no luck"));
}

TEST_F(AgreementTest, failure_of_all_names_no_rank) {
  auto const body = [](int rank) { throw UsageError("bad on " + std::to_string(rank)); };

  EXPECT_EQ(failure<UsageError>(body), "bad on 0");
}

TEST_F(AgreementTest, kinds_of_failure_are_kept) {
  EXPECT_EQ(failure<EnvironmentError>([](int) { throw EnvironmentError("disk"); }), "disk");
  EXPECT_EQ(failure<OutOfMemory>([](int) { throw std::bad_alloc(); }), "out of memory");
  EXPECT_EQ(failure<std::bad_alloc>([](int) { throw OutOfMemory("arena"); }), "arena");
  EXPECT_EQ(failure<std::runtime_error>([](int) { throw 7; }), "an exception without a text");
}

TEST_F(AgreementTest, gravest_failure_wins) {
  auto const body = [&](int rank) {
    if (rank == last()) throw std::bad_alloc();
    throw UsageError("bad option");
  };

  EXPECT_EQ(failure<OutOfMemory>(body), "out of memory");
}

TEST_F(AgreementTest, failure_between_collective_calls_leaves_them_in_step) {
  auto const body = [&](int rank) {
    (void)work_.all_sum(std::int64_t{1});
    if (rank == last()) throw std::runtime_error("between");
  };
  EXPECT_EQ(failure<std::runtime_error>(body), from(last(), "between"));

  EXPECT_EQ(work_.all_sum(std::int64_t{1}), work_.size());
}

TEST_F(AgreementTest, body_for_the_first_rank_runs_there_alone) {
  int runs = 0;

  agreement_.run_on_first([&] { ++runs; });

  EXPECT_EQ(runs, work_.rank() == 0 ? 1 : 0);
  EXPECT_THROW(agreement_.run_on_first([] { throw EnvironmentError("disk full"); }), EnvironmentError);
}

}  // namespace
}  // namespace retrace::test
