#include "solvers/dense_catalogue.hpp"

#include "solvers/registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace retrace {

namespace {

struct NamedDenseOutput {
  std::string_view name;
  DenseOutput dense;
};

std::vector<NamedDenseOutput>& catalogue() {
  static std::vector<NamedDenseOutput> all = [] {
    std::vector<NamedDenseOutput> own;
    for_each_type(AllTableaus{}, [&]<class S>() {
      static_assert(has_consistent_dense_output<S>());
      own.push_back({S::name, dense_output_of<S>});
    });
    return own;
  }();
  return all;
}

auto find(std::string_view name) {
  return std::ranges::find(catalogue(), name, &NamedDenseOutput::name);
}

}  // namespace

DenseOutput const& dense_output_named(std::string_view name) {
  if (auto const found = find(name); found != catalogue().end()) return found->dense;
  (void)tableau_named(name);  // refuses a name that nothing has
  throw std::invalid_argument("scheme '" + std::string(name) +
                              "' has no dense output: its tableau alone was added, and no add_dense_output");
}

void add_dense_output(std::string_view name, DenseOutput const& dense) {
  if (find(name) != catalogue().end())
    throw std::invalid_argument("scheme '" + std::string(name) + "' has a dense output already");
  catalogue().push_back({name, dense});
}

}  // namespace retrace
