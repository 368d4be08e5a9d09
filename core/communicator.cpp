#include "core/communicator.hpp"

#include "core/error.hpp"

#include <array>
#include <numeric>
#include <string_view>

namespace retrace {

namespace {

void check(int code, std::string_view call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw EnvironmentError(std::string(call) + ": " + std::string(text.data(), static_cast<std::size_t>(length)));
}

std::vector<int> running_offsets(std::span<int const> counts) {
  std::vector<int> offsets(counts.size(), 0);
  std::exclusive_scan(counts.begin(), counts.end(), offsets.begin(), 0);
  return offsets;
}

}  // namespace

Communicator Communicator::duplicate_of(MPI_Comm parent) {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(parent, &copy), "MPI_Comm_dup");
  MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN);
  return Communicator(copy);
}

Communicator::~Communicator() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (comm_ != MPI_COMM_NULL && finalized == 0) MPI_Comm_free(&comm_);
}

int Communicator::rank() const {
  int rank = 0;
  check(MPI_Comm_rank(comm_, &rank), "MPI_Comm_rank");
  return rank;
}

int Communicator::size() const {
  int size = 1;
  check(MPI_Comm_size(comm_, &size), "MPI_Comm_size");
  return size;
}

std::vector<double> Communicator::all_gather(std::span<double const> local) const {
  int const count = static_cast<int>(local.size());
  std::vector<int> counts(static_cast<std::size_t>(size()));
  check(MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, comm_), "MPI_Allgather");
  std::vector<int> const offsets = running_offsets(counts);
  std::vector<double> gathered(static_cast<std::size_t>(offsets.back() + counts.back()));
  all_gather_into(local, gathered, counts, offsets);
  return gathered;
}

void Communicator::all_gather_into(std::span<double const> local, std::span<double> gathered,
                                   std::span<int const> counts, std::span<int const> offsets) const {
  check(MPI_Allgatherv(local.data(), static_cast<int>(local.size()), MPI_DOUBLE, gathered.data(), counts.data(),
                       offsets.data(), MPI_DOUBLE, comm_),
        "MPI_Allgatherv");
}

std::vector<std::string> Communicator::gather_text(std::string const& local) const {
  int const count = static_cast<int>(local.size());
  std::vector<int> counts(static_cast<std::size_t>(size()));
  check(MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm_), "MPI_Gather");
  std::vector<int> const offsets = running_offsets(counts);
  std::string all(rank() == 0 ? static_cast<std::size_t>(offsets.back() + counts.back()) : 0, '\0');
  check(MPI_Gatherv(local.data(), count, MPI_CHAR, all.data(), counts.data(), offsets.data(), MPI_CHAR, 0, comm_),
        "MPI_Gatherv");
  std::vector<std::string> texts;
  if (rank() == 0) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      texts.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(counts[i])));
    }
  }
  return texts;
}

std::string Communicator::broadcast_text(std::string text) const {
  std::int64_t length = static_cast<std::int64_t>(text.size());
  check(MPI_Bcast(&length, 1, MPI_INT64_T, 0, comm_), "MPI_Bcast");
  text.resize(static_cast<std::size_t>(length));
  check(MPI_Bcast(text.data(), static_cast<int>(length), MPI_CHAR, 0, comm_), "MPI_Bcast");
  return text;
}

double Communicator::all_max(double local) const {
  double result = 0.0;
  check(MPI_Allreduce(&local, &result, 1, MPI_DOUBLE, MPI_MAX, comm_), "MPI_Allreduce");
  return result;
}

double Communicator::all_min(double local) const {
  double result = 0.0;
  check(MPI_Allreduce(&local, &result, 1, MPI_DOUBLE, MPI_MIN, comm_), "MPI_Allreduce");
  return result;
}

std::int64_t Communicator::all_sum(std::int64_t local) const {
  std::int64_t result = 0;
  check(MPI_Allreduce(&local, &result, 1, MPI_INT64_T, MPI_SUM, comm_), "MPI_Allreduce");
  return result;
}

std::int64_t Communicator::all_max(std::int64_t local) const {
  std::int64_t result = 0;
  check(MPI_Allreduce(&local, &result, 1, MPI_INT64_T, MPI_MAX, comm_), "MPI_Allreduce");
  return result;
}

void Communicator::barrier() const {
  check(MPI_Barrier(comm_), "MPI_Barrier");
}

}  // namespace retrace
