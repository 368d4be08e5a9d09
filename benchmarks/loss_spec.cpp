#include "benchmarks/loss_spec.hpp"

#include "benchmarks/config_keys.hpp"
#include "benchmarks/config_reader.hpp"
#include "benchmarks/units.hpp"
#include "core/digest.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace retrace {

namespace {

using Kind = ConfigValue::Kind;

LossSpec observations_of(ConfigValue const& value, LossKind kind) {
  std::string const what = fmt::format("loss.{}", name_of(kind));
  LossSpec loss{.kind = kind};
  if (!value.is(Kind::list)) {
    loss.equidistant = static_cast<int>(integer_of(value, what, config::observations_range));
    return loss;
  }
  if (value.items.size() > Objective::most_observations)
    throw_at(value.position, fmt::format("'{}' has {} observation times; at most {} are allowed", what,
                                         value.items.size(), Objective::most_observations));
  for (ConfigValue const& item : value.items) {
    double const t = number_of(item, what);
    bool const backward = loss.times.size() > 1 && loss.times[1] < loss.times[0];
    if (!loss.times.empty() && t == loss.times.back())
      throw_at(item.position, fmt::format("observation time {} is given twice", t));
    if (loss.times.size() > 1 && (t < loss.times.back()) != backward)
      throw_at(item.position,
               fmt::format("observation times must be in order, and {} comes after {}", t, loss.times.back()));
    loss.times.push_back(t);
  }
  return loss;
}

LossSpec loss_of(ConfigValue const& value) {
  if (!value.is(Kind::table)) {
    return {.kind =
                name_of(value, "loss", config::whole_losses) == "terminal" ? LossKind::terminal : LossKind::integral};
  }
  TableReader const reader(value, "loss", config::loss_keys);
  ConfigValue const *exact = reader.find("exact"), *dense = reader.find("dense");
  if ((exact == nullptr) == (dense == nullptr))
    throw_at(value.position,
             "'loss' must be \"terminal\", \"integral\", { exact = [times] } or { dense = [times] }; "
             "instead of times, a number stands for so many equal distances");
  return exact != nullptr ? observations_of(*exact, LossKind::exact) : observations_of(*dense, LossKind::dense);
}

}  // namespace

std::vector<LossSpec> losses_of(ConfigValue const& axis) {
  std::vector<LossSpec> losses;
  for (ConfigValue const* entry : one_or_more(axis, "loss")) losses.push_back(loss_of(*entry));
  return losses;
}

std::string loss_segment(LossSpec const& loss) {
  std::string text;
  if (loss.kind == LossKind::integral) text = "-integral";
  if (loss.kind == LossKind::exact || loss.kind == LossKind::dense) {
    text = fmt::format("-{}", name_of(loss.kind));
    constexpr std::size_t most_written = 4;
    if (loss.times.empty()) {
      text += fmt::format("{}", loss.equidistant);
    } else if (loss.times.size() <= most_written) {
      for (std::size_t k = 0; k < loss.times.size(); ++k) text += (k > 0 ? "x" : "=") + shortest(loss.times[k]);
    } else {
      text += fmt::format("{}={}", loss.times.size(), sha256_hex(nlohmann::json(loss.times).dump()).substr(0, 6));
    }
  }
  return text + (loss.time_gradients ? "-times" : "");
}

nlohmann::json loss_json(LossSpec const& loss) {
  nlohmann::json json{{"kind", name_of(loss.kind)}};
  if (!loss.times.empty())
    json["times"] = loss.times;
  else if (loss.kind == LossKind::exact || loss.kind == LossKind::dense)
    json["equidistant"] = loss.equidistant;
  if (loss.time_gradients) json["time_gradients"] = true;
  return json;
}

Objective objective_of(LossSpec const& loss, double t0, double t1) {
  Objective objective{.kind = loss.kind};
  if (!loss.times.empty()) {
    objective.observations = static_cast<int>(loss.times.size());
    std::ranges::copy(loss.times, objective.times.data());
    return objective;
  }
  objective.observations = loss.equidistant;
  for (int k = 1; k <= loss.equidistant; ++k) {
    double const share = static_cast<double>(k) / loss.equidistant;
    objective.times[static_cast<std::size_t>(k - 1)] = k == loss.equidistant ? t1 : t0 + share * (t1 - t0);
  }
  return objective;
}

}  // namespace retrace
