#pragma once

#include "results/annotations.hpp"

#include <string>

namespace retrace::app {

/// `auto` asks the environment of the job.
[[nodiscard]] results::AnnotationHost annotation_host(std::string const& wanted);

/// Annotations go to stderr, since what goes to stdout may be read by a program; on GitHub `markdown` goes to the page
/// of the job.
void publish_to_host(results::AnnotationHost host, std::string const& annotations, std::string const& markdown);

}  // namespace retrace::app
