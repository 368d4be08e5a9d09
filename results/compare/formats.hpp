#pragma once

#include "results/annotations.hpp"
#include "results/compare/comparison.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// A comparison for people and for programs. All texts end with a newline.
namespace retrace::compare {

/// For a terminal, ending with the line "412 passed, 3 failed, 6 skipped". `all`: also what is the same.
[[nodiscard]] std::string as_table(Comparison const& comparison, bool all);

/// For a pull request: at most 60 lines, the worst findings first.
[[nodiscard]] std::string as_markdown(Comparison const& comparison);

/// Every line. Numbers that are not finite are the strings "nan", "inf", "-inf".
[[nodiscard]] std::string as_json(Comparison const& comparison);

/// One test suite per tier, one test case per case; a red line is a failure, a case that is not compared is skipped.
[[nodiscard]] std::string as_junit(Comparison const& comparison);

/// A mark in the log of a CI host for each red line, ten at most.
using results::AnnotationHost;
[[nodiscard]] std::string annotations(Comparison const& comparison, AnnotationHost host);

/// "1.25e-09", "173864 B", "12.4 ms", or "-" for nothing.
[[nodiscard]] std::string value_text(Value const& value, Unit unit);

/// "numeric: error-grew: grad_rel_l2 1.0e-09 -> 2.0e-09, limit 1.5e-09"
[[nodiscard]] std::string line_text(Line const& line);

/// Lines that say something, worst first, in the order of the comparison within one verdict. Red ones lead.
[[nodiscard]] std::vector<Line const*> findings(Comparison const& comparison);

}  // namespace retrace::compare
