#pragma once

#include "app/environment.hpp"
#include "results/record.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace retrace::app {

/// Rows of /environment in the making. An empty value is left out: nothing was found.
class Facts {
 public:
  void add(char const* scope, std::string key, std::string value) {
    if (value.empty()) return;
    rows_.push_back({.run = 0, .scope = scope, .key = std::move(key), .value = std::move(value)});
  }
  [[nodiscard]] std::vector<results::EnvironmentRow> take() { return std::move(rows_); }

 private:
  std::vector<results::EnvironmentRow> rows_;
};

/// Of this program: sources, compiler, flags, libraries loaded; Kokkos, MPI and HDF5.
void add_build_facts(Facts& facts);
void add_mpi_facts(Facts& facts, Communicator const& comm, std::vector<results::RankRow> const& ranks);
/// Of the machine: host, processors, GPUs.
void add_host_facts(Facts& facts, EnvironmentPolicy policy);
/// Of this execution: scheduler, environment variables, user, floating-point mode.
void add_run_facts(Facts& facts, EnvironmentPolicy policy);

/// Empty if there is no such file.
[[nodiscard]] inline std::string first_line_of(std::string const& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// The processors that "0-7,64-71" are.
[[nodiscard]] std::vector<int> processors_of(std::string const& ranges);

/// Columns of `nvidia-smi` for each GPU of this host; none without one.
struct Gpu {
  std::string name, uuid, driver, memory, ecc, mig, clock, clock_limit, power_limit, temperature;
};
[[nodiscard]] std::vector<Gpu> visible_gpus();

}  // namespace retrace::app
