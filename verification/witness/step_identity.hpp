#pragma once

#include "gradients/step_adjoint.hpp"
#include "verification/witness/dot_products.hpp"
#include "verification/witness/shaken.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace retrace::witness {

/// lambda_1 . dy_1 = lambda_0 . dy_0 + p_bar . dp for the reverse of single steps (`replay_stages` and `reverse_step`,
/// in the precision that is judged), against the tangent of the same step in plain loops of duals. Random lambda_1, so
/// that a step is judged alone and all directions are seen.
template <class Precision, class System>
class StepIdentity {
 public:
  using T = typename Precision::State;
  using S = typename Precision::Time;
  using Model = typename System::template Model<T, S>;
  static constexpr double u = std::is_same_v<T, double> ? limits::double_round_off : limits::single_round_off;

  StepIdentity(System const& system, Tableau const& tab)
      : system_(&system),
        tab_(&tab),
        p_(converted<T>(system.p)),
        model_(system.template model<T, S>(p_)),
        k_(model_.make_stages("retrace::witness::k", tab.stages)),
        work_(model_, tab.last_used_stage, tab.last_used_stage - 1),
        y_(model_.make_state("retrace::witness::y")),
        lambda_(model_.make_state("retrace::witness::lambda")),
        p_bar_(model_.make_parameters("retrace::witness::p_bar")) {}

  /// Of step number `n` (from 1), which begins at `y`.
  [[nodiscard]] IdentityDefect defect(std::vector<double> const& y, StepSpan<double> const& span, std::int64_t n) {
    auto const seed = static_cast<std::uint64_t>(16 * n);
    Numbers<T> const start = converted<T>(y);
    std::vector<double> const y0(start.begin(), start.end()), p0(p_.begin(), p_.end());
    Numbers<T> lambda_1(y0.size());
    std::vector<double> v(y0.size()), v_p(p0.size());
    for (std::size_t d = 0; d < v.size(); ++d) {
      v[d] = random_number(seed, entry(d));
      lambda_1[d] = static_cast<T>(random_number(seed + 2, entry(d)));
    }
    for (std::size_t j = 0; j < v_p.size(); ++j) v_p[j] = random_number(seed + 1, static_cast<std::int64_t>(j));

    reverse(start, lambda_1, span);
    std::vector<double> const lambda_0 = system_->state_values(model_, lambda_),
                              p_bar = system_->parameter_values(model_, p_bar_);
    std::array<double, 2> const backward{product(*system_, lambda_0, v).value, product(*system_, p_bar, v_p).value};

    std::vector<double> const seed_of_step(lambda_1.begin(), lambda_1.end());
    auto const forward = tangents(y0, p0, v, v_p, span, seed_of_step, {});
    std::array<double, 2> moved{};
    auto const shake = [&](std::uint64_t run) {
      auto const shaken = tangents(y0, p0, v, v_p, span, seed_of_step,
                                   {.round_off = u,
                                    .operations_per_component = system_->operations_per_component(),
                                    .seed = seed + 1000 * (run + 1),
                                    .first_entry = system_->first_entry()});
      for (std::size_t b = 0; b < 2; ++b) moved[b] = std::max(moved[b], std::abs(shaken[b].value - forward[b].value));
    };
    std::uint64_t runs = 3;
    for (std::uint64_t run = 0; run < runs; ++run) shake(run);
    double const operations = tab_->last_used_stage * (system_->operations.rhs + system_->operations.vjp);
    auto const rounding = [&](std::size_t b) { return moved[b] + u * std::sqrt(1.0 + operations) * forward[b].size; };
    auto const error = [&](std::size_t b) { return std::abs(forward[b].value - backward[b]); };
    // Three runs that moved by little, all of them, by accident: among some hundred thousand steps there are such.
    constexpr std::uint64_t runs_before_a_verdict = 32;
    for (std::size_t b = 0; b < 2; ++b)
      for (; error(b) > limits::deviations_of_identity * rounding(b) && runs < runs_before_a_verdict; ++runs)
        shake(runs);
    IdentityDefect worst;
    constexpr std::array<char const*, 2> blocks{"y", "p"};
    for (std::size_t b = 0; b < 2; ++b) {
      worst.keep_worse({.error = error(b),
                        .bound = limits::deviations_of_identity * rounding(b),
                        .size = forward[b].size,
                        .where = fmt::format("gradient in {} of step {} (t = {:.6g}, h = {:.3g}) of {}", blocks[b], n,
                                             span.t, span.h, system_->name()),
                        .compared = 1});
    }
    if (worst.error > worst.bound) worst.where += worst_stage(y0, p0, v, seed_of_step, span);
    return worst;
  }

 private:
  [[nodiscard]] std::int64_t entry(std::size_t d) const {
    return system_->first_entry() + static_cast<std::int64_t>(d);
  }

  void reverse(Numbers<T> const& y, Numbers<T> const& lambda_1, StepSpan<double> const& of) {
    StepSpan<S> const span{static_cast<S>(of.t), static_cast<S>(of.h), static_cast<S>(of.t_next)};
    system_->set_state(model_, y, y_);
    system_->set_state(model_, lambda_1, lambda_);
    system_->clear(model_, p_bar_);
    replay_stages(*tab_, tab_->last_used_stage, model_, span, y_, k_, work_);
    reverse_step(*tab_, tab_->last_used_stage, model_, span, lambda_, p_bar_, work_);
  }

