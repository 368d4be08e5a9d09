// Tier C: errors, observed orders, margins of checks.
#include "results/compare/case_tiers.hpp"
#include "results/compare/line_making.hpp"
#include "results/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace retrace::compare {

namespace {

using detail::decide;
using detail::line_of;

double unit_roundoff(std::string_view precision) {
  return 0.5 * (precision == "f64" ? std::numeric_limits<double>::epsilon()
                                   : static_cast<double>(std::numeric_limits<float>::epsilon()));
}

double known_or(double value, double otherwise) {
  return std::isfinite(value) ? value : otherwise;
}

/// Relative error below which a change means nothing: rounding, times condition, or the reference's own error.
double noise_floor(CasePair const& pair) {
  results::Accuracy const &old_one = pair.old_record.accuracy, &new_one = pair.new_record.accuracy;
  double const condition = std::max(1.0, known_or(old_one.cond_estimate, 1.0));
  double const rounding = pair.rules.numeric.rounding_factor * unit_roundoff(pair.old_record.row.precision) * condition;
  return std::max({rounding, known_or(old_one.ref_uncertainty, 0.0), known_or(new_one.ref_uncertainty, 0.0)});
}

struct ErrorNorm {
  double results::Accuracy::*member;
  bool squared;   ///< quadratic in the error of the gradient, like 1 - cos
  bool absolute;  ///< in units of the gradient
};

/// By the name of its column; nothing for the columns of /accuracy that are no error.
std::optional<ErrorNorm> error_norm(std::string_view column, double results::Accuracy::*member) {
  if (column == "ref_uncertainty" || column == "cond_estimate") return std::nullopt;
  return ErrorNorm{member, column == "grad_cos_defect", column == "grad_abs_linf"};
}

bool decide_error(Line& line, CasePair const& pair, ErrorNorm const& norm) {
  double const old_error = pair.old_record.accuracy.*norm.member, new_error = pair.new_record.accuracy.*norm.member;
  if (std::isnan(old_error) && std::isnan(new_error)) return false;
  if (!std::isnan(old_error)) line.old_value = old_error;
  if (!std::isnan(new_error)) line.new_value = new_error;
  NumericRules const& rules = pair.rules.numeric;
  double factor = rules.worse_factor, floor = rules.floor_factor * noise_floor(pair);
  if (norm.squared) {
    factor *= factor;
    floor = std::max(floor * floor, rules.floor_factor * rules.rounding_factor * unit_roundoff("f64"));
  }
  if (norm.absolute) {
    double const relative = pair.old_record.accuracy.grad_rel_linf;
    floor *= relative > 0.0 ? old_error / relative : 1.0;  // the size of the gradient
  }
  double const limit = std::max(factor * old_error, floor);
  if (std::isfinite(old_error)) line.limit = limit;

  if (!std::isfinite(old_error))
    decide(line, std::isfinite(new_error) ? Verdict::better : Verdict::same,
           std::isfinite(new_error) ? "became-finite" : "not-finite");
  else if (!std::isfinite(new_error))
    decide(line, Verdict::worse, "not-finite");
  else if (new_error == old_error)
    decide(line, Verdict::same, "error-equal");
  else if (new_error > limit)
    decide(line, Verdict::worse, "error-grew");
  else if (std::max(new_error, old_error) <= floor)
    decide(line, Verdict::within, "error-below-floor");
  else if (new_error * factor < old_error)
    decide(line, Verdict::better, "error-shrank");
  else
    decide(line, Verdict::within, "error-within");
  return true;
}

/// Share of its threshold that a check has used; 1 is the edge.
double margin_used(results::CheckRow const& row) {
  if (!std::isfinite(row.value) || !std::isfinite(row.threshold)) return std::numeric_limits<double>::quiet_NaN();
  if (row.op == "<=") return row.threshold > 0.0 ? row.value / row.threshold : std::numeric_limits<double>::quiet_NaN();
  if (row.op == ">=") return row.value > 0.0 ? row.threshold / row.value : std::numeric_limits<double>::quiet_NaN();
  return std::numeric_limits<double>::quiet_NaN();
}

/// Warnings only: what fails shows in the status.
void add_check_lines(CasePair const& pair, std::vector<Line>& lines) {
  NumericRules const& rules = pair.rules.numeric;
  auto const answered = [](results::CheckRow const& row) {
    return row.verdict == results::Verdict::pass || row.verdict == results::Verdict::fail;
  };
  for (results::CheckRow const& old_check : pair.old_record.checks) {
    if (!answered(old_check)) continue;
    auto const found = std::ranges::find(pair.new_record.checks, old_check.check, &results::CheckRow::check);
    Line line = line_of(pair, Tier::numeric, "check " + old_check.check, false);
    if (found == pair.new_record.checks.end() || !answered(*found)) {
      line.old_value = std::string(results::name_of(old_check.verdict));
      line.new_value =
          found == pair.new_record.checks.end() ? std::string("absent") : std::string(results::name_of(found->verdict));
      decide(line, Verdict::warning, "check-lost");
      lines.push_back(std::move(line));
      continue;
    }
    double const old_used = margin_used(old_check), new_used = margin_used(*found);
    double const limit = std::max(rules.margin_factor * old_used, rules.margin_from);
    if (!(new_used > limit)) continue;
    line.old_value = old_used;
    line.new_value = new_used;
    line.limit = limit;
    line.note = "share of the threshold that is used";
    decide(line, Verdict::warning, "margin-worse");
    lines.push_back(std::move(line));
  }
}

}  // namespace

std::vector<Line> numeric_lines(CasePair const& pair) {
  std::vector<Line> lines;
  for (auto const& column : results::Table<results::Accuracy>::columns) {
    auto const* const member = std::get_if<double results::Accuracy::*>(&column.member);
    if (member == nullptr) continue;
    auto const norm = error_norm(column.spec.name, *member);
    if (!norm) continue;
    Line line = line_of(pair, Tier::numeric, column.spec.name, pair.rules.gate.numeric);
    if (decide_error(line, pair, *norm)) lines.push_back(std::move(line));
  }
  add_check_lines(pair, lines);
  return lines;
}

std::vector<Line> order_lines(results::ResultDocument const& new_document, results::ResultDocument const& old_document,
                              Rules const& rules) {
  using Key = std::tuple<std::string, std::string, std::int32_t>;
  std::map<Key, double> new_orders;
  for (auto const& row : new_document.convergence)
    new_orders[{row.case_group, row.error_norm, row.level}] = row.observed_order;
  std::map<std::pair<std::string, std::string>, Line> finest;  // the last level that both have
  for (auto const& row : old_document.convergence) {
    auto const found = new_orders.find({row.case_group, row.error_norm, row.level});
    if (found == new_orders.end() || !std::isfinite(row.observed_order)) continue;
    Line line{.case_id = row.case_group, .tier = Tier::numeric, .gates = rules.gate.numeric};
    line.quantity = fmt::format("observed_order {}, level {}", row.error_norm, row.level);
    double const limit = row.observed_order - rules.numeric.order_drop;
    line.old_value = row.observed_order;
    line.new_value = found->second;
    line.limit = limit;
    if (!(found->second >= limit))
      decide(line, Verdict::worse, "order-dropped");
    else
      decide(line, found->second == row.observed_order ? Verdict::same : Verdict::within, "order-kept");
    finest[{row.case_group, row.error_norm}] = std::move(line);
  }
  std::vector<Line> lines;
  for (auto& [key, line] : finest) lines.push_back(std::move(line));
  return lines;
}

}  // namespace retrace::compare
