#pragma once

#include "core/dual.hpp"
#include "solvers/step_control.hpp"
#include "verification/witness/plain_replay.hpp"
#include "verification/witness/rounding_limits.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace retrace::witness {

/// A trial step of PlainProgram, with what RecordedStepsOf reads of one.
template <class T>
struct PlainTrial {
  struct Result {
    Numbers<T> const& y_new;
  };
  StepSpan<T> span;
  bool accepted, clipped, factor_is_constant;
  Numbers<T> const& y;
  Result work;
};

/// The adaptive program, written down a second time in plain loops: the rules that `integrate` and
/// `choose_initial_step` document, and no line of theirs. For witnesses: `T` may be complex, and decisions go by real
/// parts. The loss is terminal. A system's sums are collective.
template <class T, class System>
class PlainProgram {
 public:
  PlainProgram(Tableau const& tab, System const& system, StepControl const& control, Numbers<T> const& p)
      : tab_(&tab),
        system_(&system),
        control_(&control),
        p_(&p),
        direction_(system.t1 >= system.t0 ? 1.0 : -1.0),
        span_(std::abs(system.t1 - system.t0)) {}

  /// Moves `y` from t0 to t1, telling the observer of every trial; false if that fails.
  template <class Observer>
  [[nodiscard]] bool solve(Numbers<T>& y, Observer& observer) {
    bool const adaptive = control_->adaptive();
    T t(system_->t0), proposed = adaptive ? first_step(y) : T(span_ / static_cast<double>(control_->fixed_steps));
    std::int64_t accepted = 0;
    bool after_rejection = false;
    int non_finite_in_a_row = 0;
    for (std::int64_t trials = 0; value_of(t) != system_->t1; ++trials) {
      if (trials >= control_->max_steps || !std::isfinite(value_of(proposed))) return false;
      double const remaining = std::abs(system_->t1 - value_of(t)), slack = least_step(value_of(t));
      bool const clipped = adaptive ? value_of(proposed) >= remaining - slack : accepted == control_->fixed_steps - 1;
      if (!clipped && value_of(proposed) <= slack) return false;
      T const h = clipped ? T(system_->t1) - t : T(direction_) * proposed;
      StepSpan<T> const span{t, h, clipped ? T(system_->t1) : t + h};
      Numbers<T> y_new = y;
      plain_step(*tab_, *system_, span, *p_, y_new, k_, tab_->stages);

      bool accept = true;
      Factor factor{T(1.0), true};
      T const size = T(direction_) * h;
      if (adaptive) {
        T const error = error_norm(y, y_new, h);
        non_finite_in_a_row = std::isfinite(value_of(error)) ? 0 : non_finite_in_a_row + 1;
        if (non_finite_in_a_row > control_->rule.non_finite_rejections) return false;
        accept = value_of(error) <= 1.0;
        factor = step_factor(error, accept, after_rejection, size);
        if (accept && !clipped) remember(error, size);
      }
      observer.on_trial(PlainTrial<T>{span, accept, clipped, factor.is_constant, y, {y_new}});
      if (!(accept && clipped)) proposed = size * factor.value;
      after_rejection = !accept;
      if (!accept) continue;
      ++accepted;
      t = span.t_next;
      y = std::move(y_new);
    }
    return finite_everywhere(y);
  }

 private:
  struct Factor {
    T value;
    bool is_constant;
  };

  /// |x|, whose slope at 0 is that of neither side but their mean, 0: as in the program's duals.
  [[nodiscard]] static T magnitude(T const& x) {
    double const value = value_of(x);
    return value == 0.0 ? T(0.0) : value > 0.0 ? x : -x;
  }
  [[nodiscard]] static T larger(T const& a, T const& b) { return value_of(a) >= value_of(b) ? a : b; }
  [[nodiscard]] static T smaller(T const& a, T const& b) { return value_of(a) <= value_of(b) ? a : b; }
  [[nodiscard]] static T root(T const& x) {
    using std::sqrt;
    return value_of(x) > 0.0 ? sqrt(x) : T(value_of(x));  // NaN stays
  }
  [[nodiscard]] static T power(T const& x, double exponent) {
    using std::pow;
    if (value_of(x) == 0.0) return T(exponent < 0.0 ? std::numeric_limits<double>::infinity() : 0.0);
    return pow(x, exponent);
  }
  /// What is below 16 roundings of a time is too small a step to take.
  [[nodiscard]] double least_step(double t) const {
    return 16.0 * limits::double_round_off * std::max(std::abs(t), std::abs(system_->t1));
  }
  [[nodiscard]] T weight(T const& size) const {
    return T(control_->absolute_tolerance) + T(control_->relative_tolerance) * size;
  }
  [[nodiscard]] T sum(T const& local) const {
    if constexpr (requires { local.z; }) {
      return T({system_->sum(local.z.real()), system_->sum(local.z.imag())});
    } else {
      return system_->sum(local);
    }
  }
  [[nodiscard]] bool finite_everywhere(Numbers<T> const& x) const {
    bool const here = std::ranges::all_of(x, [](T const& entry) { return std::isfinite(value_of(entry)); });
    return system_->sum(here ? 0.0 : 1.0) == 0.0;
  }
  /// The largest of all ranks; of ranks that have it alike, the mean.
  [[nodiscard]] T largest(T const& local) const {
    double const most = system_->largest(value_of(local));
    bool const mine = value_of(local) == most;
    double const owners = system_->sum(mine ? 1.0 : 0.0);
    return sum(mine ? local : T(0.0)) / T(owners);
  }

