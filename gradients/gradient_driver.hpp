#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "gradients/gradient_result.hpp"

#include <span>
#include <vector>

namespace retrace {

/// One gradient method bound to one problem, scheme and control, with all its memory. Construction allocates; `run`
/// computes the gradient (allocating only where an arena proves too small); `result` fetches it and is collective.
class GradientDriver {
 public:
  GradientDriver() = default;
  GradientDriver(GradientDriver const&) = delete;
  GradientDriver& operator=(GradientDriver const&) = delete;
  virtual ~GradientDriver() = default;

  virtual void run() = 0;
  [[nodiscard]] virtual GradientResult result() const = 0;
};

/// Collective: counts added over ranks.
[[nodiscard]] WorkCounts sum_over_ranks(Communicator const& comm, WorkCounts const& local);

/// Collective: the sum over all items of all ranks of `rows` [local item][width], in the order of the blocks.
[[nodiscard]] std::vector<double> sum_of_rows(BlockPartition const& partition, Communicator const& comm,
                                              std::span<double const> rows, std::size_t width);

/// Collective: fills loss, dloss_dp and digest of `result` from `sums` = [local block][loss, then dL/dp], added in
/// global block order. The digest covers, block by block, these sums and `details` (for each item `item_size` numbers,
/// in the order of the items), so that it does not depend on the number of ranks.
void add_blocks(BlockPartition const& partition, Communicator const& comm, std::span<double const> sums,
                std::int64_t parameters, std::span<double const> details, std::size_t item_size,
                GradientResult& result);

/// Collective: as above for an ensemble, whose blocks are summed here from the `loss` of each trajectory and from
/// result.dloss_dp_each; the details are result.dloss_dy0.
void reduce_trajectories(BlockPartition const& partition, Communicator const& comm, std::span<double const> loss,
                         std::int64_t parameters, GradientResult& result);

}  // namespace retrace
