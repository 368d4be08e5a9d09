#pragma once

#include "core/communicator.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace retrace {

/// `total` items cut into fixed blocks of `block_size` (the last may be shorter), dealt to ranks in contiguous runs of
/// blocks. The cut does not depend on the number of ranks; only who owns a block does. A block is therefore the unit in
/// which sums are formed, and sums added block by block have the same bits for any number of ranks and threads.
class BlockPartition {
 public:
  BlockPartition(std::int64_t total, std::int64_t block_size, int rank, int ranks);

  [[nodiscard]] std::int64_t total() const { return total_; }
  [[nodiscard]] std::int64_t block_size() const { return block_size_; }
  [[nodiscard]] std::int64_t blocks() const { return blocks_; }              ///< in all
  [[nodiscard]] std::int64_t first_block() const { return first_block_; }    ///< of this rank
  [[nodiscard]] std::int64_t local_blocks() const { return local_blocks_; }  ///< of this rank
  [[nodiscard]] std::int64_t first_item() const;                             ///< of this rank
  [[nodiscard]] std::int64_t local_items() const;                            ///< of this rank
  /// Items of this rank's block number `local_block`, as an offset into its own items, and their number.
  [[nodiscard]] std::int64_t block_offset(std::int64_t local_block) const { return local_block * block_size_; }
  [[nodiscard]] std::int64_t block_items(std::int64_t local_block) const;
  /// Number of blocks of each rank, in rank order.
  [[nodiscard]] std::vector<int> blocks_per_rank() const;

 private:
  std::int64_t total_, block_size_, blocks_, first_block_, local_blocks_;
  int ranks_;
};

/// Sums `width` numbers per block over all blocks of all ranks, in global block order: the same bits on every rank and
/// for any number of ranks. Buffers are made once; `sum` allocates nothing. Cost: one MPI_Allgatherv of
/// blocks * width doubles.
class BlockSum {
 public:
  BlockSum(BlockPartition const& partition, Communicator const& comm, std::int64_t width);

  /// `local`: [local block][width]; `result`: [width].
  void sum(std::span<double const> local, std::span<double> result);

 private:
  Communicator const* comm_;
  std::int64_t width_;
  std::vector<int> counts_, offsets_;
  std::vector<double> gathered_;
};

}  // namespace retrace
