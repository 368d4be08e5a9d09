#include "core/blocks.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace retrace {
namespace {

/// Numbers of mixed sign and size, so that another order of additions shows in the last bits. Made beforehand: a
/// product formed where it is added may be contracted to an FMA.
std::vector<double> const numbers = [] {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(std::sin(7.0 * i) * std::exp(3.0 * std::cos(1.0 * i)));
  return values;
}();
double number(std::int64_t item, std::int64_t column) {
  return numbers[static_cast<std::size_t>(3 * item + column)];
}

struct Cut {
  std::int64_t total, block;
};
class Blocks : public ::testing::TestWithParam<Cut> {};
// Odd totals, a short last block, one block only, fewer blocks than ranks, blocks of one, exact multiples, one item.
INSTANTIATE_TEST_SUITE_P(Sizes, Blocks,
                         ::testing::Values(Cut{50, 16}, Cut{7, 16}, Cut{37, 4}, Cut{11, 1}, Cut{48, 16}, Cut{33, 16},
                                           Cut{1, 16}));

TEST_P(Blocks, of_all_ranks_tile_the_items_without_gap_or_overlap) {
  auto const [total, block] = GetParam();
  for (int ranks = 1; ranks <= 7; ++ranks) {
    std::int64_t items = 0, blocks = 0;

    for (int rank = 0; rank < ranks; ++rank) {
      BlockPartition const part(total, block, rank, ranks);
      EXPECT_EQ(part.blocks(), (total + block - 1) / block);
      EXPECT_EQ(part.first_block(), blocks);
      EXPECT_EQ(part.first_item(), items);
      EXPECT_EQ(part.blocks_per_rank()[static_cast<std::size_t>(rank)], part.local_blocks());
      std::int64_t in_blocks = 0;
      for (std::int64_t b = 0; b < part.local_blocks(); ++b) {
        EXPECT_EQ(part.block_offset(b), in_blocks);
        EXPECT_GE(part.block_items(b), 1);
        EXPECT_LE(part.block_items(b), block);
        in_blocks += part.block_items(b);
      }
      EXPECT_EQ(part.local_items(), in_blocks);
      items += part.local_items();
      blocks += part.local_blocks();
    }

    EXPECT_EQ(items, total) << ranks << " ranks";
    EXPECT_EQ(blocks, (total + block - 1) / block) << ranks << " ranks";
  }
}

TEST_P(Blocks, are_dealt_evenly) {
  auto const [total, block] = GetParam();
  for (int ranks = 1; ranks <= 7; ++ranks) {
    auto const counts = BlockPartition(total, block, 0, ranks).blocks_per_rank();
    EXPECT_LE(*std::max_element(counts.begin(), counts.end()) - *std::min_element(counts.begin(), counts.end()), 1);
  }
}

TEST_P(Blocks, sum_to_the_same_bits_on_any_number_of_ranks) {
  auto const [total, block] = GetParam();
  constexpr std::int64_t width = 3;
  Communicator const world = Communicator::duplicate_of(MPI_COMM_WORLD);
  BlockPartition const part(total, block, world.rank(), world.size());
  std::vector<double> local(static_cast<std::size_t>(part.local_blocks() * width), 0.0), result(width, -1.0);
  for (std::int64_t b = 0; b < part.local_blocks(); ++b) {
    for (std::int64_t i = 0; i < part.block_items(b); ++i) {
      for (std::int64_t j = 0; j < width; ++j)
        local[static_cast<std::size_t>(b * width + j)] += number(part.first_item() + part.block_offset(b) + i, j);
    }
  }
  // By hand, without ranks: block after block, item after item.
  std::vector<double> expected(width, 0.0);
  for (std::int64_t first = 0; first < total; first += block) {
    for (std::int64_t j = 0; j < width; ++j) {
      double of_block = 0.0;
      for (std::int64_t i = first; i < std::min(first + block, total); ++i) of_block += number(i, j);
      expected[static_cast<std::size_t>(j)] += of_block;
    }
  }

  BlockSum sum(part, world, width);
  sum.sum(local, result);
  std::vector<double> again(width, 5.0);
  sum.sum(local, again);

  EXPECT_EQ(result, expected);
  EXPECT_EQ(again, expected);
}

}  // namespace
}  // namespace retrace
