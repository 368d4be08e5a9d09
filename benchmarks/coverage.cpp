#include "benchmarks/coverage.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>

namespace retrace {

namespace {

/// What the case shows, as keys; values of different axes do not mix.
std::vector<std::string> shown_by(CaseSpec const& spec) {
  std::array<std::string, 6> const values{"problem " + spec.problem,     "method " + spec.method,
                                          "solver " + spec.solver,       "control " + control_label(spec.control),
                                          "precision " + spec.precision, "backend " + spec.backend};
  std::vector<std::string> keys{case_id(spec)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    keys.push_back(values[i]);
    for (std::size_t j = 0; j < i; ++j) keys.push_back(values[j] + '\n' + values[i]);
  }
  return keys;
}

}  // namespace

std::vector<bool> best_coverage(std::span<CaseSpec const> cases, std::span<double const> seconds,
                                double budget_seconds) {
  std::vector<std::vector<std::string>> shown;
  for (CaseSpec const& spec : cases) shown.push_back(shown_by(spec));
  std::vector<bool> taken(cases.size(), false);
  std::set<std::string> seen;
  double left = budget_seconds;
  constexpr double least_seconds = 1e-6;  // a case that takes no time must not be worth infinitely much
  for (;;) {
    std::size_t best = cases.size();
    double best_worth = 0.0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (taken[i] || !(seconds[i] <= left)) continue;
      auto const fresh = std::ranges::count_if(shown[i], [&](std::string const& key) { return !seen.contains(key); });
      double const worth = static_cast<double>(fresh) / std::max(seconds[i], least_seconds);
      if (worth > best_worth) {
        best = i;
        best_worth = worth;
      }
    }
    if (best == cases.size()) return taken;
    taken[best] = true;
    left -= seconds[best];
    seen.insert(shown[best].begin(), shown[best].end());
  }
}

}  // namespace retrace
