#include "gradients/gradient_driver.hpp"

#include "core/digest.hpp"

#include <string>
#include <vector>

namespace retrace {

WorkCounts sum_over_ranks(Communicator const& comm, WorkCounts const& local) {
  WorkCounts sum;
  sum.rhs_forward = comm.all_sum(local.rhs_forward);
  sum.rhs_backward = comm.all_sum(local.rhs_backward);
  sum.vjp = comm.all_sum(local.vjp);
  sum.accepted = comm.all_sum(local.accepted);
  sum.rejected = comm.all_sum(local.rejected);
  sum.reverse_accepted = comm.all_sum(local.reverse_accepted);
  sum.reverse_rejected = comm.all_sum(local.reverse_rejected);
  sum.graph_depth = comm.all_max(local.graph_depth);
  return sum;
}

void reduce_blocks(BlockPartition const& partition, Communicator const& comm, std::span<double const> loss,
                   std::int64_t parameters, GradientResult& result) {
  auto const width = static_cast<std::size_t>(1 + parameters);
  auto const p = static_cast<std::size_t>(parameters);
  std::size_t const items = loss.size(), state = items == 0 ? 0 : result.dloss_dy0.size() / items;
  std::vector<double> block_sums(static_cast<std::size_t>(partition.local_blocks()) * width, 0.0);
  std::string digests;
  for (std::int64_t b = 0; b < partition.local_blocks(); ++b) {
    Sha256 digest;
    double* const sums = block_sums.data() + static_cast<std::size_t>(b) * width;
    auto const first = static_cast<std::size_t>(partition.block_offset(b));
    auto const last = first + static_cast<std::size_t>(partition.block_items(b));
    for (std::size_t i = first; i < last; ++i) {
      sums[0] += loss[i];
      for (std::size_t j = 0; j < p; ++j) sums[1 + j] += result.dloss_dp_each[i * p + j];
      digest.update(loss.subspan(i, 1));
      digest.update(std::span<double const>(result.dloss_dy0).subspan(i * state, state));
      digest.update(std::span<double const>(result.dloss_dp_each).subspan(i * p, p));
    }
    digests += digest.hex();
  }

  std::vector<double> sums(width);
  BlockSum(partition, comm, static_cast<std::int64_t>(width)).sum(block_sums, sums);
  result.loss = sums[0];
  result.dloss_dp.assign(sums.begin() + 1, sums.end());

  Sha256 whole;
  for (std::string const& of_rank : comm.gather_text(digests)) whole.update(of_rank);
  result.digest = comm.broadcast_text(comm.rank() == 0 ? whole.hex() : std::string());
}

}  // namespace retrace
