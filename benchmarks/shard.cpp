#include "benchmarks/shard.hpp"

#include "core/error.hpp"
#include "solvers/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string>

namespace retrace {

namespace {

bool parses(std::string_view text, int& number) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

double steps_of(CaseSpec const& spec) {
  if (!spec.control.adaptive) return static_cast<double>(spec.control.steps);
  double const order = std::max(tableau_named(spec.solver).order, 1);
  double const length = spec.problem_args.value("T", 1.0);
  return std::min(10.0 * std::max(length, 1.0) * std::pow(spec.control.rtol, -1.0 / (order + 1.0)),
                  static_cast<double>(spec.control.max_steps));
}

}  // namespace

Shard Shard::parse(std::string_view text) {
  Shard shard;
  std::size_t const slash = text.find('/');
  bool const good = slash != std::string_view::npos && parses(text.substr(0, slash), shard.index) &&
                    parses(text.substr(slash + 1), shard.count) && 1 <= shard.index && shard.index <= shard.count;
  if (!good) throw UsageError(fmt::format("--shard '{}': expected I/N with 1 <= I <= N, such as 3/8", text));
  return shard;
}

double rough_work(CaseSpec const& spec) {
  double work = steps_of(spec) * spec.problem_args.value("n", 1.0);
  if (auto const widths = spec.problem_args.find("widths"); widths != spec.problem_args.end() && widths->is_array()) {
    double products = 0.0;
    for (std::size_t i = 1; i < widths->size(); ++i)
      products += (*widths)[i - 1].get<double>() * (*widths)[i].get<double>();
    work *= std::max(products, 1.0);
  }
  return work;
}

std::vector<CaseSpec> select_shard(std::vector<CaseSpec> const& cases, Shard shard) {
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return rough_work(cases[i]); });
  std::vector<std::size_t> own;
  for (auto i = static_cast<std::size_t>(shard.index - 1); i < order.size(); i += static_cast<std::size_t>(shard.count))
    own.push_back(order[i]);
  std::ranges::sort(own);
  std::vector<CaseSpec> selected;
  for (std::size_t const i : own) selected.push_back(cases[i]);
  return selected;
}

}  // namespace retrace
