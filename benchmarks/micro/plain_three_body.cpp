// One ACA gradient of three_body written as a plain loop for this one problem, scheme and loss, with no layer of this
// project in between: what the suite's own gradient is measured against. The same arithmetic: Dormand-Prince 5(4), the
// controller of HNW II.4, checkpoints of accepted (t, h, y), replay and reverse of each step.
#include "benchmarks/micro/plain_three_body.hpp"

#include "problems/three_body.hpp"
#include "solvers/tableaus/dormand_prince54.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace retrace::micro {

namespace {

constexpr int n = 18;
using Tab = DormandPrince54;

struct Checkpoint {
  double t, h, y[n];
};

void rhs(double const* y, double const* m, double* f) {
  for (int d = 0; d < 9; ++d) {
    f[d] = ThreeBody::k2 * y[9 + d];
    f[9 + d] = 0.0;
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = i + 1; j < 3; ++j) {
      double const x = y[3 * j] - y[3 * i], yy = y[3 * j + 1] - y[3 * i + 1], z = y[3 * j + 2] - y[3 * i + 2];
      double const square = x * x + yy * yy + z * z, pull = ThreeBody::k1 / square / std::sqrt(square);
      double const r[3] = {x, yy, z};
      for (int d = 0; d < 3; ++d) {
        f[9 + 3 * i + d] += m[j] * pull * r[d];
        f[9 + 3 * j + d] -= m[i] * pull * r[d];
      }
    }
  }
}

void vjp(double const* y, double const* m, double const* w, double* y_bar, double* m_bar) {
  for (int d = 0; d < 9; ++d) {
    y_bar[d] = 0.0;
    y_bar[9 + d] = ThreeBody::k2 * w[d];
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = i + 1; j < 3; ++j) {
      double r[3], u[3], square = 0.0, along = 0.0;
      for (int d = 0; d < 3; ++d) {
        r[d] = y[3 * j + d] - y[3 * i + d];
        square += r[d] * r[d];
      }
      double const inverse = 1.0 / square, pull = ThreeBody::k1 * inverse / std::sqrt(square);
      for (int d = 0; d < 3; ++d) {
        double const wi = w[9 + 3 * i + d], wj = w[9 + 3 * j + d];
        m_bar[j] += pull * r[d] * wi;
        m_bar[i] -= pull * r[d] * wj;
        u[d] = m[j] * wi - m[i] * wj;
        along += r[d] * u[d];
      }
      for (int d = 0; d < 3; ++d) {
        double const r_bar = pull * (u[d] - 3.0 * along * inverse * r[d]);
        y_bar[3 * j + d] += r_bar;
        y_bar[3 * i + d] -= r_bar;
      }
    }
  }
}

/// u = y + h sum_{j < i} a_ij k_j
void stage(int i, double h, double const* y, double const (*k)[n], double* u) {
  for (int d = 0; d < n; ++d) {
    double sum = 0.0;
    for (int j = 0; j < i; ++j) sum += Tab::a[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] * k[j][d];
    u[d] = y[d] + h * sum;
  }
}

double weighted_rms(double tolerance, double const* x, double const* y) {
  double sum = 0.0;
  for (int d = 0; d < n; ++d) {
    double const scaled = x[d] / (tolerance + tolerance * std::abs(y[d]));
    sum += scaled * scaled;
  }
  return std::sqrt(sum / n);
}

double first_step(double tolerance, double const* y, double const* m, double const* f0) {
  double const d0 = weighted_rms(tolerance, y, y), d1 = weighted_rms(tolerance, f0, y), h_a = 0.01 * d0 / d1;
  double u[n], f1[n];
  for (int d = 0; d < n; ++d) u[d] = y[d] + h_a * f0[d];
  rhs(u, m, f1);
  for (int d = 0; d < n; ++d) f1[d] -= f0[d];
  double const d2 = weighted_rms(tolerance, f1, y) / h_a;
  return std::min({100.0 * h_a, std::pow(0.01 / std::max(d1, d2), 0.2), 1.0});
}

void forward(double tolerance, double const* m, double* y, std::vector<Checkpoint>& checkpoints) {
  double k[7][n], u[n], t = 0.0;
  rhs(y, m, k[0]);
  double proposed = first_step(tolerance, y, m, k[0]);
  bool after_rejection = false;
  while (t < 1.0) {
    bool const clipped = proposed >= 1.0 - t;
    double const h = clipped ? 1.0 - t : proposed;
    for (int i = 1; i < 7; ++i) {
      stage(i, h, y, k, u);
      rhs(u, m, k[i]);
    }
    double sum = 0.0;
    for (int d = 0; d < n; ++d) {
      double e = 0.0;
      for (std::size_t j = 0; j < 7; ++j) e += (Tab::b[j] - Tab::b_hat[j]) * k[j][d];
      double const scaled = h * e / (tolerance + tolerance * std::max(std::abs(y[d]), std::abs(u[d])));
      sum += scaled * scaled;
    }
    double const error = std::sqrt(sum / n), most = error > 1.0 || after_rejection ? 1.0 : 10.0;
    proposed = h * std::clamp(0.9 * std::pow(error, -0.2), 0.2, most);
    after_rejection = error > 1.0;
    if (after_rejection) continue;
    Checkpoint& kept = checkpoints.emplace_back(Checkpoint{t, h, {}});
    std::copy_n(y, n, kept.y);
    t = clipped ? 1.0 : t + h;
    std::copy_n(u, n, y);
    std::copy_n(k[6], n, k[0]);
  }
}

void reverse(Checkpoint const& at, double const* m, double* lambda, double* m_bar) {
  double k[6][n], u[6][n], u_bar[6][n], w[n];
  std::copy_n(at.y, n, u[0]);
  for (int i = 0; i < 5; ++i) {
    rhs(u[i], m, k[i]);
    stage(i + 1, at.h, at.y, k, u[i + 1]);
  }
  for (int i = 5; i >= 0; --i) {
    for (int d = 0; d < n; ++d) {
      double sum = Tab::b[static_cast<std::size_t>(i)] * lambda[d];
      for (int j = i + 1; j < 6; ++j)
        sum += Tab::a[static_cast<std::size_t>(j)][static_cast<std::size_t>(i)] * u_bar[j][d];
      w[d] = at.h * sum;
    }
    vjp(u[i], m, w, u_bar[i], m_bar);
  }
  for (auto const& bar : u_bar)
    for (int d = 0; d < n; ++d) lambda[d] += bar[d];
}

}  // namespace

PlainGradient plain_three_body_gradient(double tolerance) {
  ThreeBody const problem(Arguments::defaults(ThreeBody::arguments()));
  auto y = problem.initial_state(0);
  auto const m = problem.parameter_values(0);
  static std::vector<Checkpoint> checkpoints;  // as a driver keeps its arena
  checkpoints.clear();
  forward(tolerance, m.data, y.data, checkpoints);

  PlainGradient gradient{};
  for (int d = 0; d < n; ++d) gradient.dloss_dy0[d] = y[d] / 9.0;
  for (std::size_t i = checkpoints.size(); i-- > 0;)
    reverse(checkpoints[i], m.data, gradient.dloss_dy0.data, gradient.dloss_dp.data);
  gradient.steps = static_cast<std::int64_t>(checkpoints.size());
  return gradient;
}

}  // namespace retrace::micro
