// The command `retrace`: parses, brings up MPI and Kokkos where a command needs them, maps errors to exit codes.
#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "core/error.hpp"
#include "core/memory_tracker.hpp"

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace retrace;

/// Before MPI is up, the launcher's environment tells which process may speak.
bool is_first_process() {
  for (char const* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (char const* rank = std::getenv(name)) return std::string_view(rank) == "0";
  }
  return true;
}

template <class Body>
int guarded(bool speaks, Body&& body) {
  try {
    return body();
  } catch (UsageError const& error) {
    if (speaks) std::cerr << "retrace: " << error.what() << '\n';
    return app::exit_usage;
  } catch (EnvironmentError const& error) {
    if (speaks) std::cerr << "retrace: " << error.what() << '\n';
    return app::exit_environment;
  } catch (std::exception const& error) {
    if (speaks) std::cerr << "retrace: internal error: " << error.what() << '\n';
    return app::exit_internal;
  }
}

int with_mpi(app::Options const& options, int argc, char** argv) {
  std::string command_line;
  for (int i = 0; i < argc; ++i) command_line += (i == 0 ? "" : " ") + std::string(argv[i]);
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MemoryTracker::install();
  int code = app::exit_success;
  {
    Kokkos::ScopeGuard const kokkos(argc, argv);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    code = guarded(rank == 0, [&] {
      Communicator const comm = Communicator::duplicate_of(MPI_COMM_WORLD);
      if (options.command == app::Options::Command::env) return app::print_environment(options, comm);
      if (options.command == app::Options::Command::doctor) return app::examine_node(options, comm);
      return app::run_suite(options, comm, command_line);
    });
  }
  int worst = code;
  MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  bool const speaks = is_first_process();
  app::Parsed const parsed = app::parse_command_line(argc, argv, speaks);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  using Command = app::Options::Command;
  switch (parsed.options.command) {
    case Command::list:
      return guarded(speaks, [&] { return speaks ? app::list_registered(parsed.options) : 0; });
    case Command::inspect:
      return guarded(speaks, [&] { return app::inspect_file(parsed.options); });
    case Command::report:
      return guarded(speaks, [&] { return speaks ? app::make_report(parsed.options) : 0; });
    default:
      return with_mpi(parsed.options, argc, argv);
  }
}
