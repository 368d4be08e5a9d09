#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Figures of merit: the few numbers of a result that other tools plot. Their names are a promise.
namespace retrace::results {

struct Merit {
  std::string name;
  double value;
  std::string_view unit;  ///< "1" without one
};

/// Right-hand sides, Jacobian-vector and vector-Jacobian products of a gradient; 0 where nothing is known.
[[nodiscard]] std::int64_t evaluations(CaseRecord const& record);

/// Peak bytes of the gradient's own allocations on the fullest rank; -1 if not measured.
[[nodiscard]] std::int64_t solver_peak_bytes(CaseRecord const& record);

/// Of one case, what is known of: grad_rel_l2, time_median, peak_above_baseline, evaluations.
[[nodiscard]] std::vector<Merit> merits_of(CaseRecord const& record);

/// Of the whole document: cases_passed, cases_failed, the largest grad_rel_l2 and peak_above_baseline, the sums of
/// time_median and evaluations.
[[nodiscard]] std::vector<Merit> merits_of(ResultDocument const& document, ExitRules rules = {});

/// "FOM name value unit" lines, first those of the document, then of each case as `case_id:name`: for Ramble and
/// whoever reads with a regular expression.
[[nodiscard]] std::string merit_lines(ResultDocument const& document, ExitRules rules = {});

/// The document's own as <CTestMeasurement>, which CTest takes out of a test's output and CDash plots.
[[nodiscard]] std::string ctest_measurements(ResultDocument const& document, ExitRules rules = {});

}  // namespace retrace::results
