#include "solvers/registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace retrace {

namespace {

std::vector<NamedTableau>& catalogue() {
  static std::vector<NamedTableau> schemes = [] {
    std::vector<NamedTableau> own;
    for_each_type(AllTableaus{}, [&]<class S>() { own.push_back({S::name, tableau_of<S>}); });
    return own;
  }();
  return schemes;
}

auto find(std::string_view name) {
  return std::ranges::find(catalogue(), name, &NamedTableau::name);
}

}  // namespace

std::vector<NamedTableau> const& tableau_catalogue() {
  return catalogue();
}

Tableau const& tableau_named(std::string_view name) {
  auto const found = find(name);
  if (found == catalogue().end()) throw std::out_of_range("no scheme is called '" + std::string(name) + "'");
  return found->tableau;
}

void add_tableau(NamedTableau const& scheme) {
  if (find(scheme.name) != catalogue().end())
    throw std::invalid_argument("a scheme called '" + std::string(scheme.name) + "' is there already");
  catalogue().push_back(scheme);
}

}  // namespace retrace
