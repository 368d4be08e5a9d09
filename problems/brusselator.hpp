#pragma once

#include "problems/field_problem.hpp"
#include "problems/uniform.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace retrace {

/// The Brusselator with diffusion on the periodic unit square, Prigogine & Lefever (1968), by the method of lines:
///   u' = A + u^2 v - (B + 1) u + D lap u,   v' = B u - u^2 v + D lap v,   p = (A, B, D),
/// with the five-point Laplacian on m x m cells; its fastest mode decays at the rate 8 D m^2, 330 as it stands. State
/// of a sample: u [row][column], then v. L is the mean of (u^2 + v^2)/2 over sensors, every eighth cell in either
/// direction, and over samples: a loss at points, whose gradient has all modes of the grid.
///
/// The start is u = 1 + 1/2 sin(2 pi x) sin(2 pi y), v = 3.4 + 1/2 cos(2 pi x) cos(2 pi y), sample i moved by i/10
/// along x, each number times 1 + `roughness` xi with xi of [-1, 1) by a formula. Without roughness no mode of the grid
/// is in the solution, so that an explicit solver passes its limit of stability and neither the error estimate nor L
/// shows it; dL/dy0 does, see the check adjoint_growth.
class Brusselator {
 public:
  static constexpr std::string_view name = "brusselator", family = "reaction-diffusion";
  static constexpr std::string_view summary =
      "2-D Brusselator on a periodic grid, L = mean of (u^2 + v^2)/2 at sensors; a smooth start hides stiffness";

  double t0 = 0.0, t1;

  [[nodiscard]] static std::vector<Argument> arguments() {
    return {{.name = "grid",
             .kind = Argument::Kind::integer,
             .default_number = 64,
             .minimum = 3,
             .maximum = 4096,
             .description = "cells in either direction"},
            {.name = "n",
             .kind = Argument::Kind::integer,
             .default_number = 1,
             .minimum = 1,
             .maximum = 1e6,
             .description = "samples, each with a start of its own"},
            {.name = "roughness",
             .default_number = 0.0,
             .minimum = 0.0,
             .maximum = 0.5,
             .description = "share by which the numbers of the start are off at random; 0: smooth"},
            {.name = "A", .default_number = 1.0, .description = "inflow, a parameter"},
            {.name = "B", .default_number = 3.4, .description = "rate of u to v, a parameter"},
            {.name = "diffusion", .default_number = 0.01, .minimum = 0.0, .description = "D, a parameter"},
            end_time_argument(1.0)};
  }

  explicit Brusselator(Arguments const& a)
      : t1(a.number("T")),
        grid_(a.integer("grid")),
        samples_(a.integer("n")),
        roughness_(a.number("roughness")),
        values_{a.number("A"), a.number("B"), a.number("diffusion")} {}

  [[nodiscard]] std::int64_t samples() const { return samples_; }
  [[nodiscard]] std::int64_t sample_size() const { return 2 * cells(); }
  [[nodiscard]] std::int64_t block_size() const { return 1; }
  [[nodiscard]] std::int64_t parameters() const { return 3; }
  [[nodiscard]] std::int64_t kept_size(std::int64_t samples) const { return samples * sample_size(); }
  [[nodiscard]] std::int64_t scratch_size(std::int64_t) const { return 0; }
  /// Floating-point operations of all samples, counted along the formulas of `rhs` and `vjp`.
  [[nodiscard]] double rhs_operations() const { return 21.0 * static_cast<double>(samples_ * cells()); }
  [[nodiscard]] double vjp_operations() const { return 41.0 * static_cast<double>(samples_ * cells()); }

