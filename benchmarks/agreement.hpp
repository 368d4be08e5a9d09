#pragma once

#include "core/communicator.hpp"

#include <functional>
#include <new>
#include <string>
#include <utility>

namespace retrace {

/// std::bad_alloc that says where.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] char const* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Fixed points at which the ranks agree on whether all is well, so that a failure of one is a failure of all and
/// nobody waits for a rank that has left.
///
/// Give it a communicator that serves nothing else: a rank that fails arrives here while the others may still be inside
/// a collective call of the body, and that call must not be mistaken for this one. Those ranks then wait in their call,
/// the failed one waits here, and only a time limit ends them all: the watchdog of the case. Covered without it is
/// every failure before, after or between the collective calls of a body, and any failure that all ranks share.
class Agreement {
 public:
  explicit Agreement(Communicator const& comm) : comm_(&comm) {}

  /// Collective. Runs `body` on every rank. If it throws on any of them, every rank throws: UsageError,
  /// EnvironmentError, OutOfMemory or std::runtime_error, whichever is gravest in this order, with the text of the
  /// first rank that threw that, preceded by "rank N: " unless all of them failed.
  void run(std::function<void()> const& body) const;

  /// Collective. As above with a body for rank 0 alone; its text is not preceded by the rank.
  void run_on_first(std::function<void()> const& body) const;

 private:
  void settle(int grade, std::string const& text, bool name_rank) const;

  Communicator const* comm_;
};

}  // namespace retrace
