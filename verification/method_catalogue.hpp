#pragma once

#include "gradients/gradient_method.hpp"

#include <string_view>
#include <vector>

namespace retrace {

/// A gradient method that a case can name.
struct MethodDescription {
  std::string_view name;
  Promise promise = Promise::consistent;
  std::string_view summary, memory;  ///< memory: what grows with the number of steps
  bool fields = true;                ///< does it differentiate fields too?
  LossSupport losses{};
  bool (*steps_with)(Tableau const&) = nullptr;  ///< the solvers that it has; null: all
  bool double_only = false;                      ///< is it for precision f64 only?
  bool reversible = false;                       ///< does it undo its steps?
  bool detaches_factor = false;  ///< is the step-size factor a constant in the program that it promises?
  /// Names of the solvers that go with it, and with no other; empty: every scheme.
  std::vector<std::string_view> solvers{};
  std::string_view absent{};  ///< why this build does not have it; empty: it does
};

template <class Method>
[[nodiscard]] MethodDescription describe_method() {
  MethodDescription of{.name = Method::name,
                       .promise = Method::promise,
                       .summary = Method::summary,
                       .memory = Method::memory,
                       .fields = Method::fields,
                       .losses = Method::losses,
                       .reversible = is_reversible<Method>};
  if constexpr (requires { Method::steps_with; }) of.steps_with = &Method::steps_with;
  if constexpr (requires { Method::double_only; }) of.double_only = Method::double_only;
  if constexpr (requires { Method::detaches_factor; }) of.detaches_factor = Method::detaches_factor;
  return of;
}

/// Those of the suite and those that a user's program has added, in this order.
[[nodiscard]] std::vector<MethodDescription> const& method_catalogue();

/// Adds a method of a user's program, before anything is run. Throws UsageError if the name is taken.
void add_method(MethodDescription const& method);
template <class Method>
void add_method() {
  add_method(describe_method<Method>());
}

}  // namespace retrace
