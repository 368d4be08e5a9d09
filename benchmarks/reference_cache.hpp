#pragma once

#include "core/communicator.hpp"
#include "verification/problem_instance.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace retrace {

/// References in quadruple precision, kept in a folder from run to run: one HDF5 file for each problem and arguments,
/// with the numbers of the whole ensemble, so that it serves any number of ranks, and with its own uncertainty. A file
/// appears complete or not at all.
class ReferenceCache {
 public:
  /// An empty folder keeps nothing.
  explicit ReferenceCache(std::filesystem::path folder = {}) : folder_(std::move(folder)) {}

  /// From the file if there is one, else made and stored. Collective; rank 0 alone touches the files. Throws UsageError
  /// for a problem that has none, EnvironmentError for a file that cannot be read or written.
  [[nodiscard]] Reference quad(std::string const& problem, nlohmann::json const& problem_args,
                               std::int64_t trajectories, Communicator const& comm) const;

  /// Where the reference of a problem belongs.
  [[nodiscard]] std::filesystem::path file_of(std::string const& problem, nlohmann::json const& problem_args) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace retrace
