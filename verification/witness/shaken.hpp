#pragma once

#include "core/dual.hpp"
#include "verification/witness/plain_replay.hpp"
#include "verification/witness/random_signs.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace retrace::witness {

/// Rounding errors as random numbers, so that their effect can be measured: Monte Carlo arithmetic in the manner of
/// Parker (1997), at each evaluation of f and at the end of each step. The arguments y and t of f are off by a unit
/// round-off u of their own rounding, its result by u times the root of the number of operations that a component
/// takes, the state that a step leaves, and each of its tangents, by u; with random signs.
struct Shaking {
  double round_off = 0.0;  ///< u; 0: nothing is shaken
  double operations_per_component = 0.0;
  std::uint64_t seed = 0;
  std::int64_t first_entry = 0;
  /// The signs at the ends of steps are drawn once and not for each step: where equal terms are added again and again,
  /// so that each addition rounds the same way, errors grow with the number of steps and not with its root.
  bool drift = false;

  [[nodiscard]] double of_argument(std::uint64_t call, std::int64_t entry) const {
    return 1.0 + round_off * random_sign(seed + 2 * call, first_entry + entry);
  }
  [[nodiscard]] double of_result(std::uint64_t call, std::int64_t entry) const {
    return 1.0 + round_off * std::sqrt(1.0 + operations_per_component) *
                     random_sign(seed + 2 * call + 1, first_entry + entry);
  }
  /// Of the value (part 0) or of a tangent of a number of the state at the end of step `step`.
  [[nodiscard]] double of_state(std::uint64_t step, std::int64_t entry, int part) const {
    constexpr std::uint64_t apart = 1U << 30U;  // from the seeds of calls
    std::uint64_t const draw = apart + 16U * (drift ? 0U : step) + static_cast<std::uint64_t>(part);
    return 1.0 + round_off * random_sign(seed + draw, first_entry + entry);
  }
  void shake_state(double& x, std::uint64_t step, std::int64_t entry) const { x *= of_state(step, entry, 0); }
  template <class T, int N>
  void shake_state(Dual<T, N>& x, std::uint64_t step, std::int64_t entry) const {
    x.value *= static_cast<T>(of_state(step, entry, 0));
    for (int k = 0; k < N; ++k) x.tangent[k] *= static_cast<T>(of_state(step, entry, k + 1));
  }
};

/// A system whose f and whose steps are shaken; for `plain_step` and `plain_replay`.
template <class System>
class ShakenSystem {
 public:
  ShakenSystem(System const& system, Shaking const& shaking) : system_(&system), shaking_(shaking) {}

  template <class T>
  void rhs(T const& t, Numbers<T> const& y, Numbers<T> const& p, Numbers<T>& dydt) const {
    Numbers<T> argument = y;
    for (std::size_t d = 0; d < y.size(); ++d)
      argument[d] *= T(shaking_.of_argument(calls_, static_cast<std::int64_t>(d)));
    constexpr std::int64_t of_time = -1;
    system_->rhs(t * T(shaking_.of_argument(calls_, of_time - shaking_.first_entry)), argument, p, dydt);
    for (std::size_t d = 0; d < y.size(); ++d) dydt[d] *= T(shaking_.of_result(calls_, static_cast<std::int64_t>(d)));
    ++calls_;
  }
  /// The state that a step has left.
  template <class T>
  void end_of_step(Numbers<T>& y) const {
    for (std::size_t d = 0; d < y.size(); ++d) shaking_.shake_state(y[d], steps_, static_cast<std::int64_t>(d));
    ++steps_;
  }

 private:
  System const* system_;
  Shaking shaking_;
  mutable std::uint64_t calls_ = 0, steps_ = 0;
};

/// A model whose f is shaken, and whose new states are; for the solver itself.
template <class Base>
class ShakenModel : public Base {
 public:
  using typename Base::State;
  using S = typename Base::Time;
  using T = typename Base::Scalar;

  ShakenModel(Base base, Shaking const& shaking) : Base(std::move(base)), shaking_(shaking) {}

  void rhs(S const& t, State const& y, State& dydt) const {
    if (shaking_.round_off == 0.0) return Base::rhs(t, y, dydt);
    State argument = Base::make_state("retrace::witness::argument");
    auto const size = size_of(y);
    for (std::int64_t d = 0; d < size; ++d) at(argument, d) = at(y, d) * T(shaking_.of_argument(calls_, d));
    Base::rhs(t, argument, dydt);
    for (std::int64_t d = 0; d < size; ++d) at(dydt, d) *= T(shaking_.of_result(calls_, d));
    ++calls_;
  }
  /// As the solver takes over what an accepted step has left: the new state, and f there if the next step begins with
  /// it.
  template <class Mask>
  void take_where(Mask const& where, State& to, State& from) const {
    Base::take_where(where, to, from);
    if (shaking_.round_off == 0.0 || !where) return;
    auto const size = size_of(to);
    for (std::int64_t d = 0; d < size; ++d) shaking_.shake_state(at(to, d), steps_, d);
    ++steps_;
  }

 private:
  template <class Number, int N>
  [[nodiscard]] static std::int64_t size_of(Vec<Number, N> const&) {
    return N;
  }
  template <class View>
  [[nodiscard]] static std::int64_t size_of(View const& y) {
    return static_cast<std::int64_t>(y.size());
  }
  template <class Number, int N>
  [[nodiscard]] static Number& at(Vec<Number, N>& y, std::int64_t d) {
    return y[static_cast<int>(d)];
  }
  template <class Number, int N>
  [[nodiscard]] static Number const& at(Vec<Number, N> const& y, std::int64_t d) {
    return y[static_cast<int>(d)];
  }
  template <class View>
  [[nodiscard]] static auto& at(View const& y, std::int64_t d) {
    return y(static_cast<std::size_t>(d));
  }

  Shaking shaking_;
  mutable std::uint64_t calls_ = 0, steps_ = 0;
};

}  // namespace retrace::witness
