#pragma once

#include <cstdint>

namespace retrace {

/// Data caches of this processor, bytes. What the system does not tell is a common size.
struct CacheSizes {
  std::int64_t l1 = 32 << 10, l2 = 512 << 10, last = 32 << 20;
  int last_shared_by = 1;  ///< logical processors that share one last-level cache
};
[[nodiscard]] CacheSizes cache_sizes();

}  // namespace retrace
