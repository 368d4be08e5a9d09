#include "app/progress.hpp"

#include "app/console.hpp"
#include "app/quantity_text.hpp"
#include "results/merit.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace retrace::app {

namespace {

Tint tint_of(results::Status status) {
  if (results::is_failure(status)) return Tint::bad;
  return status == results::Status::pass ? Tint::good : Tint::doubtful;
}

template <class Number>
struct Range {
  Number low = std::numeric_limits<Number>::max(), high = std::numeric_limits<Number>::lowest();
  void add(Number x) {
    if (x != x) return;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  [[nodiscard]] bool empty() const { return low > high; }
};

struct Group {
  int cases = 0, passed = 0, failed = 0, inconclusive = 0;
  Range<double> error, seconds;
  Range<std::int64_t> evaluations, bytes;
};

std::string range_text(Range<double> const& r, std::string (*text)(double)) {
  if (r.empty()) return "-";
  return r.low == r.high ? text(r.low) : text(r.low) + " .. " + text(r.high);
}

}  // namespace

std::string progress_line(std::size_t index, std::size_t total, results::CaseRecord const& record, bool tinted) {
  std::string const count = std::to_string(total), status = fmt::format("{:12}", results::name_of(record.row.status));
  std::string line = fmt::format("[{:>{}}/{}] {} {}  err={:.1e} evals={}", index, count.size(), count,
                                 tinted ? app::tinted(status, tint_of(record.row.status)) : status, record.row.case_id,
                                 record.accuracy.grad_rel_l2, results::evaluations(record));
  if (std::int64_t const peak = results::solver_peak_bytes(record); peak >= 0) line += " mem=" + bytes_text(peak);
  if (!std::isnan(record.cost.time_median)) line += " t=" + seconds_text(record.cost.time_median);
  return line;
}

std::string check_lines(results::CaseRecord const& record) {
  std::string lines;
  for (results::CheckRow const& check : record.checks) {
    lines += fmt::format("    {:12} {}", results::name_of(check.verdict), check.check);
    if (check.verdict != results::Verdict::skipped)
      lines += fmt::format(": {:.3g} {} {:.3g}", check.value, check.op, check.threshold);
    lines += check.message.empty() ? "\n" : " (" + check.message + ")\n";
  }
  if (!record.cost.timing_reason.empty())
    lines +=
        fmt::format("    times are {}: {}\n", results::name_of(record.cost.timing_quality), record.cost.timing_reason);
  return lines;
}

std::string result_table(results::ResultDocument const& document) {
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (auto const& record : document.cases) {
    std::pair<std::string, std::string> const key{record.row.problem, record.row.method};
    if (!groups.contains(key)) order.push_back(key);
    Group& group = groups[key];
    ++group.cases;
    group.passed += record.row.status == results::Status::pass ? 1 : 0;
    group.failed += results::is_failure(record.row.status) ? 1 : 0;
    group.inconclusive += record.row.status == results::Status::inconclusive ? 1 : 0;
    group.error.add(record.accuracy.grad_rel_l2);
    group.seconds.add(record.cost.time_median);
    group.evaluations.add(results::evaluations(record));
    if (std::int64_t const peak = results::solver_peak_bytes(record); peak >= 0) group.bytes.add(peak);
  }
  auto const error_text = +[](double x) { return fmt::format("{:.1e}", x); };
  std::string table =
      fmt::format("{:<20} {:<10} {:>5} {:>5} {:>5} {:>6}  {:<20} {:<20} {:<22} {}\n", "problem", "method", "cases",
                  "pass", "fail", "incon.", "gradient error", "f + VJP evaluations", "peak bytes", "time");
  for (auto const& key : order) {
    Group const& g = groups[key];
    table += fmt::format("{:<20} {:<10} {:>5} {:>5} {:>5} {:>6}  {:<20} {:<20} {:<22} {}\n", key.first, key.second,
                         g.cases, g.passed, g.failed, g.inconclusive, range_text(g.error, error_text),
                         g.evaluations.empty() ? "-" : fmt::format("{} .. {}", g.evaluations.low, g.evaluations.high),
                         g.bytes.empty() ? "-" : bytes_text(g.bytes.low) + " .. " + bytes_text(g.bytes.high),
                         range_text(g.seconds, &seconds_text));
  }
  for (auto const& record : document.cases) {
    if (results::is_failure(record.row.status))
      table += fmt::format("{}: {}\n    {}\n", tinted(results::name_of(record.row.status), Tint::bad),
                           record.row.case_id, record.row.reason);
  }
  return table;
}

std::string check_table(results::ResultDocument const& document) {
  struct Counts {
    std::array<int, 4> by_verdict{};
    double seconds = 0.0;
    std::map<std::string, int> inconclusive;
  };
  std::vector<std::string> order;
  std::map<std::string, Counts> counts;
  for (auto const& record : document.cases) {
    for (auto const& check : record.checks) {
      if (!counts.contains(check.check)) order.push_back(check.check);
      Counts& of_check = counts[check.check];
      ++of_check.by_verdict[static_cast<std::size_t>(check.verdict)];
      if (std::isfinite(check.seconds)) of_check.seconds += check.seconds;
      if (check.verdict == results::Verdict::inconclusive) ++of_check.inconclusive[check.message];
    }
  }
  std::string table =
      fmt::format("{:<20} {:>5} {:>5} {:>6} {:>7}  {}\n", "check", "pass", "fail", "incon.", "skipped", "seconds");
  for (std::string const& name : order) {
    auto const& [n, seconds, reasons] = counts[name];
    table += fmt::format("{:<20} {:>5} {:>5} {:>6} {:>7}  {:.2f}\n", name, n[0], n[1], n[2], n[3], seconds);
    for (auto const& [reason, cases] : reasons) table += fmt::format("    inconclusive, {}: {}\n", cases, reason);
  }
  return table;
}

}  // namespace retrace::app