  /// lambda_1 . dy_1 for dy_0 = v, dp = 0, and for dy_0 = 0, dp = v_p.
  [[nodiscard]] std::array<Product, 2> tangents(std::vector<double> const& y0, std::vector<double> const& p0,
                                                std::vector<double> const& v, std::vector<double> const& v_p,
                                                StepSpan<double> const& span, std::vector<double> const& lambda_1,
                                                Shaking const& shaking) const {
    using Tangents = Dual<double, 2>;
    Numbers<Tangents> y(y0.size()), p(p0.size());
    for (std::size_t d = 0; d < y.size(); ++d) {
      y[d] = Tangents(y0[d]);
      y[d].tangent[0] = v[d];
    }
    for (std::size_t j = 0; j < p.size(); ++j) {
      p[j] = Tangents(p0[j]);
      p[j].tangent[1] = v_p[j];
    }
    std::vector<Numbers<Tangents>> k;
    plain_step(*tab_, ShakenSystem<System>(*system_, shaking), span, p, y, k);
    std::array<Product, 2> products{};
    for (int b = 0; b < 2; ++b) {
      std::vector<double> along(y.size());
      for (std::size_t d = 0; d < along.size(); ++d) along[d] = y[d].tangent[b];
      products[static_cast<std::size_t>(b)] = product(*system_, lambda_1, along);
    }
    return products;
  }

  /// Of the stages, as the reverse has left them, the one whose U_bar_i . v differs most from K_bar_i . f_y v, with
  /// K_bar_i = h (b_i lambda_1 + sum_{j>i} a_ji U_bar_j), Eq. (1.1) of docs/methods.md. In words, to be appended.
  [[nodiscard]] std::string worst_stage(std::vector<double> const& y0, std::vector<double> const& p0,
                                        std::vector<double> const& v, std::vector<double> const& lambda_1,
                                        StepSpan<double> const& span) const {
    auto const used = static_cast<std::size_t>(tab_->last_used_stage);
    std::vector<std::vector<double>> u_bar(used);
    for (std::size_t i = 0; i < used; ++i) u_bar[i] = system_->state_values(model_, work_.argument_bar[i]);
    using Tangent = Dual<double, 1>;
    Numbers<Tangent> const p = converted<Tangent>(p0);
    std::vector<Numbers<double>> k(used);
    Numbers<double> const p_plain = p0;
    double most = 0.0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < used; ++i) {
      Numbers<double> argument = y0;
      for (std::size_t j = 0; j < i; ++j)
        for (std::size_t d = 0; d < argument.size(); ++d) argument[d] += span.h * tab_->a[i][j] * k[j][d];
      double const t = span.t + tab_->c[i] * span.h;
      system_->rhs(t, argument, p_plain, k[i]);
      Numbers<Tangent> u_i(argument.size()), f;
      for (std::size_t d = 0; d < u_i.size(); ++d) {
        u_i[d] = Tangent(argument[d]);
        u_i[d].tangent[0] = v[d];
      }
      system_->rhs(Tangent(t), u_i, p, f);
      std::vector<double> k_bar(argument.size()), f_v(argument.size());
      for (std::size_t d = 0; d < k_bar.size(); ++d) {
        k_bar[d] = span.h * tab_->b[i] * lambda_1[d];
        for (std::size_t j = i + 1; j < used; ++j) k_bar[d] += span.h * tab_->a[j][i] * u_bar[j][d];
        f_v[d] = f[d].tangent[0];
      }
      Product const forward = product(*system_, k_bar, f_v);
      double const error = std::abs(product(*system_, u_bar[i], v).value - forward.value);
      double const scale = forward.size > 0.0 ? forward.size : 1.0;
      if (error / scale > most) {
        most = error / scale;
        at = i + 1;
      }
    }
    constexpr double beyond_rounding = 1e3 * u;
    if (!(most > beyond_rounding)) return ": no single stage, but their sum";
    return fmt::format(", stage {}: its adjoint is off by {:.2g} of its terms", at, most);
  }

  System const* system_;
  Tableau const* tab_;
  Numbers<T> p_;
  Model model_;
  typename Model::Stages k_;
  StepAdjointWorkspace<Model> work_;
  typename Model::State y_, lambda_;
  typename Model::Parameters p_bar_;
};

/// The worst of some steps, spread over the solution, the first and the last among them.
template <class Precision, class System>
[[nodiscard]] IdentityDefect step_defect(System const& system, Tableau const& tab,
                                         std::vector<StepSpan<double>> const& steps, std::int64_t at_most) {
  StepIdentity<Precision, System> identity(system, tab);
  IdentityDefect worst;
  auto const n = static_cast<std::int64_t>(steps.size()), count = std::min(n, at_most);
  Numbers<double> y = system.y0;
  Numbers<double> const& p = system.p;
  std::vector<Numbers<double>> k;
  std::int64_t chosen = 0;
  for (std::int64_t i = 0; i < n && chosen < count; ++i) {
    StepSpan<double> const& span = steps[static_cast<std::size_t>(i)];
    bool const wanted = count < 2 || i == chosen * (n - 1) / (count - 1);
    if (wanted) {
      worst.keep_worse(identity.defect(y, span, i + 1));
      ++chosen;
    }
    plain_step(tab, system, span, p, y, k);
  }
  return worst;
}

}  // namespace retrace::witness
