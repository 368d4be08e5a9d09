#include "verification/selftest/detection_limits.hpp"

#include "core/precision.hpp"
#include "verification/problem_catalogue.hpp"
#include "verification/selftest/examined.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace retrace::selftest {

namespace {

struct Asked {
  std::string_view check, method;
};
constexpr std::array<Asked, 8> asked{{{"dual", "aca"},
                                      {"complex_step", "aca"},
                                      {"methods_agree", "aca"},
                                      {"taylor", "aca"},
                                      {"difference_frozen", "aca"},
                                      {"program_dual", "naive"},
                                      {"program_complex_step", "naive"},
                                      {"difference_program", "naive"}}};

RandomCase case_of(ProblemDescription const& problem, std::string_view method, std::string_view precision) {
  RandomCase c;
  c.problem = problem.name;
  c.choice = {.method = std::string(method), .solver = "bogacki_shampine32", .precision = std::string(precision)};
  c.arguments = Arguments::defaults(problem.arguments);
  if (auto const end = c.arguments.numbers.find("T"); end != c.arguments.numbers.end()) end->second = 1.0;
  if (auto const n = c.arguments.numbers.find("n"); n != c.arguments.numbers.end()) n->second = 2.0;
  if (auto const grid = c.arguments.numbers.find("grid"); grid != c.arguments.numbers.end()) grid->second = 6.0;
  if (problem.name == "neural_mlp") {
    c.arguments.lists.find("widths")->second = {3, 7, 3};
    c.arguments.numbers.find("n")->second = 5.0;
    c.arguments.numbers.find("block")->second = 2.0;
  }
  c.control.relative_tolerance = c.control.absolute_tolerance = 1e-4;
  return c;
}

}  // namespace

std::vector<DetectionLimit> detection_limits(Communicator const& comm,
                                             std::function<void(std::string const&)> const& each) {
  constexpr int first_half_decade = -32, last_half_decade = 0;  // 1e-16 … 1
  std::vector<DetectionLimit> limits;
  for (Asked const& question : asked) {
    for (std::string const& precision : names_of(AllPrecisions{})) {
      for (ProblemDescription const& problem : problem_catalogue()) {
        Examined examined(case_of(problem, question.method, precision), comm);
        auto const says = [&](double error) {
          auto const verdicts =
              examined.checks([&](std::string_view name) { return name == question.check; }, 1.0 + error);
          return verdicts.front().verdict;
        };
        if (says(0.0) == CheckVerdict::skipped) continue;
        DetectionLimit limit{std::string(question.check), precision, std::string(problem.name),
                             std::numeric_limits<double>::infinity()};
        for (int k = first_half_decade; k <= last_half_decade; ++k) {
          double const error = std::pow(10.0, 0.5 * k);
          if (says(error) != CheckVerdict::fail) continue;
          limit.error = error;
          break;
        }
        limits.push_back(limit);
        if (each) each(limit.check + " " + precision + " " + limit.problem);
      }
    }
  }
  return limits;
}

}  // namespace retrace::selftest
