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
  sum.jvp = comm.all_sum(local.jvp);
  sum.readvanced = comm.all_sum(local.readvanced);
  sum.reverse_accepted = comm.all_sum(local.reverse_accepted);
  sum.reverse_rejected = comm.all_sum(local.reverse_rejected);
  sum.graph_depth = comm.all_max(local.graph_depth);
  return sum;
}

std::vector<double> sum_of_rows(BlockPartition const& partition, Communicator const& comm, std::span<double const> rows,
                                std::size_t width) {
  std::vector<double> sums(static_cast<std::size_t>(partition.local_blocks()) * width, 0.0), total(width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t const block = i / width / static_cast<std::size_t>(partition.block_size());
    sums[block * width + i % width] += rows[i];
  }
  BlockSum(partition, comm, static_cast<std::int64_t>(width)).sum(sums, total);
  return total;
}

void add_blocks(BlockPartition const& partition, Communicator const& comm, std::span<double const> sums,
                std::int64_t parameters, std::span<double const> details, std::size_t item_size,
                GradientResult& result) {
  auto const width = static_cast<std::size_t>(1 + parameters);
  std::string digests;
  for (std::int64_t b = 0; b < partition.local_blocks(); ++b) {
    Sha256 digest;
    digest.update(sums.subspan(static_cast<std::size_t>(b) * width, width));
    digest.update(details.subspan(static_cast<std::size_t>(partition.block_offset(b)) * item_size,
                                  static_cast<std::size_t>(partition.block_items(b)) * item_size));
    digests += digest.hex();
  }
  std::vector<double> total(width);
  BlockSum(partition, comm, static_cast<std::int64_t>(width)).sum(sums, total);
  result.loss = total[0];
  result.dloss_dp.assign(total.begin() + 1, total.end());

  Sha256 whole;
  whole.update(std::span<double const>(total));  // what has travelled between ranks
  for (std::string const& of_rank : comm.gather_text(digests)) whole.update(of_rank);
  result.digest = comm.broadcast_text(comm.rank() == 0 ? whole.hex() : std::string());
}

void reduce_trajectories(BlockPartition const& partition, Communicator const& comm, std::span<double const> loss,
                         std::int64_t parameters, GradientResult& result) {
  auto const p = static_cast<std::size_t>(parameters), width = 1 + p;
  std::vector<double> sums(static_cast<std::size_t>(partition.local_blocks()) * width, 0.0);
  for (std::size_t i = 0; i < loss.size(); ++i) {
    double* const block = sums.data() + i / static_cast<std::size_t>(partition.block_size()) * width;
    block[0] += loss[i];
    for (std::size_t j = 0; j < p; ++j) block[1 + j] += result.dloss_dp_each[i * p + j];
  }
  std::size_t const item_size = loss.empty() ? 0 : result.dloss_dy0.size() / loss.size();
  add_blocks(partition, comm, sums, parameters, result.dloss_dy0, item_size, result);
}

}  // namespace retrace
