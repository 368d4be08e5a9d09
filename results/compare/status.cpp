// Tier A, and what all tiers share.
#include "results/compare/case_tiers.hpp"
#include "results/compare/line_making.hpp"
#include "results/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace retrace::compare {

namespace detail {

Line line_of(CasePair const& pair, Tier tier, std::string_view quantity, bool gates) {
  return {.case_id = pair.old_record.row.case_id,
          .tier = tier,
          .quantity = std::string(quantity),
          .gates = gates && numbers_count(pair)};
}

void decide(Line& line, Verdict verdict, std::string_view reason) {
  line.verdict = verdict;
  line.reason = reason;
}

bool decide_count(Line& line, std::int64_t old_count, std::int64_t new_count, std::int64_t slack,
                  std::string_view word) {
  if (old_count < 0 && new_count < 0) return false;
  if (old_count >= 0) line.old_value = old_count;
  if (new_count >= 0) line.new_value = new_count;
  if (old_count < 0) {
    decide(line, Verdict::not_compared, "new-measurement");
    return true;
  }
  line.limit = old_count + slack;
  if (new_count < 0)
    decide(line, Verdict::worse, "measurement-lost");
  else if (new_count == old_count)
    decide(line, Verdict::same, fmt::format("{}-equal", word));
  else if (new_count > old_count + slack)
    decide(line, Verdict::worse, fmt::format("{}-more", word));
  else if (new_count < old_count - slack)
    decide(line, Verdict::better, fmt::format("{}-less", word));
  else
    decide(line, Verdict::within, fmt::format("{}-within", word));
  return true;
}

std::int64_t slack_of(std::int64_t old_count, double share, std::int64_t least) {
  return std::max(least, static_cast<std::int64_t>(std::floor(share * static_cast<double>(old_count))));
}

}  // namespace detail

using results::Status;

int severity(Status status) {
  switch (status) {
    case Status::pass:
      return 0;
    case Status::xfail:
      return 1;
    case Status::skipped:
    case Status::inconclusive:
      return 2;
    case Status::fail:
    case Status::xpass:
      return 3;
    case Status::nonfinite:
    case Status::timeout:
    case Status::oom:
      return 4;
    case Status::error:
    case Status::crashed:
      return 5;
  }
  return 5;
}

bool numbers_count(CasePair const& pair) {
  Status const status = pair.old_record.row.status;
  return !results::is_failure(status) && status != Status::skipped;
}

Line status_line(CasePair const& pair) {
  Status const old_status = pair.old_record.row.status, new_status = pair.new_record.row.status;
  Line line{.case_id = pair.old_record.row.case_id,
            .tier = Tier::status,
            .quantity = "status",
            .old_value = std::string(results::name_of(old_status)),
            .new_value = std::string(results::name_of(new_status)),
            .limit = std::string(results::name_of(old_status)),
            .gates = true};
  int const change = severity(new_status) - severity(old_status);
  if (new_status == old_status)
    detail::decide(line, Verdict::same, "status-equal");
  else if (change > 0)
    detail::decide(line, Verdict::worse, "status-worse");
  else if (change < 0)
    detail::decide(line, Verdict::better, "status-better");
  else
    detail::decide(line, Verdict::warning, "status-changed");
  if (new_status != old_status) line.note = pair.new_record.row.reason;
  return line;
}

}  // namespace retrace::compare