  /// (0.3) of docs/methods.md and its other norms.
  [[nodiscard]] T error_norm(Numbers<T> const& y, Numbers<T> const& y_new, T const& h) const {
    std::size_t const size = control_->norm == ErrorNorm::rms ? y.size() : system_->sample_size();
    if (!finite_everywhere(y_new)) return T(std::numeric_limits<double>::quiet_NaN());
    T squares(0.0), most(0.0);
    for (std::size_t d = 0; d < y.size(); ++d) {
      if (d % size == 0) squares = T(0.0);
      T e(0.0);
      for (std::size_t j = 0; j < k_.size(); ++j) e += T(tab_->error[j]) * k_[j][d];
      T const before = magnitude(y[d]), after = magnitude(y_new[d]);
      T const share = h * e / weight(value_of(after) > value_of(before) ? after : before);
      squares += share * share;
      most = larger(most, control_->norm == ErrorNorm::max ? magnitude(share) : squares);
    }
    if (control_->norm == ErrorNorm::max) return largest(most);
    if (control_->norm == ErrorNorm::per_sample) return root(largest(most) / T(static_cast<double>(size)));
    return root(sum(squares) / T(system_->sum(static_cast<double>(size))));
  }
  /// Root mean square of x_d / (atol + rtol |y_d|).
  [[nodiscard]] T weighted_rms(Numbers<T> const& x, Numbers<T> const& y) const {
    T squares(0.0);
    for (std::size_t d = 0; d < x.size(); ++d) {
      T const scaled = x[d] / weight(magnitude(y[d]));
      squares += scaled * scaled;
    }
    return root(sum(squares) / T(system_->sum(static_cast<double>(x.size()))));
  }
  /// Hairer, Norsett & Wanner (1993), Sec. II.4.
  [[nodiscard]] T first_step(Numbers<T> const& y) {
    if (control_->initial_step > 0.0) return T(std::min(control_->initial_step, span_));
    T const t0(system_->t0);
    Numbers<T> f0(y.size()), f1(y.size()), u = y;
    system_->rhs(t0, y, *p_, f0);
    T const d0 = weighted_rms(y, y), d1 = weighted_rms(f0, y);
    bool const vanish = value_of(d0) < 1e-5 || value_of(d1) < 1e-5;
    T const h_a = vanish ? T(1e-6) : T(0.01) * d0 / d1;
    for (std::size_t d = 0; d < y.size(); ++d) u[d] += T(direction_) * h_a * f0[d];
    system_->rhs(t0 + T(direction_) * h_a, u, *p_, f1);
    for (std::size_t d = 0; d < y.size(); ++d) f1[d] -= f0[d];
    T const steepest = larger(d1, weighted_rms(f1, y) / h_a);
    T const h_b = value_of(steepest) <= 1e-15 ? larger(T(1e-6), T(1e-3) * h_a)
                                              : power(T(0.01) / steepest, tab_->controller_exponent);
    return smaller(smaller(T(100.0) * h_a, h_b), T(span_));
  }
  /// (0.4) of docs/methods.md, or with memory as in ControllerGains, clipped.
  [[nodiscard]] Factor step_factor(T const& error, bool accepted, bool after_rejection, T const& size) const {
    StepSizeRule const& rule = control_->rule;
    if (!std::isfinite(value_of(error))) return {T(rule.shrink_limit), true};
    bool const held = after_rejection && rule.no_growth_after_rejection;
    double const lower = accepted ? rule.accepted_shrink_limit : rule.shrink_limit,
                 upper = accepted && !held ? rule.growth_limit : 1.0;
    T const ideal = accepted && rule.gains.remember() ? remembering_factor(error, size)
                                                      : T(rule.safety) * power(error, -tab_->controller_exponent);
    if (value_of(ideal) < lower) return {T(lower), true};
    if (value_of(ideal) > upper) return {T(upper), true};
    return {control_->detached_factor ? T(value_of(ideal)) : ideal, false};
  }
  [[nodiscard]] T remembering_factor(T const& error, T const& size) const {
    ControllerGains const& gains = control_->rule.gains;
    double const by = -tab_->controller_exponent;
    T factor = T(control_->rule.safety) * power(error, gains.error * by);
    factor *= power(error_1_, gains.error_1 * by) * power(error_2_, gains.error_2 * by);
    if (sizes_ > 0) factor *= power(size / size_1_, -gains.ratio);
    if (sizes_ > 1) factor *= power(size_1_ / size_2_, -gains.ratio_1);
    return factor;
  }
  void remember(T const& error, T const& size) {
    error_2_ = std::exchange(error_1_, larger(error, T(control_->rule.least_remembered_error)));
    size_2_ = std::exchange(size_1_, size);
    ++sizes_;
  }

  Tableau const* tab_;
  System const* system_;
  StepControl const* control_;
  Numbers<T> const* p_;
  double direction_, span_;
  std::vector<Numbers<T>> k_{};
  T error_1_{1.0}, error_2_{1.0}, size_1_{0.0}, size_2_{0.0};
  int sizes_ = 0;
};

}  // namespace retrace::witness
