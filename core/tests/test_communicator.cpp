#include "core/communicator.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <string>
#include <utility>
#include <vector>

namespace retrace {
namespace {

class CommunicatorTest : public ::testing::Test {
 protected:
  Communicator const world = Communicator::duplicate_of(MPI_COMM_WORLD);
  int const rank = world.rank(), size = world.size();
};

TEST_F(CommunicatorTest, a_duplicate_has_the_same_ranks_and_messages_of_its_own) {
  int parent_rank = -1, parent_size = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &parent_rank);
  MPI_Comm_size(MPI_COMM_WORLD, &parent_size);

  EXPECT_EQ(rank, parent_rank);
  EXPECT_EQ(size, parent_size);
  EXPECT_EQ(Communicator::duplicate_of(MPI_COMM_SELF).size(), 1);
}

TEST_F(CommunicatorTest, gathers_unequal_parts_in_rank_order) {
  std::vector<double> const local(static_cast<std::size_t>(rank), 10.0 + rank);  // rank 0 has nothing to give

  std::vector<double> const all = world.all_gather(local);

  std::vector<double> expected;
  for (int r = 0; r < size; ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), 10.0 + r);
  EXPECT_EQ(all, expected);
}

TEST_F(CommunicatorTest, texts_go_to_rank_zero_and_come_from_it) {
  std::string const local(static_cast<std::size_t>(2 * (size - rank)), static_cast<char>('a' + rank));

  std::vector<std::string> const texts = world.gather_text(local);
  std::string const of_zero = world.broadcast_text(rank == 0 ? "from zero" : "ignored, and longer than that");
  std::string const empty = world.broadcast_text(rank == 0 ? "" : "ignored");

  EXPECT_EQ(of_zero, "from zero");
  EXPECT_EQ(empty, "");
  if (rank != 0) {
    EXPECT_TRUE(texts.empty());
    return;
  }
  ASSERT_EQ(texts.size(), static_cast<std::size_t>(size));
  for (int r = 0; r < size; ++r)
    EXPECT_EQ(texts[static_cast<std::size_t>(r)],
              std::string(static_cast<std::size_t>(2 * (size - r)), static_cast<char>('a' + r)));
}

TEST_F(CommunicatorTest, reductions_see_every_rank) {
  EXPECT_EQ(world.all_max(0.5 * rank), 0.5 * (size - 1));
  EXPECT_EQ(world.all_min(-0.5 * rank), -0.5 * (size - 1));
  EXPECT_EQ(world.all_sum(std::int64_t{rank} + 1), std::int64_t{size} * (size + 1) / 2);
  EXPECT_EQ(world.all_max(std::int64_t{-rank}), 0);
  world.barrier();
}

TEST_F(CommunicatorTest, moving_hands_the_communicator_over) {
  Communicator first = Communicator::duplicate_of(MPI_COMM_WORLD);

  Communicator second = std::move(first);
  Communicator third = Communicator::duplicate_of(MPI_COMM_SELF);
  third = std::move(second);

  EXPECT_EQ(third.size(), size);
  EXPECT_EQ(third.rank(), rank);
}

}  // namespace
}  // namespace retrace
