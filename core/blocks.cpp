#include "core/blocks.hpp"

#include <algorithm>
#include <numeric>

namespace retrace {

namespace {

/// First block of `rank` when `blocks` are dealt to `ranks` as evenly as contiguous runs allow.
std::int64_t first_block_of(std::int64_t blocks, int rank, int ranks) {
  return blocks * rank / ranks;
}

}  // namespace

BlockPartition::BlockPartition(std::int64_t total, std::int64_t block_size, int rank, int ranks)
    : total_(total),
      block_size_(block_size),
      blocks_((total + block_size - 1) / block_size),
      first_block_(first_block_of(blocks_, rank, ranks)),
      local_blocks_(first_block_of(blocks_, rank + 1, ranks) - first_block_),
      ranks_(ranks) {}

std::int64_t BlockPartition::first_item() const {
  return std::min(first_block_ * block_size_, total_);
}

std::int64_t BlockPartition::local_items() const {
  return std::min((first_block_ + local_blocks_) * block_size_, total_) - first_item();
}

std::int64_t BlockPartition::block_items(std::int64_t local_block) const {
  std::int64_t const first = (first_block_ + local_block) * block_size_;
  return std::min(block_size_, total_ - first);
}

std::vector<int> BlockPartition::blocks_per_rank() const {
  std::vector<int> counts(static_cast<std::size_t>(ranks_));
  for (int rank = 0; rank < ranks_; ++rank) {
    counts[static_cast<std::size_t>(rank)] =
        static_cast<int>(first_block_of(blocks_, rank + 1, ranks_) - first_block_of(blocks_, rank, ranks_));
  }
  return counts;
}

BlockSum::BlockSum(BlockPartition const& partition, Communicator const& comm, std::int64_t width)
    : comm_(&comm), width_(width), counts_(partition.blocks_per_rank()), offsets_(counts_.size(), 0) {
  for (int& count : counts_) count *= static_cast<int>(width);
  std::exclusive_scan(counts_.begin(), counts_.end(), offsets_.begin(), 0);
  gathered_.resize(static_cast<std::size_t>(partition.blocks() * width));
}

void BlockSum::sum(std::span<double const> local, std::span<double> result) {
  std::span<double const> all = local;
  if (counts_.size() > 1) {
    comm_->all_gather_into(local, gathered_, counts_, offsets_);
    all = gathered_;
  }
  std::ranges::fill(result, 0.0);
  auto const width = static_cast<std::size_t>(width_);
  for (std::size_t first = 0; first + width <= all.size(); first += width)
    for (std::size_t j = 0; j < width; ++j) result[j] += all[first + j];
}

}  // namespace retrace
