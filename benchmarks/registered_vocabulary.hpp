#pragma once

#include "benchmarks/vocabulary.hpp"
#include "verification/checks.hpp"

namespace retrace {

/// Every name that the registries know, for the reader of suites.
/// Checks beyond the set are off unless a suite turns them on.
[[nodiscard]] Vocabulary registered_vocabulary(CheckSet checks = CheckSet::standard);

}  // namespace retrace
