#pragma once

#include "core/error.hpp"
#include "core/precision.hpp"
#include "solvers/registry.hpp"
#include "verification/problem_instance.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// The registered solvers that a method has.
[[nodiscard]] inline std::vector<std::string_view> solvers_of(bool (*steps_with)(Tableau const&)) {
  std::vector<std::string_view> names;
  for (NamedTableau const& scheme : tableau_catalogue())
    if (steps_with == nullptr || steps_with(scheme.tableau)) names.push_back(scheme.name);
  return names;
}

/// Throws UsageError where the method has not the solver or the precision of the choice.
template <class Method>
void require_choice(GradientChoice const& choice) {
  if constexpr (requires { Method::steps_with; }) {
    if (!Method::steps_with(tableau_named(choice.solver))) {
      std::string valid;
      for (std::string_view const name : solvers_of(&Method::steps_with))
        valid += (valid.empty() ? "" : ", ") + std::string(name);
      throw UsageError("method '" + choice.method + "' has a scheme of its own and does not step by solver '" +
                       choice.solver + "'; its solvers are " + valid);
    }
  }
  if constexpr (requires { Method::double_only; }) {
    if (choice.precision != F64::name)
      throw UsageError("method '" + choice.method + "' computes in precision f64 only, not in '" + choice.precision +
                       "'");
  }
}

}  // namespace retrace
