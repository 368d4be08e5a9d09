#include "app/commands.hpp"
#include "app/environment.hpp"
#include "app/exit_code.hpp"
#include "app/node_checks.hpp"
#include "app/version.hpp"
#include "benchmarks/ceilings.hpp"

#include <Kokkos_Core.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

using Json = nlohmann::ordered_json;

char const* name_of(Fitness fitness) {
  return fitness == Fitness::ok ? "ok" : fitness == Fitness::warn ? "warn" : "fail";
}

Fitness worst_of(std::vector<Finding> const& findings) {
  Fitness worst = Fitness::ok;
  for (Finding const& finding : findings) worst = std::max(worst, finding.fitness);
  return worst;
}

char const* verdict_of(Fitness worst) {
  return worst == Fitness::ok     ? "fit for timing"
         : worst == Fitness::warn ? "usable for timing, with reservations"
                                  : "times measured here mean nothing";
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

Json to_json(std::vector<Ceiling> const& ceilings, std::vector<Finding> const& findings, int ranks) {
  Json json{{"host", host_name()},
            {"ranks", ranks},
            {"threads", Kokkos::DefaultHostExecutionSpace().concurrency()},
            {"gemm_library", std::string(gemm_library())},
            {"verdict", name_of(worst_of(findings))},
            {"summary", verdict_of(worst_of(findings))},
            {"findings", Json::array()},
            {"ceilings", Json::array()}};
  for (Finding const& finding : findings) {
    json["findings"].push_back({{"name", finding.name},
                                {"verdict", name_of(finding.fitness)},
                                {"value", finding.value},
                                {"reason", finding.reason}});
  }
  for (Ceiling const& ceiling : ceilings) {
    json["ceilings"].push_back({{"key", ceiling.key},
                                {"threads", ceiling.threads},
                                {"unit", ceiling.unit},
                                {"median", ceiling.median},
                                {"least", ceiling.least},
                                {"most", ceiling.most},
                                {"repetitions", ceiling.repetitions},
                                {"bytes", ceiling.bytes}});
  }
  return json;
}

void print_ceilings(std::vector<Ceiling> const& ceilings, int ranks) {
  int threads = 1;
  for (Ceiling const& ceiling : ceilings) threads = std::max(threads, ceiling.threads);
  fmt::print("Ceilings of {} (matrix products: {}; median of {}, and (most - least) / median)\n", host_name(),
             gemm_library(), ceilings.empty() ? 0 : ceilings.front().repetitions);
  if (ranks > 1) fmt::print("measured on rank 0 alone, while the other {} wait at a barrier\n", ranks - 1);
  auto const cell = [](Ceiling const& ceiling) {
    return fmt::format("{:9.4g} {:7} {:4.0f} %", ceiling.median, ceiling.unit, 100.0 * ceiling.spread());
  };
  fmt::print("  {:32} {:>24}", "", "one thread");
  if (threads > 1) fmt::print("  {:>24}", fmt::format("{} threads", threads));
  fmt::print("\n");
  for (Ceiling const& one : ceilings) {
    if (one.threads != 1) continue;
    fmt::print("  {:32} {:>24}", one.key, cell(one));
    for (Ceiling const& all : ceilings) {
      if (all.threads > 1 && all.key == one.key) fmt::print("  {:>24}", cell(all));
    }
    fmt::print("\n");
  }
  fmt::print("\n");
}

void print_findings(std::vector<Finding> const& findings) {
  fmt::print("Fitness for timing\n");
  for (Finding const& finding : findings) {
    fmt::print("  {:4}  {:15} {}\n  {:21} {}\n", name_of(finding.fitness), finding.name, finding.value, "",
               finding.reason);
  }
  std::array<int, 3> count{};
  for (Finding const& finding : findings) ++count[static_cast<std::size_t>(finding.fitness)];
  fmt::print("\n{}: {} ok, {} warn, {} fail\n", verdict_of(worst_of(findings)), count[0], count[1], count[2]);
}

}  // namespace

int examine_node(Options const& options, Communicator const& comm) {
  CeilingPlan plan;
  plan.gemm_shapes = {{256, 256, 256}, {512, 512, 512}, {64, 1024, 64}};  // the last: a layer of a net on a batch
  for (std::string const& shape : options.gemm) plan.gemm_shapes.push_back(parse_gemm_shape(shape));
  if (options.repeat > 0) plan.repetitions = options.repeat;
  if (options.min_time_seconds >= 0.0) plan.repetition_seconds = options.min_time_seconds;

  std::vector<Finding> findings =
      check_node(comm, options.output.empty() ? "." : options.output, std::string(build_type), std::string(cxx_flags));
  for (Finding& finding : check_topology(capture_ranks(comm))) findings.push_back(std::move(finding));
  std::vector<Ceiling> ceilings;
  if (comm.rank() == 0 && !options.no_ceilings) {
    ceilings = measure_ceilings(plan);
    for (Finding& finding : check_ceilings(ceilings)) findings.push_back(std::move(finding));
  }
  comm.barrier();
  if (comm.rank() != 0) return exit_success;
  if (options.json) {
    fmt::print("{}\n", to_json(ceilings, findings, comm.size()).dump(2));
  } else {
    if (!ceilings.empty()) print_ceilings(ceilings, comm.size());
    print_findings(findings);
  }
  return worst_of(findings) == Fitness::fail ? exit_failed : exit_success;
}

}  // namespace retrace::app
