#include "benchmarks/case_spec.hpp"

#include "benchmarks/units.hpp"
#include "core/digest.hpp"

#include <fmt/format.h>

namespace retrace {

namespace {

ControlSpec const default_control{};

/// Segment of the id. Fields that keep their defaults are left out, so that ids stay short.
std::string control_segment(ControlSpec const& control) {
  std::string of_method;
  if (control.checkpoints != default_control.checkpoints) of_method += fmt::format("-ckpt{}", control.checkpoints);
  if (control.checkpoint_bytes > 0) of_method += fmt::format("-ckpt{}B", control.checkpoint_bytes);
  if (control.damping != default_control.damping) of_method += "-damp=" + shortest(control.damping);
  if (control.coupling != default_control.coupling) of_method += "-coupl=" + shortest(control.coupling);
  if (!control.adaptive) return fmt::format("steps{}", control.steps) + of_method;
  std::string text = fmt::format("rtol{}-atol{}", shortest_scientific(control.rtol), shortest_scientific(control.atol));
  if (control.initial_step != default_control.initial_step) text += "-h0=" + shortest(control.initial_step);
  if (control.max_steps != default_control.max_steps) text += fmt::format("-max{}", control.max_steps);
  if (control.controller != default_control.controller) text += "-" + control.controller;
  if (control.norm != default_control.norm) text += "-norm" + control.norm;
  return text + of_method;
}

std::string value_label(nlohmann::json const& value) {
  if (value.is_number_float()) return shortest(value.get<double>());
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (nlohmann::json const& entry : value) text += (text.empty() ? "" : "x") + entry.dump();
  return text;
}

/// "n64"; with an equals sign where the name ends in a digit, so that k1=2 and k=12 stay apart.
std::string argument_label(std::string const& name, nlohmann::json const& value) {
  bool const digit_last = name.back() >= '0' && name.back() <= '9';
  return name + (digit_last ? "=" : "") + value_label(value);
}

nlohmann::json control_json(ControlSpec const& control) {
  nlohmann::json json{{"kind", "fixed"}, {"steps", control.steps}};
  if (control.adaptive) {
    json = {{"kind", "adaptive"},
            {"rtol", control.rtol},
            {"atol", control.atol},
            {"initial_step", control.initial_step},
            {"max_steps", control.max_steps},
            {"controller", control.controller}};
    if (control.norm != default_control.norm) json["norm"] = control.norm;
  }
  // Left out where it is the default, so that the hashes of older cases stay as they are.
  if (control.checkpoints != default_control.checkpoints) json["checkpoints"] = control.checkpoints;
  if (control.checkpoint_bytes > 0) json["checkpoint_bytes"] = control.checkpoint_bytes;
  if (control.damping != default_control.damping) json["damping"] = control.damping;
  if (control.coupling != default_control.coupling) json["coupling"] = control.coupling;
  return json;
}

}  // namespace

std::string control_label(ControlSpec const& control) {
  if (!control.adaptive) return fmt::format("fixed:n={}", control.steps);
  return fmt::format("adaptive:rtol={},atol={}", shortest_scientific(control.rtol), shortest_scientific(control.atol));
}

std::string size_label(nlohmann::json const& problem_args, std::vector<ArgumentSpec> const& known) {
  std::string first, others;
  for (ArgumentSpec const& argument : known) {
    auto const given = problem_args.find(argument.name);
    if (given == problem_args.end()) continue;
    if (argument.name == "n") {
      first = argument_label(argument.name, *given);
    } else if (*given != argument.default_value) {
      others += "-" + argument_label(argument.name, *given);
    }
  }
  if (!first.empty()) return first + others;
  return others.empty() ? "default" : others.substr(1);
}

std::string case_id(CaseSpec const& spec) {
  return fmt::format("{}/{}/{}/{}/{}/{}/{}", spec.problem, spec.method, spec.solver,
                     control_segment(spec.control) + loss_segment(spec.loss), spec.size, spec.precision, spec.backend);
}

nlohmann::json canonical_json(CaseSpec const& spec) {
  nlohmann::json json{{"problem", spec.problem}, {"problem_args", spec.problem_args},    {"method", spec.method},
                      {"solver", spec.solver},   {"precision", spec.precision},          {"backend", spec.backend},
                      {"seed", spec.seed},       {"control", control_json(spec.control)}};
  if (!spec.loss.is_default()) json["loss"] = loss_json(spec.loss);  // see control_json
  return json;
}

std::string case_hash(CaseSpec const& spec) {
  return sha256_hex(canonical_json(spec).dump()).substr(0, 16);
}

nlohmann::json describe(CaseSpec const& spec) {
  nlohmann::json all = canonical_json(spec);
  for (char const* const column : {"backend", "method", "precision", "problem", "seed", "solver"}) all.erase(column);
  all["matrix"] = spec.matrix;
  if (spec.own_checks) all["checks"] = spec.checks;
  if (spec.expected.status != Expectation{}.status)
    all["expected"] = {{"status", spec.expected.status}, {"reason", spec.expected.reason}};
  if (!spec.limits.empty()) all["limits"] = spec.limits;
  if (spec.reference != CaseSpec{}.reference) all["reference"] = spec.reference;
  return all;
}

Arguments to_arguments(nlohmann::json const& problem_args) {
  Arguments arguments;
  for (auto const& [name, value] : problem_args.items()) {
    if (value.is_array())
      arguments.lists.emplace(name, value.get<std::vector<std::int64_t>>());
    else
      arguments.numbers.emplace(name, value.get<double>());
  }
  return arguments;
}

}  // namespace retrace
