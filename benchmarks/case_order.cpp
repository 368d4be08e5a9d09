#include "benchmarks/case_order.hpp"

#include "benchmarks/shard.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace retrace {

namespace {

/// What cases share that share a reference.
std::string group_of(CaseSpec const& spec) {
  return spec.problem + '\n' + spec.problem_args.dump() + '\n' + spec.reference;
}

std::vector<CaseSpec> interleaved(std::vector<CaseSpec> cases) {
  std::map<std::string, std::size_t> groups;                                      // in the order of their first case
  std::map<std::pair<std::size_t, std::string>, std::size_t> of_method;           // cases so far of a group and method
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::size_t>> keys;  // group, turn; case
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::size_t const group = groups.emplace(group_of(cases[i]), groups.size()).first->second;
    keys.push_back({{group, of_method[{group, cases[i].method}]++}, i});
  }
  std::ranges::sort(keys);  // the last part, the place in the suite, decides in one turn
  std::vector<CaseSpec> ordered;
  ordered.reserve(cases.size());
  for (auto const& [turn, place] : keys) ordered.push_back(std::move(cases[place]));
  return ordered;
}

}  // namespace

std::vector<CaseSpec> in_run_order(std::vector<CaseSpec> cases, std::string_view order) {
  if (order == "interleaved") return interleaved(std::move(cases));
  if (order == "longest-first") std::ranges::stable_sort(cases, std::greater{}, &rough_work);
  return cases;
}

}  // namespace retrace
