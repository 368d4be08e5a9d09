#pragma once

#include "core/blocks.hpp"
#include "core/communicator.hpp"
#include "gradients/gradient_result.hpp"

#include <span>

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

/// Collective: fills loss, dloss_dp (sums in global block order) and digest of `result` from the local `loss` of each
/// item and result.dloss_dy0, result.dloss_dp_each. The digest covers, item by item in global order, loss, dL/dy0, dL/dp.
void reduce_blocks(BlockPartition const& partition, Communicator const& comm, std::span<double const> loss,
                   std::int64_t parameters, GradientResult& result);

}  // namespace retrace
