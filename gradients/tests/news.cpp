#include "gradients/tests/news.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> calls{0};
}  // namespace

namespace retrace::tests {
std::int64_t news() {
  return calls;
}
}  // namespace retrace::tests

void* operator new(std::size_t bytes) {
  ++calls;
  if (void* const memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}
