#include "verification/method_catalogue.hpp"

#include "core/error.hpp"
#include "gradients/external/external_method.hpp"
#include "gradients/registry.hpp"

#include <algorithm>
#include <string>

namespace retrace {

namespace {

std::vector<MethodDescription>& catalogue() {
  static std::vector<MethodDescription> all = [] {
    std::vector<MethodDescription> own;
    for_each_type(AllGradientMethods{}, [&]<class Method>() { own.push_back(describe_method<Method>()); });
    for (ExternalMethod const& method : external_methods()) {
      own.push_back({.name = method.name,
                     .promise = method.promise,
                     .summary = method.summary,
                     .memory = method.memory,
                     .fields = method.fields,
                     .absent = method.absent});
      for (ExternalSolver const& solver : method.solvers) own.back().solvers.push_back(solver.name);
    }
    return own;
  }();
  return all;
}

}  // namespace

std::vector<MethodDescription> const& method_catalogue() {
  return catalogue();
}

void add_method(MethodDescription const& method) {
  if (std::ranges::find(catalogue(), method.name, &MethodDescription::name) != catalogue().end())
    throw UsageError("a gradient method '" + std::string(method.name) + "' is registered already");
  catalogue().push_back(method);
}

}  // namespace retrace
