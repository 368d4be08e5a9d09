// Bytes of several ranks as rows: statistics over the ranks, labels of the rank that has the largest peak.
#include "benchmarks/memory_use.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <string>

namespace retrace {
namespace {

/// Rank r has used 1000 (r + 1) bytes above a baseline of 100, in a block that bears its number.
MemoryUse use_of(int rank) {
  std::int64_t const bytes = 1000 * (rank + 1);
  return {.spaces = {{.space = "Host",
                      .baseline = 100,
                      .peak = 100 + bytes,
                      .end = 100,
                      .count = rank + 1,
                      .labels = {{"block of rank " + std::to_string(rank), bytes}}}},
          .peak_rss_bytes = 1 << 20};
}

results::CheckRow const& check_named(results::CaseRecord const& record, std::string const& name) {
  return *std::ranges::find(record.checks, name, &results::CheckRow::check);
}

TEST(MemoryUse, of_ranks_has_the_labels_of_the_largest) {
  Communicator const world = Communicator::duplicate_of(MPI_COMM_WORLD);
  int const ranks = world.size(), last = ranks - 1;
  results::CaseRecord record;

  note_memory(world, use_of(world.rank()), 1000 * (world.rank() + 1), record);

  ASSERT_EQ(record.memory.size(), 5U);  // four statistics of a space, and the process
  EXPECT_EQ(record.memory[0].stat, results::MemoryStat::max_rank);
  EXPECT_EQ(record.memory[0].peak_above_baseline, 1000 * ranks);
  EXPECT_EQ(record.memory[1].peak_above_baseline, 1000);
  EXPECT_EQ(record.memory[3].peak_above_baseline, 500 * ranks * (ranks + 1));
  EXPECT_EQ(record.memory[3].alloc_count, ranks * (ranks + 1) / 2);
  ASSERT_EQ(record.mem_labels.size(), 1U);
  EXPECT_EQ(record.mem_labels[0].label, "block of rank " + std::to_string(last));
  EXPECT_EQ(record.mem_labels[0].live_at_peak, 1000 * ranks);
  EXPECT_EQ(record.memory[0].largest_label, record.mem_labels[0].label);
  EXPECT_EQ(check_named(record, "leak").verdict, results::Verdict::pass);
  EXPECT_EQ(check_named(record, "memory_model").verdict, results::Verdict::pass);
}

TEST(MemoryUse, that_is_not_the_formulas_or_stays_is_a_failure) {
  Communicator const self = Communicator::duplicate_of(MPI_COMM_SELF);
  MemoryUse use = use_of(99);
  use.spaces[0].end += 8;
  results::CaseRecord too_much, too_little;
  constexpr std::int64_t bytes = 100'000;

  note_memory(self, use, bytes * 10 / 11, too_much);
  note_memory(self, use, bytes * 11 / 10, too_little);

  EXPECT_EQ(check_named(too_much, "leak").verdict, results::Verdict::fail);
  EXPECT_EQ(check_named(too_much, "memory_model").verdict, results::Verdict::fail);
  EXPECT_EQ(check_named(too_little, "memory_model").verdict, results::Verdict::fail);
}

}  // namespace
}  // namespace retrace
