#pragma once

#include "core/counted.hpp"
#include "core/error.hpp"
#include "problems/arguments.hpp"
#include "problems/uniform.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// A neural ODE as data, without the products: dy/dt = W_l tanh(… tanh(W_1 y + b_1) …) + b_l for each sample of a
/// batch; L = 1/(2 n) sum |y(T)|^2. Weights by a formula, so that every machine has the same net: entry number i of the
/// parameters (layer by layer, W column-major, then b) is 2 u(i) - 1 times gain * sqrt(3 / fan-in) for W and 0.1 for b,
/// with u the 53 top bits of splitmix64(i + 1); initial entries are 2 u - 1 with the counter starting at 2^40.
/// With `contraction` c > 0, for widths d, h, d, W_2 = -c W_1^T: the flow descends sum_j log cosh(...), its Jacobian is
/// symmetric and negative, and the reverse-time system of the continuous adjoint is unstable.
class NeuralNet {
 public:
  static constexpr std::string_view name = "neural_mlp", family = "neural";
  static constexpr std::string_view summary = "tanh MLP neural ODE on a batch, L = |y(T)|^2 / (2 n); widths by config";

  double t0 = 0.0, t1;

  [[nodiscard]] static std::vector<Argument> arguments() {
    return {{.name = "widths",
             .kind = Argument::Kind::integer_list,
             .default_list = {8, 32, 8},
             .minimum = 1,
             .maximum = 65536,
             .description = "layer widths from input to output; first and last are equal"},
            {.name = "n",
             .kind = Argument::Kind::integer,
             .default_number = 64,
             .minimum = 1,
             .maximum = 1e9,
             .description = "batch size"},
            {.name = "block",
             .kind = Argument::Kind::integer,
             .default_number = 0,
             .minimum = 0,
             .maximum = 1e6,
             .description = "samples per block, the unit of work and distribution; 0 takes about n/8, from 16 to 128"},
            {.name = "gain",
             .default_number = 1.5,
             .minimum = 0.0,
             .maximum = 100.0,
             .description = "scale of the weights"},
            {.name = "contraction",
             .default_number = 0.0,
             .minimum = 0.0,
             .maximum = 100.0,
             .description = "c > 0, for widths d, h, d: W_2 = -c W_1^T, so that the flow contracts"},
            end_time_argument(1.0)};
  }

  explicit NeuralNet(Arguments const& a)
      : t1(a.number("T")),
        widths_(a.list("widths")),
        samples_(a.integer("n")),
        block_(a.integer("block") > 0 ? a.integer("block") : block_for(a.integer("n"))),
        gain_(a.number("gain")),
        contraction_(a.number("contraction")) {
    if (widths_.size() < 2 || widths_.front() != widths_.back())
      throw UsageError("neural_mlp: widths need at least two entries, the first equal to the last");
    if (contraction_ > 0.0 && widths_.size() != 3)
      throw UsageError("neural_mlp: 'contraction' needs three widths d, h, d; there are " +
                       std::to_string(widths_.size()));
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l) parameters_ += widths_[l + 1] * (widths_[l] + 1);
  }

  [[nodiscard]] std::int64_t samples() const { return samples_; }
  [[nodiscard]] std::int64_t sample_size() const { return widths_.front(); }
  [[nodiscard]] std::int64_t block_size() const { return block_; }
  [[nodiscard]] std::int64_t parameters() const { return parameters_; }
  [[nodiscard]] std::vector<std::int64_t> const& widths() const { return widths_; }
  /// Floating-point operations of the whole batch; a tanh counts as Counted::elementary.
  [[nodiscard]] double rhs_operations() const {
    return 2.0 * products() + hidden() * static_cast<double>(Counted::elementary);
  }
  [[nodiscard]] double vjp_operations() const { return 4.0 * products() + 3.0 * hidden(); }

  /// One sample's initial state; `sample` counts over the whole batch.
  void initial_state(std::int64_t sample, std::span<double> y) const {
    constexpr std::uint64_t first = std::uint64_t{1} << 40U;
    for (std::size_t d = 0; d < y.size(); ++d)
      y[d] = symmetric_uniform(first + static_cast<std::uint64_t>(sample) * y.size() + d);
  }
  void parameter_values(std::span<double> p) const {
    std::size_t i = 0;
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l) {
      auto const in = static_cast<std::size_t>(widths_[l]), out = static_cast<std::size_t>(widths_[l + 1]);
      double const scale = gain_ * std::sqrt(3.0 / static_cast<double>(in));
      for (std::size_t k = 0; k < in * out; ++k, ++i) p[i] = scale * symmetric_uniform(i);
      for (std::size_t k = 0; k < out; ++k, ++i) p[i] = 0.1 * symmetric_uniform(i);
    }
    if (contraction_ > 0.0) make_contractive(p);
  }

  /// One layer: `in` numbers to `out` of a sample, W [out][in] column-major.
  template <class T>
  struct Layer {
    std::int64_t in, out;
    T const *w, *b;
  };
  template <class T>
  [[nodiscard]] Layer<T> layer(std::size_t l, T const* p) const {
    for (std::size_t k = 0; k < l; ++k) p += widths_[k + 1] * (widths_[k] + 1);
    return {widths_[l], widths_[l + 1], p, p + widths_[l + 1] * widths_[l]};
  }

 private:
  /// Multiply-adds of the products of all layers, and hidden units, of the whole batch.
  [[nodiscard]] double products() const {
    double sum = 0.0;
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l)
      sum += static_cast<double>(widths_[l]) * static_cast<double>(widths_[l + 1]);
    return sum * static_cast<double>(samples_);
  }
  [[nodiscard]] double hidden() const {
    double sum = 0.0;
    for (std::size_t l = 1; l + 1 < widths_.size(); ++l) sum += static_cast<double>(widths_[l]);
    return sum * static_cast<double>(samples_);
  }
  /// W_2 = -c W_1^T.
  void make_contractive(std::span<double> p) const {
    auto const d = static_cast<std::size_t>(widths_[0]), h = static_cast<std::size_t>(widths_[1]);
    std::span<double> const first = p.first(d * h), second = p.subspan(h * (d + 1), d * h);
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < h; ++j) second[j * d + i] = -contraction_ * first[i * h + j];
  }

  /// Large enough for products at full speed, small enough to leave work for several threads and ranks.
  [[nodiscard]] static std::int64_t block_for(std::int64_t samples) {
    return std::clamp<std::int64_t>((samples / 8 + 15) / 16 * 16, 16, 128);
  }

  std::vector<std::int64_t> widths_;
  std::int64_t samples_, block_, parameters_ = 0;
  double gain_, contraction_;
};

}  // namespace retrace
