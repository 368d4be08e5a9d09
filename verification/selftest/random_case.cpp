#include "verification/selftest/random_case.hpp"

#include "core/precision.hpp"
#include "solvers/registry.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/problem_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace retrace::selftest {

namespace {

struct Family {
  std::string_view problem;
  double shortest, longest;  // T - t0
};
constexpr std::array<Family, 8> families{{{"linear", 0.3, 20.0},
                                          {"van_der_pol", 0.3, 25.0},
                                          {"van_der_pol_paper", 0.3, 20.0},
                                          {"van_der_pol_forced", 0.2, 8.0},
                                          {"lorenz63", 0.05, 2.0},
                                          {"three_body", 0.05, 1.0},
                                          {"brusselator", 0.05, 1.0},
                                          {"neural_mlp", 0.2, 2.0}}};

/// A second-order scheme needs a hundred thousand steps where a fifth-order one needs some hundreds.
double least_tolerance(Tableau const& tab, bool single) {
  if (single) return 1e-5;  // below, single precision's step control drowns in round-off
  return tab.order <= 2 ? 1e-6 : tab.order == 3 ? 1e-8 : 1e-10;
}

}  // namespace

double Random::between(double low, double high) {
  return low + (high - low) * static_cast<double>(bits_() >> 11U) * 0x1p-53;
}
double Random::log_between(double low, double high) {
  return std::exp(between(std::log(low), std::log(high)));
}

RandomCase random_case(std::uint64_t seed) {
  static std::vector<std::pair<std::string, StepSizeRule>> const rules{
      {"standard", StepSizeRule::standard()}, {"paper", StepSizeRule::paper()}, {"plain", StepSizeRule::plain()}};
  static std::vector<std::string> const precisions{"f64", "f64", "f32", "mixed"};
  Random random(seed);
  std::vector<Family> registered;
  for (Family const& known : families)
    if (std::ranges::find(problem_catalogue(), known.problem, &ProblemDescription::name) != problem_catalogue().end())
      registered.push_back(known);
  Family const& family = random.one_of(registered);
  ProblemDescription const& problem = find_problem(family.problem);
  bool const is_field = problem.state == "field";
  std::vector<MethodDescription> methods;
  for (MethodDescription const& method : method_catalogue())
    // Reversible methods have a budget of round-off, which a long span spends: check round_trip says so, rightly.
    if ((method.fields || !is_field) && !method.double_only) methods.push_back(method);
  MethodDescription const method = random.one_of(methods);
  NamedTableau const& scheme = random.one_of(tableau_catalogue());

  RandomCase c;
  c.problem = family.problem;
  c.choice = {
      .method = std::string(method.name), .solver = std::string(scheme.name), .precision = random.one_of(precisions)};
  c.arguments = Arguments::defaults(problem.arguments);
  // An attracting solution is lost on the way back: that is the continuous adjoint's limit, not a check's mistake.
  double const longest = method.promise == Promise::consistent ? 0.15 * family.longest : family.longest;
  double const span = random.log_between(std::min(family.shortest, longest), longest);
  auto const set = [&](std::string_view name, double value) { c.arguments.numbers.find(name)->second = value; };
  set("T", (family.problem == "van_der_pol_forced" ? 0.1 : 0.0) + span);
  set("n", 2.0);
  if (family.problem == "van_der_pol") set("mu", random.log_between(0.05, 5.0));
  if (family.problem == "linear") set("k", random.between(-2.0, 0.5));
  if (family.problem == "brusselator") {  // on so few cells that no mode is beyond the limit of stability
    set("grid", std::floor(random.between(3.0, 9.0)));
    set("roughness", random.between(0.0, 0.5));
  }
  if (family.problem == "neural_mlp") {
    set("n", 5.0);
    set("block", 2.0);
    c.arguments.lists.find("widths")->second = {3, 7, 3};
  }

  double const first = random.between(0.0, 1.0) < 0.5 ? 0.0 : span * random.log_between(1e-5, 2.0);
  double const tolerance = random.log_between(least_tolerance(scheme.tableau, c.choice.precision != F64::name), 1e-2);
  double const ratio = random.log_between(1e-2, 1e1);
  auto const& [rule_name, rule] = random.one_of(rules);
  bool const fixed = !scheme.tableau.adaptive || random.between(0.0, 1.0) < 0.2;
  c.rule = rule_name;
  c.control.max_steps = 10'000'000;
  if (fixed) {
    // So many that the scheme is stable: the stiffest of these systems moves at a rate of about 50.
    c.control.fixed_steps = static_cast<std::int64_t>(std::ceil(span * random.log_between(60.0, 600.0)));
  } else {
    c.control.relative_tolerance = tolerance;
    c.control.absolute_tolerance = tolerance * ratio;
    c.control.initial_step = first;
    c.control.rule = rule;
  }
  return c;
}

std::string RandomCase::describe() const {
  std::string text = fmt::format("{} {} {} {}", problem, choice.method, choice.solver, choice.precision);
  for (auto const& [name, value] : arguments.numbers) text += fmt::format(", {} {:.6g}", name, value);
  if (!control.adaptive()) return text + fmt::format(", {} fixed steps", control.fixed_steps);
  return text + fmt::format(", rtol {:.3g}, atol {:.3g}, first step {:.3g}, rule {}", control.relative_tolerance,
                            control.absolute_tolerance, control.initial_step, rule);
}

}  // namespace retrace::selftest
