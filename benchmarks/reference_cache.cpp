#include "benchmarks/reference_cache.hpp"

#include "benchmarks/case_spec.hpp"
#include "core/blocks.hpp"
#include "core/digest.hpp"
#include "core/error.hpp"
#include "results/h5_handle.hpp"
#include "results/h5_io.hpp"
#include "verification/quad_references.hpp"

#include <hdf5.h>

#include <exception>
#include <span>
#include <vector>

namespace retrace {

namespace {

using results::h5_check;

/// The numbers of the whole ensemble or field.
struct Stored {
  std::vector<double> scalars;  ///< loss, uncertainty, number of trajectories or samples, and how many make a block
  std::vector<double> dloss_dy0, dloss_dp, final_state;

  static constexpr std::size_t loss = 0, uncertainty = 1, trajectories = 2, block = 3, count = 4;

  /// visit(name, numbers) for each dataset.
  template <class Self, class Visit>
  static void each(Self& self, Visit&& visit) {
    visit("loss_uncertainty_trajectories_block", self.scalars);
    visit("dloss_dy0", self.dloss_dy0);
    visit("dloss_dp", self.dloss_dp);
    visit("final_state", self.final_state);
  }
};

constexpr char const* schema = "retrace quad reference 2";

/// What identifies a file, and is written into it.
std::string key_of(std::string const& problem, nlohmann::json const& problem_args) {
  return nlohmann::json{{"schema", schema}, {"problem", problem}, {"problem_args", problem_args}}.dump();
}

void write(std::filesystem::path const& path, std::string const& key, Stored const& stored) {
  std::filesystem::path const unfinished = path.string() + ".unfinished";
  std::string const text = unfinished.string();
  {
    results::H5File const file(H5Fcreate(text.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "creating " + text);
    results::detail::set_attribute(file, "key", key);
    results::detail::set_attribute(file, "method",
                                   "variational equations in quadruple precision, extrapolation of order 20");
    Stored::each(stored, [&](char const* name, std::vector<double> const& numbers) {
      hsize_t const size = numbers.size();
      results::H5Space const space(H5Screate_simple(1, &size, nullptr), "the space of a dataset");
      results::H5Dataset const dataset(
          H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), name);
      h5_check(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()), name);
    });
  }
  std::filesystem::rename(unfinished, path);
}

Stored read(std::filesystem::path const& path, std::string const& key) {
  std::string const text = path.string();
  results::H5File const file(H5Fopen(text.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "opening " + text);
  if (results::detail::text_attribute(file, "key") != key)
    throw results::H5Error("it belongs to another problem or another version");
  Stored stored;
  Stored::each(stored, [&](char const* name, std::vector<double>& numbers) {
    results::H5Dataset const dataset(H5Dopen2(file, name, H5P_DEFAULT), name);
    auto const rows = results::detail::rows_of(dataset);
    if (!rows) throw results::H5Error(std::string(name) + " is no list of numbers");
    numbers.resize(*rows);
    h5_check(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()), name);
  });
  if (stored.scalars.size() != Stored::count) throw results::H5Error("it is incomplete");
  return stored;
}

/// What rank 0 got out of the files, or the reason why it did not, on every rank.
template <class Body>
void on_first(Communicator const& comm, std::filesystem::path const& path, Body const& body) {
  std::string failure;
  if (comm.rank() == 0) {
    try {
      results::H5Silence const quiet;
      body();
    } catch (std::exception const& error) {
      failure = "reference " + path.string() + ": " + error.what();
    }
  }
  failure = comm.broadcast_text(failure);
  if (!failure.empty()) throw EnvironmentError(failure);
}

/// Rank 0's numbers on every rank.
std::vector<double> broadcast(Communicator const& comm, std::vector<double> const& numbers) {
  return comm.all_gather(comm.rank() == 0 ? std::span<double const>(numbers) : std::span<double const>());
}

Reference local_part(Stored const& stored, Communicator const& comm) {
  auto const trajectories = static_cast<std::int64_t>(stored.scalars[Stored::trajectories]),
             block = static_cast<std::int64_t>(stored.scalars[Stored::block]);
  BlockPartition const partition(trajectories, block, comm.rank(), comm.size());
  auto const part = [&](std::vector<double> const& all) {
    std::size_t const width = all.size() / static_cast<std::size_t>(trajectories),
                      first = static_cast<std::size_t>(partition.first_item()) * width,
                      size = static_cast<std::size_t>(partition.local_items()) * width;
    return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(first),
                               all.begin() + static_cast<std::ptrdiff_t>(first + size));
  };
  return {.kind = Reference::Kind::extended,
          .loss = stored.scalars[Stored::loss],
          .dloss_dy0 = part(stored.dloss_dy0),
          .dloss_dp = stored.dloss_dp,
          .final_state = part(stored.final_state),
          .uncertainty = stored.scalars[Stored::uncertainty]};
}

}  // namespace

std::filesystem::path ReferenceCache::file_of(std::string const& problem, nlohmann::json const& problem_args) const {
  return folder_ / ("quad-" + problem + "-" + sha256_hex(key_of(problem, problem_args)).substr(0, 16) + ".h5");
}

Reference ReferenceCache::quad(std::string const& problem, nlohmann::json const& problem_args,
                               std::int64_t trajectories, Communicator const& comm) const {
  Arguments const arguments = to_arguments(problem_args);
  if (folder_.empty()) return make_quad_reference(problem, arguments, comm);

  std::filesystem::path const path = file_of(problem, problem_args);
  std::string const key = key_of(problem, problem_args);
  Stored stored;
  bool found = false;
  on_first(comm, path, [&] {
    found = std::filesystem::exists(path);
    if (found) stored = read(path, key);
  });
  found = comm.all_max(std::int64_t{found ? 1 : 0}) == 1;
  if (found) {
    Stored::each(stored, [&](char const*, std::vector<double>& numbers) { numbers = broadcast(comm, numbers); });
    return local_part(stored, comm);
  }

  Reference reference = make_quad_reference(problem, arguments, comm);
  stored.dloss_dy0 = comm.all_gather(reference.dloss_dy0);
  stored.final_state = comm.all_gather(reference.final_state);
  stored.dloss_dp = reference.dloss_dp;
  stored.scalars = {reference.loss, reference.uncertainty, static_cast<double>(trajectories),
                    static_cast<double>(quad_reference_block(problem, arguments))};
  on_first(comm, path, [&] {
    std::filesystem::create_directories(folder_);
    write(path, key, stored);
  });
  return reference;
}

}  // namespace retrace
