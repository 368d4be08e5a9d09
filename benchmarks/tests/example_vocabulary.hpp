#pragma once

#include "benchmarks/suite.hpp"
#include "benchmarks/vocabulary.hpp"
#include "core/error.hpp"
#include "problems/arguments.hpp"

#include <string>
#include <utility>
#include <vector>

/// What the tests of the suite reader share: the names of the built-in suites without the code behind them.
namespace retrace::test {

[[nodiscard]] inline ProblemEntry ensemble(std::string name, std::string family, double end_time,
                                           std::vector<Argument> own = {}) {
  own.push_back(end_time_argument(end_time));
  own.push_back(trajectories_argument());
  return {.name = std::move(name), .family = std::move(family), .arguments = argument_specs(own)};
}

[[nodiscard]] inline ProblemEntry neural_mlp() {
  ProblemEntry entry{.name = "neural_mlp", .family = "neural"};
  entry.arguments = argument_specs(
      {{.name = "widths",
        .kind = Argument::Kind::integer_list,
        .default_list = {8, 32, 8},
        .minimum = 1,
        .description = ""},
       {.name = "n", .kind = Argument::Kind::integer, .default_number = 64, .minimum = 1, .description = ""},
       {.name = "block", .kind = Argument::Kind::integer, .default_number = 16, .minimum = 1, .description = ""},
       {.name = "contraction", .default_number = 0.0, .minimum = 0.0, .description = ""},
       end_time_argument(1.0)});
  entry.validate = [](Arguments const& arguments) {
    auto const& widths = arguments.list("widths");
    if (widths.front() != widths.back()) throw UsageError("neural_mlp: first and last width differ");
  };
  return entry;
}

[[nodiscard]] inline Vocabulary example_vocabulary() {
  Vocabulary v;
  v.problems = {
      ensemble("linear", "analytic", 10.0,
               {{.name = "k", .default_number = 0.25, .minimum = -100.0, .maximum = 100.0, .description = ""}}),
      ensemble("van_der_pol", "oscillator", 25.0,
               {{.name = "mu", .default_number = 0.15, .minimum = 0.0, .description = ""}}),
      ensemble("van_der_pol_paper", "oscillator", 20.0),
      ensemble("van_der_pol_forced", "oscillator", 4.0),
      ensemble("lorenz63", "chaotic", 2.0),
      ensemble("three_body", "hamiltonian", 1.0),
      neural_mlp()};
  v.methods = {
      "naive",         "naive_half",     "adjoint_interpolated", "naive_detached",     "adjoint", "adjoint_seminorm",
      "aca",           "aca_stages",     "aca_budget",           "symplectic_adjoint", "forward", "mali",
      "reversible_rk", "adjoint_blocks", "adjoint_reset"};
  v.solvers = {{"euler", false, 1},           {"midpoint", false, 2},          {"rk4", false, 4},
               {"heun_euler21", true, 2},     {"bogacki_shampine32", true, 3}, {"dormand_prince54", true, 5},
               {"midpoint_euler21", true, 2}, {"ralston21", true, 2},          {"tsitouras54", true, 5},
               {"dormand_prince853", true, 8}};
  v.precisions = {"f64", "f32", "mixed"};
  v.checks = {
      {.name = "dual", .options = {{.name = "rtol", .default_value = "auto", .minimum = 0.0, .words = {"auto"}}}},
      {.name = "order", .enabled = false},
      {.name = "taylor",
       .enabled = false,
       .options = {{.name = "directions", .kind = ArgumentSpec::Kind::integer, .default_value = 3, .minimum = 1.0},
                   {.name = "class",
                    .kind = ArgumentSpec::Kind::text,
                    .default_value = "auto",
                    .words = {"auto", "bitwise", "order"}}}}};
  return v;
}

/// The message of the UsageError that `action` throws; "(no error)" if it throws none.
template <class Action>
[[nodiscard]] std::string message_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (UsageError const& error) {
    return error.what();
  }
  return "(no error)";
}

/// Parses `text` as the file s.toml.
[[nodiscard]] inline Suite parse(std::string const& text) {
  return parse_suite(text, "s.toml", example_vocabulary());
}
[[nodiscard]] inline std::string error_in(std::string const& text) {
  return message_of([&] { static_cast<void>(parse(text)); });
}

/// A suite with one matrix named m. Its lines: 1 schema, 2 [[matrix]], 3 name, then `lines`, one key each.
[[nodiscard]] inline std::string with_matrix(std::vector<std::string> const& lines) {
  std::string text = "schema = 1\n[[matrix]]\nname = \"m\"\n";
  for (std::string const& line : lines) text += line + "\n";
  return text;
}

/// Lines 4 to 7 of a valid matrix with one case.
inline std::string const problem_line = "problem = \"linear\"";
inline std::string const method_line = "method = \"aca\"";
inline std::string const solver_line = "solver = \"dormand_prince54\"";
inline std::string const control_line = "control = { adaptive = { rtol = 1e-6 } }";

[[nodiscard]] inline std::string valid_suite() {
  return with_matrix({problem_line, method_line, solver_line, control_line});
}

[[nodiscard]] inline std::vector<std::string> ids_of(Suite const& suite) {
  std::vector<std::string> ids;
  for (CaseSpec const& spec : suite.cases) ids.push_back(case_id(spec));
  return ids;
}

}  // namespace retrace::test
