#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// One argument of a problem as a suite file may set it; data for validation, help and documentation.
struct Argument {
  enum class Kind { number, integer, integer_list };

  std::string_view name;
  Kind kind = Kind::number;
  double default_number = 0.0;
  std::vector<std::int64_t> default_list{};
  double minimum = std::numeric_limits<double>::lowest();
  double maximum = std::numeric_limits<double>::max();
  bool minimum_excluded = false;
  std::string_view unit = "1";
  std::string_view description;
};

/// Values for the arguments of one problem; every argument is present, checked against its `Argument` beforehand.
struct Arguments {
  std::map<std::string, double, std::less<>> numbers;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> lists;

  [[nodiscard]] static Arguments defaults(std::vector<Argument> const& known) {
    Arguments values;
    for (Argument const& argument : known) {
      if (argument.kind == Argument::Kind::integer_list)
        values.lists.emplace(argument.name, argument.default_list);
      else
        values.numbers.emplace(argument.name, argument.default_number);
    }
    return values;
  }

  [[nodiscard]] double number(std::string_view name) const { return numbers.find(name)->second; }
  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    return static_cast<std::int64_t>(numbers.find(name)->second);
  }
  [[nodiscard]] std::vector<std::int64_t> const& list(std::string_view name) const { return lists.find(name)->second; }
};

/// The two arguments that every ensemble has: end time and number of trajectories.
[[nodiscard]] inline Argument end_time_argument(double default_end_time) {
  return {.name = "T",
          .default_number = default_end_time,
          .minimum = -1e6,
          .maximum = 1e6,
          .description = "end of the time span, which begins at the problem's t0; before it: backward in time"};
}
[[nodiscard]] inline Argument trajectories_argument() {
  return {.name = "n",
          .kind = Argument::Kind::integer,
          .default_number = 1,
          .minimum = 1,
          .maximum = 1e9,
          .description = "number of trajectories in the ensemble"};
}

}  // namespace retrace
