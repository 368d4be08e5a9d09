#pragma once

#include <cstdint>

namespace retrace::tests {

/// Calls of operator new in this process so far, on any thread; programs with news.cpp only.
[[nodiscard]] std::int64_t news();

}  // namespace retrace::tests
