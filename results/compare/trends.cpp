#include "results/compare/trends.hpp"

#include "results/compare/middle.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

namespace retrace::compare {

namespace {

using results::CaseRecord;

double seconds(CaseRecord const& record) {
  return record.cost.time_median;
}

double evaluations(CaseRecord const& record) {
  auto const known = [](std::int64_t count) { return static_cast<double>(std::max<std::int64_t>(count, 0)); };
  return known(record.cost.nfe_fwd) + known(record.cost.nfe_bwd) + known(record.cost.n_vjp);
}

double solver_bytes(CaseRecord const& record) {
  double peak = results::not_measured;
  for (results::MemoryRow const& row : record.memory) {
    if (row.kind == results::MemoryKind::solver && row.stat == results::MemoryStat::max_rank)
      peak = std::fmax(peak, static_cast<double>(row.peak_above_baseline));
  }
  return peak;
}

double gradient_error(CaseRecord const& record) {
  return record.accuracy.grad_rel_l2;
}

Trend trend_of(std::string family, std::string_view quantity, std::vector<double> const& log_ratios) {
  auto const n = static_cast<double>(log_ratios.size());
  double mean = 0.0, square = 0.0;
  for (double const x : log_ratios) mean += x / n;
  for (double const x : log_ratios) square += (x - mean) * (x - mean);
  Trend trend{.family = std::move(family),
              .quantity = std::string(quantity),
              .cases = static_cast<int>(log_ratios.size()),
              .median = std::exp(median_of(log_ratios)),
              .geometric_mean = std::exp(mean)};
  trend.interval_low = trend.interval_high = std::numeric_limits<double>::quiet_NaN();
  if (log_ratios.size() < 2) return trend;
  constexpr double upper = 0.975;  // 95 %, two-sided
  double const half =
      boost::math::quantile(boost::math::students_t(n - 1.0), upper) * std::sqrt(square / (n - 1.0) / n);
  trend.interval_low = std::exp(mean - half);
  trend.interval_high = std::exp(mean + half);
  return trend;
}

}  // namespace

std::vector<Trend> trends(std::vector<MatchedCase> const& cases, bool same_machine) {
  constexpr std::array<std::pair<std::string_view, double (*)(CaseRecord const&)>, 4> quantities{{
      {"seconds", &seconds},
      {"evaluations", &evaluations},
      {"solver bytes", &solver_bytes},
      {"gradient error", &gradient_error},
  }};
  std::vector<Trend> found;
  for (auto const& [name, quantity] : quantities) {
    if (name == "seconds" && !same_machine) continue;
    std::map<std::string, std::vector<double>> log_ratios;
    for (MatchedCase const& pair : cases) {
      bool const passed =
          pair.new_record->row.status == results::Status::pass && pair.old_record->row.status == results::Status::pass;
      double const ratio = quantity(*pair.new_record) / quantity(*pair.old_record);
      if (passed && std::isfinite(ratio) && ratio > 0.0)
        log_ratios[pair.old_record->row.family].push_back(std::log(ratio));
    }
    for (auto const& [family, values] : log_ratios) found.push_back(trend_of(family, name, values));
  }
  return found;
}

}  // namespace retrace::compare
