#include "verification/plain_rounding.hpp"

#include "verification/plain_replay.hpp"
#include "verification/witness/random_signs.hpp"
#include "verification/witness/rounding_limits.hpp"
#include "verification/witness/shaken.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace retrace {

namespace {

using Numbers = std::vector<double>;

/// A system whose f is shaken, and its tangent with it: of each stage f is asked first, then its derivative.
class ShakenSystem final : public PlainSystem {
 public:
  ShakenSystem(PlainSystem& system, witness::Shaking const& shaking)
      : system_(&system),
        shaking_(shaking),
        y_(static_cast<std::size_t>(system.dimension())),
        dy_(static_cast<std::size_t>(system.dimension())) {}

  [[nodiscard]] BlockPartition const& partition() const override { return system_->partition(); }
  [[nodiscard]] bool field() const override { return system_->field(); }
  [[nodiscard]] std::int64_t systems() const override { return system_->systems(); }
  void select(std::int64_t system) override { system_->select(system); }
  [[nodiscard]] std::int64_t dimension() const override { return system_->dimension(); }
  [[nodiscard]] std::int64_t parameters() const override { return system_->parameters(); }
  [[nodiscard]] double t0() const override { return system_->t0(); }
  [[nodiscard]] double t1() const override { return system_->t1(); }
  void initial_state(double* y) override { system_->initial_state(y); }
  void vjp(double t, double const* y, double const* w, double* y_bar, double* p_bar) override {
    system_->vjp(t, y, w, y_bar, p_bar);
  }
  [[nodiscard]] double loss(double const* y) override { return system_->loss(y); }
  void loss_gradient(double const* y, double* gradient) override { system_->loss_gradient(y, gradient); }
  [[nodiscard]] std::optional<std::vector<StepSpan<double>>> steps(Tableau const& tab,
                                                                   StepControl const& control) override {
    return system_->steps(tab, control);
  }

  void rhs(double t, double const* y, double* dydt) override {
    ++calls_;
    shake(y, y_);
    system_->rhs(t, y_.data(), dydt);
    shake_result(dydt);
  }
  void jvp(double t, double const* y, double const* dy, double const* dp, double* out) override {
    shake(y, y_);
    shake(dy, dy_);
    system_->jvp(t, y_.data(), dy_.data(), dp, out);
    shake_result(out);
  }

 private:
  void shake(double const* from, Numbers& to) const {
    for (std::size_t d = 0; d < to.size(); ++d)
      to[d] = from[d] * shaking_.of_argument(calls_, static_cast<std::int64_t>(d));
  }
  void shake_result(double* x) const {
    for (std::size_t d = 0; d < y_.size(); ++d) x[d] *= shaking_.of_result(calls_, static_cast<std::int64_t>(d));
  }

  PlainSystem* system_;
  witness::Shaking shaking_;
  std::uint64_t calls_ = 0;
  Numbers y_, dy_;
};

double norm(std::span<double const> x) {
  double sum = 0.0;
  for (double const value : x) sum += value * value;
  return std::sqrt(sum);
}

}  // namespace

MeasuredRounding plain_rounding(Tableau const& tab, std::span<StepSpan<double> const> steps, PlainSystem& system,
                                double operations_per_component, std::span<double const> g_y0,
                                std::span<double const> g_p) {
  constexpr std::uint64_t random_runs = 4, drifting_runs = 2;  // as in witness/derivatives.hpp
  Numbers const signs_y0 = witness::random_signs(101, 0, g_y0.size()),
                signs_p = witness::random_signs(102, 0, g_p.size());
  witness::Shaking shaking{.round_off = 0.0, .operations_per_component = operations_per_component};
  auto const derivative = [&](std::span<double const> dy0, std::span<double const> dp) {
    ShakenSystem shaken(system, shaking);
    std::uint64_t step = 0;
    auto const end_of_step = [&](std::span<double> y, std::span<double> dy) {
      for (std::size_t d = 0; d < y.size(); ++d) {
        y[d] *= shaking.of_state(step, static_cast<std::int64_t>(d), 0);
        dy[d] *= shaking.of_state(step, static_cast<std::int64_t>(d), 1);
      }
      ++step;
    };
    return replay_with_tangent(tab, steps, shaken, dy0, dp, end_of_step).derivative;
  };
  auto const relative = [](double difference, double size) { return size > 0.0 ? difference / size : difference; };
  double const exact_y0 = derivative(signs_y0, {}), exact_p = derivative({}, signs_p);
  MeasuredRounding measured;
  shaking.round_off = limits::double_round_off;
  double squares = 0.0;
  for (std::uint64_t run = 0; run < random_runs + drifting_runs; ++run) {
    shaking.seed = (run + 1) << 40U;
    shaking.drift = run >= random_runs;
    double const distance = std::max(relative(std::abs(derivative(signs_y0, {}) - exact_y0), norm(g_y0)),
                                     relative(std::abs(derivative({}, signs_p) - exact_p), norm(g_p)));
    ++measured.runs;
    ++measured.tried;
    if (shaking.drift)
      measured.drift = std::max(measured.drift, distance);
    else
      squares += distance * distance;
  }
  measured.relative = std::sqrt(squares / static_cast<double>(random_runs));
  return measured;
}

}  // namespace retrace