  void initial_state(std::int64_t sample, std::span<double> y) const {
    auto const m = static_cast<std::size_t>(grid_), of_v = m * m;
    double const width = 1.0 / static_cast<double>(grid_);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        double const x = 2.0 * std::numbers::pi * (static_cast<double>(i) * width + 0.1 * static_cast<double>(sample)),
                     z = 2.0 * std::numbers::pi * static_cast<double>(j) * width;
        y[i * m + j] = 1.0 + 0.5 * std::sin(x) * std::sin(z);
        y[of_v + i * m + j] = 3.4 + 0.5 * std::cos(x) * std::cos(z);
      }
    }
    std::uint64_t const first = static_cast<std::uint64_t>(sample) * y.size();
    for (std::size_t d = 0; d < y.size(); ++d) y[d] *= 1.0 + roughness_ * symmetric_uniform(first + d);
  }
  void parameter_values(std::span<double> p) const { std::ranges::copy(values_, p.begin()); }

  template <class T>
  void rhs(std::int64_t samples, T const* y, T const* p, T* dydt, T* kept, T*) const {
    keep(samples, y, p, kept);
    T const inflow = p[0], rate = p[1], both = p[1] + T(1.0), diffusion = p[2] * per_square<T>();
    for (std::int64_t s = 0; s < samples; ++s) {
      T const *const u = y + s * sample_size(), *const v = u + cells();
      T *const du = dydt + s * sample_size(), *const dv = du + cells();
      each_cell([&](Neighbours const& at) {
        T const reaction = u[at.here] * u[at.here] * v[at.here];
        du[at.here] = inflow + reaction - both * u[at.here] + diffusion * differences(u, at);
        dv[at.here] = rate * u[at.here] - reaction + diffusion * differences(v, at);
      });
    }
  }

  template <class T>
  void keep(std::int64_t samples, T const* y, T const*, T* kept) const {
    std::copy_n(y, samples * sample_size(), kept);
  }

  template <class T>
  void vjp(std::int64_t samples, T const* p, T const* w, T* y_bar, T* p_bar, T const* kept, T*) const {
    T const rate = p[1], both = p[1] + T(1.0), diffusion = p[2] * per_square<T>();
    for (std::int64_t s = 0; s < samples; ++s) {
      T const *const u = kept + s * sample_size(), *const v = u + cells();
      T const *const a = w + s * sample_size(), *const b = a + cells();
      T *const u_bar = y_bar + s * sample_size(), *const v_bar = u_bar + cells();
      T of_inflow(0.0), of_rate(0.0), of_diffusion(0.0);  // of one row, so that a long sum is one of short ones
      each_cell(
          [&](Neighbours const& at) {
            T const apart = a[at.here] - b[at.here];
            u_bar[at.here] = apart * (T(2.0) * u[at.here] * v[at.here]) - both * a[at.here] + rate * b[at.here] +
                             diffusion * differences(a, at);
            v_bar[at.here] = apart * (u[at.here] * u[at.here]) + diffusion * differences(b, at);
            of_inflow += a[at.here];
            of_rate -= apart * u[at.here];
            of_diffusion += a[at.here] * differences(u, at) + b[at.here] * differences(v, at);
          },
          [&] {
            p_bar[0] += of_inflow;
            p_bar[1] += of_rate;
            p_bar[2] += of_diffusion * per_square<T>();
            of_inflow = of_rate = of_diffusion = T(0.0);
          });
    }
  }

  /// Added up in double for floats too.
  template <class T>
  [[nodiscard]] auto loss(std::int64_t samples, T const* y) const {
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double, T>;
    Sum sum(0.0);
    each_sensor(samples, [&](std::int64_t i) {
      Sum const x(y[i]);
      sum += x * x;
    });
    return sum * Sum(0.5 * weight());
  }
  template <class T>
  void loss_gradient(std::int64_t samples, T const* y, T* gradient) const {
    std::fill_n(gradient, samples * sample_size(), T(0.0));
    each_sensor(samples, [&](std::int64_t i) { gradient[i] = static_cast<T>(weight()) * y[i]; });
  }

 private:
  static constexpr std::int64_t sensor_distance = 8;

  struct Neighbours {
    std::int64_t here, above, below, left, right;
  };

  [[nodiscard]] std::int64_t cells() const { return grid_ * grid_; }
  /// 1 / (width of a cell)^2.
  template <class T>
  [[nodiscard]] T per_square() const {
    return T(static_cast<double>(cells()));
  }
  template <class T>
  [[nodiscard]] static T differences(T const* x, Neighbours const& at) {
    return (x[at.above] + x[at.below]) + (x[at.left] + x[at.right]) - T(4.0) * x[at.here];
  }
  /// body(neighbours) for all cells, row by row, and end_of_row() after each row.
  template <class Body, class EndOfRow>
  void each_cell(Body const& body, EndOfRow const& end_of_row) const {
    std::int64_t const m = grid_, last = m - 1;
    for (std::int64_t i = 0; i < m; ++i) {
      std::int64_t const row = i * m, above = (i > 0 ? i - 1 : last) * m, below = (i < last ? i + 1 : 0) * m;
      body(Neighbours{row, above, below, row + last, row + 1});
      for (std::int64_t j = 1; j < last; ++j) body(Neighbours{row + j, above + j, below + j, row + j - 1, row + j + 1});
      body(Neighbours{row + last, above + last, below + last, row + last - 1, row});
      end_of_row();
    }
  }
  template <class Body>
  void each_cell(Body const& body) const {
    each_cell(body, [] {});
  }
  /// body(index) for the numbers that a sensor reads, u and v.
  template <class Body>
  void each_sensor(std::int64_t samples, Body const& body) const {
    for (std::int64_t part = 0; part < 2 * samples; ++part)
      for (std::int64_t i = 0; i < grid_; i += sensor_distance)
        for (std::int64_t j = 0; j < grid_; j += sensor_distance) body(part * cells() + i * grid_ + j);
  }
  /// Of one sensor.
  [[nodiscard]] double weight() const {
    std::int64_t const along = (grid_ + sensor_distance - 1) / sensor_distance;
    return 1.0 / static_cast<double>(along * along * samples_);
  }

  std::int64_t grid_, samples_;
  double roughness_;
  double values_[3];
};
static_assert(FieldProblem<Brusselator>);

}  // namespace retrace
