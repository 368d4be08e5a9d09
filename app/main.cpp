// The whole command line: parses, brings up MPI and Kokkos where a command needs them, maps errors to exit codes.
#include "app/child_process.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/launcher.hpp"
#include "app/launches.hpp"
#include "app/retrace_main.hpp"
#include "app/stop_signals.hpp"
#include "benchmarks/agreement.hpp"
#include "core/error.hpp"
#include "core/memory_tracker.hpp"

#include <Kokkos_Core.hpp>

#include <mpi.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace retrace;

/// Before MPI is up, the launcher's environment tells which process may speak.
bool is_first_process() {
  for (char const* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (char const* rank = std::getenv(name)) return std::string_view(rank) == "0";
  }
  return true;
}

struct Ended {
  int code;
  bool by_exception;
};

template <class Body>
Ended guarded(bool speaks, Body&& body) {
  auto const failed = [&](int code, std::string const& text) {
    if (speaks) app::complain(text);
    return Ended{code, true};
  };
  try {
    return {body(), false};
  } catch (UsageError const& error) {
    return failed(app::exit_usage, error.what());
  } catch (EnvironmentError const& error) {
    return failed(app::exit_environment, error.what());
  } catch (std::exception const& error) {
    return failed(app::exit_internal, std::string("internal error: ") + error.what());
  }
}

/// The greatest code of all ranks. A rank that left by an exception which the others do not share must not wait for
/// them: they may be waiting for it in a collective call. What all share arrives here within moments.
int agreed_code(Ended own) {
  int worst = own.code;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(&own.code, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  if (!own.by_exception) {
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    return worst;
  }
  constexpr auto patience = std::chrono::seconds(5);
  auto const deadline = std::chrono::steady_clock::now() + patience;
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done == 0 && std::chrono::steady_clock::now() > deadline) MPI_Abort(MPI_COMM_WORLD, own.code);
    if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return worst;
}

std::string command_line_of(int argc, char** argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) text += (i == 0 ? "" : " ") + std::string(argv[i]);
  return text;
}

/// The log begins with what was asked for.
void start_console(app::Options const& options, std::string const& command_line) {
  app::set_up_console(options.console);
  app::log_line("begins: " + command_line);
}

int with_mpi(app::Options const& options, int argc, char** argv) {
  std::string const command_line = command_line_of(argc, argv);
  bool const runs = options.command == app::Options::Command::run || options.command == app::Options::Command::verify;
  if (runs) app::listen_for_stop();  // before MPI: a job's warning may come while it starts
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MemoryTracker::install();
  Ended ended{app::exit_success, false};
  {
    Kokkos::ScopeGuard const kokkos(argc, argv);
    MemoryTracker::install();  // again: a tool that Kokkos loads takes every slot
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    ended = guarded(rank == 0, [&] {
      Communicator const comm = Communicator::duplicate_of(MPI_COMM_WORLD),
                         for_agreement = Communicator::duplicate_of(MPI_COMM_WORLD);
      // All ranks or none: a log that cannot be opened must not leave the others waiting.
      Agreement(for_agreement).run_on_first([&] { start_console(options, command_line); });
      if (options.command == app::Options::Command::env) return app::print_environment(options, comm);
      if (options.command == app::Options::Command::doctor) return app::examine_node(options, comm);
      if (options.command == app::Options::Command::selftest)
        return options.detection_limits ? app::print_detection_limits(options, comm)
                                        : app::run_false_alarms(options, comm);
      return app::run_suite(options, comm, for_agreement, command_line);
    });
  }
  int const code = agreed_code(ended);
  MPI_Finalize();
  return code;
}

int perform(app::Options const& options, int argc, char** argv, bool speaks) {
  using Command = app::Options::Command;
  if (options.isolate == "case" && !options.dry_run) {
    Ended const checked = guarded(speaks, [] {
      app::check_not_launched("--isolate=case", "run on one rank without a launcher, or leave --isolate out");
      return int{app::exit_success};
    });
    if (checked.by_exception) return checked.code;
  }
  // Commands that need neither MPI nor Kokkos.
  auto const alone = [&](auto&& body) {
    return guarded(speaks,
                   [&] {
                     if (speaks) start_console(options, command_line_of(argc, argv));
                     return body();
                   })
        .code;
  };
  switch (options.command) {
    case Command::version:
      return alone([&] { return app::print_version(speaks); });
    case Command::list:
      return alone([&] { return app::list_registered(options, speaks); });
    case Command::plan:
      if (options.print_schema) return alone([&] { return app::print_schema(speaks); });
      return with_mpi(options, argc, argv);
    case Command::inspect:
      return alone([&] { return app::inspect_file(options, speaks); });
    case Command::report:
      return alone([&] { return app::make_report(options, speaks); });
    case Command::compare:
      return alone([&] { return app::compare_results(options, speaks); });
    case Command::baseline:
      return alone([&] { return app::manage_baselines(options, speaks); });
    case Command::merge:
      return alone([&] { return app::merge_results(options, speaks); });
    case Command::script:
      return alone([&] { return app::print_script(options, speaks); });
    case Command::completion:
      return alone([&] { return app::print_completion(options, speaks); });
    case Command::man:
      return alone([&] { return app::print_manual(options, speaks); });
    case Command::selftest:
      if (options.false_alarms == 0 && !options.detection_limits)
        return alone([&] { return app::run_planted_faults(options, speaks); });
      return with_mpi(options, argc, argv);
    case Command::run:
      if (options.launches > 1 && !options.dry_run)
        return alone([&] { return app::run_launches(options, command_line_of(argc, argv), speaks); });
      if (!options.launcher.empty() && options.launches == 1)
        return guarded(speaks, []() -> int { throw UsageError("--launcher is for --launches K"); }).code;
      return with_mpi(options, argc, argv);
    default:
      return with_mpi(options, argc, argv);
  }
}

}  // namespace

int retrace::retrace_main(int argc, char** argv) {
  bool const speaks = is_first_process();
  app::Parsed const parsed = app::parse_command_line(argc, argv, speaks);
  if (parsed.exit_code >= 0) return parsed.exit_code;
  app::remember_environment();
  (void)app::is_launched();
  int const code = perform(parsed.options, argc, argv, speaks);
  app::log_line("ends with code " + std::to_string(code));
  return code;
}
