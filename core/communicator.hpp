#pragma once

#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace retrace {

/// An MPI communicator of its own (a duplicate), so that its messages cannot meet anybody else's. Calls are collective
/// unless said otherwise; a failing MPI call throws EnvironmentError with MPI's own text.
class Communicator {
 public:
  [[nodiscard]] static Communicator duplicate_of(MPI_Comm parent);

  Communicator(Communicator&& other) noexcept : comm_(std::exchange(other.comm_, MPI_COMM_NULL)) {}
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  Communicator(Communicator const&) = delete;
  Communicator& operator=(Communicator const&) = delete;
  ~Communicator();

  [[nodiscard]] int rank() const;  ///< local call
  [[nodiscard]] int size() const;  ///< local call

  /// Each rank gives `local`; every rank gets all contributions, in rank order.
  [[nodiscard]] std::vector<double> all_gather(std::span<double const> local) const;
  /// As above into `gathered`, whose per-rank counts are known to all: no allocation, one MPI call.
  void all_gather_into(std::span<double const> local, std::span<double> gathered, std::span<int const> counts,
                       std::span<int const> offsets) const;

  /// Rank 0 gets every rank's text, in rank order; the others get an empty list.
  [[nodiscard]] std::vector<std::string> gather_text(std::string const& local) const;
  /// Every rank gets rank 0's text.
  [[nodiscard]] std::string broadcast_text(std::string text) const;

  [[nodiscard]] double all_max(double local) const;
  [[nodiscard]] double all_min(double local) const;
  [[nodiscard]] std::int64_t all_sum(std::int64_t local) const;
  [[nodiscard]] std::int64_t all_max(std::int64_t local) const;
  void barrier() const;

 private:
  explicit Communicator(MPI_Comm comm) : comm_(comm) {}
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace retrace
