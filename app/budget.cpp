#include "app/budget.hpp"

#include "app/estimate.hpp"
#include "app/quantity_text.hpp"
#include "benchmarks/coverage.hpp"
#include "benchmarks/units.hpp"
#include "core/error.hpp"
#include "results/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace retrace::app {

namespace {

double budget_of(Options const& options) {
  if (options.estimate_from.empty())
    throw UsageError("--budget has to know what cases take: name an earlier result of such cases with --from FILE");
  try {
    return parse_duration(options.budget);
  } catch (UsageError const& error) {
    throw UsageError(std::string("--budget: ") + error.what());
  }
}

}  // namespace

void keep_within_budget(Options const& options, Suite& suite, std::vector<CaseSpec>& cases, Communicator const& comm,
                        Agreement const& agreement) {
  if (options.budget.empty()) return;
  std::string answer;  // per case: taken, too long, unknown
  agreement.run_on_first([&] {
    double const budget = budget_of(options);
    Estimator estimator;
    for (std::string const& path : options.estimate_from) estimator.learn(results::read_result(path).cases);
    std::vector<double> seconds;
    for (CaseSpec const& spec : cases) seconds.push_back(estimator.of(spec).seconds);
    std::vector<bool> const taken = best_coverage(cases, seconds, budget);
    double sum = 0.0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      answer += taken[i] ? 't' : std::isnan(seconds[i]) ? 'u' : 'l';
      if (taken[i]) sum += seconds[i];
    }
    if (answer.find('t') == std::string::npos)
      throw UsageError(answer.find('l') == std::string::npos && !cases.empty()
                           ? "--budget: none of the files of --from has a case like those selected"
                           : fmt::format("--budget {}: no case is that short", options.budget));
    if (!options.console.quiet && !options.json)
      fmt::print("--budget {}: {} of {} cases, which should take {}\n", options.budget,
                 std::count(answer.begin(), answer.end(), 't'), cases.size(), duration_text(sum));
  });
  answer = comm.broadcast_text(answer);
  std::vector<CaseSpec> kept;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (answer[i] == 't') {
      kept.push_back(std::move(cases[i]));
      continue;
    }
    std::string const reason = answer[i] == 'u' ? "nothing like it in the files of --from" : "shows less than others";
    suite.excluded.push_back(
        {case_id(cases[i]), fmt::format("--budget {}: {}", options.budget, reason), cases[i].matrix});
  }
  cases = std::move(kept);
}

}  // namespace retrace::app
