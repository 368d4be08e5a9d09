#pragma once

#include "benchmarks/case_spec.hpp"

#include <string_view>
#include <vector>

namespace retrace {

/// One part of a suite that several runs share, "3/8": the third of eight.
struct Shard {
  int index = 1, count = 1;

  /// Throws UsageError when `text` is not I/N with 1 <= I <= N.
  [[nodiscard]] static Shard parse(std::string_view text);
};

/// Work of a case in units of nothing: trajectories times steps times components. Good for an order, not for a time.
[[nodiscard]] double rough_work(CaseSpec const& spec);

/// The cases of a shard, in the order of the suite: those with most work first, dealt to the shards in turn. Every case
/// is in one of the shards, in the same one every time.
[[nodiscard]] std::vector<CaseSpec> select_shard(std::vector<CaseSpec> const& cases, Shard shard);

}  // namespace retrace
