#pragma once

#include "core/blocks.hpp"

#include <cstdint>

namespace retrace {

/// How the entries of a field's state lie: `copies` arrays that are spread over the ranks by the same partition (a
/// block of the partition is `block_items * item_size` consecutive entries of each copy), then `replicated` entries
/// that every rank holds alike. (y) is one copy; (y, lambda, mu) of the continuous adjoint is two copies and a
/// replicated tail.
struct FieldLayout {
  BlockPartition partition;
  std::int64_t item_size = 0, copies = 1, replicated = 0;
  bool tail_in_norms = true;  ///< are the replicated entries part of error norms?

  [[nodiscard]] std::int64_t copy_entries() const { return partition.local_items() * item_size; }
  /// Entries of this rank before the replicated ones.
  [[nodiscard]] std::int64_t distributed_entries() const { return copies * copy_entries(); }
  [[nodiscard]] std::int64_t local_entries() const { return distributed_entries() + replicated; }
  [[nodiscard]] std::int64_t global_entries() const { return copies * partition.total() * item_size + replicated; }
};

}  // namespace retrace
