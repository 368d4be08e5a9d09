#pragma once

#include "results/record.hpp"
#include "results/summary.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a CI host shows beside a job: marks in its log, and a page.
namespace retrace::results {

/// `gitlab`: it has no annotations, so these are plain lines in colour.
enum class AnnotationHost : std::uint8_t { none, github, gitlab };

struct Annotation {
  std::string title, text;
};

/// The first ten as the host wants them, one line each: it shows no more per step.
[[nodiscard]] std::string annotation_lines(std::vector<Annotation> const& annotations, AnnotationHost host);

/// A mark for every test point that failed.
[[nodiscard]] std::vector<Annotation> annotations_of(ResultDocument const& document, ExitRules rules);

/// The result as Markdown for the page of a job: at most 60 lines, failures first.
[[nodiscard]] std::string as_markdown(ResultDocument const& document, ExitRules rules);

}  // namespace retrace::results
