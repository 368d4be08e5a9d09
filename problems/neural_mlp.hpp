#pragma once

#include "core/dual.hpp"
#include "core/error.hpp"
#include "problems/field_problem.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace Eigen {
/// Duals in Eigen's generic (unvectorised) products.
template <class T, int N>
struct NumTraits<retrace::Dual<T, N>> : NumTraits<T> {
  using Real = retrace::Dual<T, N>;
  using NonInteger = retrace::Dual<T, N>;
  using Nested = retrace::Dual<T, N>;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,
    ReadCost = N + 1,
    AddCost = N + 1,
    MulCost = 3 * (N + 1)
  };
};
}  // namespace Eigen

namespace retrace {

/// A neural ODE: dy/dt = W_l tanh(… tanh(W_1 y + b_1) …) + b_l for each sample of a batch; L = 1/(2 n) sum |y(T)|^2.
/// Weights by a formula, so that every machine has the same net: entry number i of the parameters (layer by layer, W
/// column-major, then b) is 2 u(i) - 1 times gain * sqrt(3 / fan-in) for W and 0.1 for b, with u the 53 top bits of
/// splitmix64(i + 1); initial entries are 2 u - 1 with the counter starting at 2^40.
class NeuralMlp {
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
             .default_number = 16,
             .minimum = 1,
             .maximum = 1e6,
             .description = "samples per block, the unit of work and distribution"},
            {.name = "gain",
             .default_number = 1.5,
             .minimum = 0.0,
             .maximum = 100.0,
             .description = "scale of the weights"},
            end_time_argument(1.0)};
  }

  explicit NeuralMlp(Arguments const& a)
      : t1(a.number("T")),
        widths_(a.list("widths")),
        samples_(a.integer("n")),
        block_(a.integer("block")),
        gain_(a.number("gain")) {
    if (widths_.size() < 2 || widths_.front() != widths_.back())
      throw UsageError("neural_mlp: widths need at least two entries, the first equal to the last");
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l) parameters_ += widths_[l + 1] * (widths_[l] + 1);
  }

  [[nodiscard]] std::int64_t samples() const { return samples_; }
  [[nodiscard]] std::int64_t sample_size() const { return widths_.front(); }
  [[nodiscard]] std::int64_t block_size() const { return block_; }
  [[nodiscard]] std::int64_t parameters() const { return parameters_; }
  /// Copies of input and output, hidden activations of all layers, two adjoints of the widest. Work happens in scratch
  /// and not in the caller's arrays because Eigen's order of additions may depend on the alignment of its operands:
  /// scratch is aligned alike for every block, so a block gives the same bits wherever it lies.
  [[nodiscard]] std::int64_t scratch_size(std::int64_t samples) const {
    std::int64_t size = 2 * padded(samples * sample_size()) + 2 * padded(samples * widest());
    for (std::size_t l = 1; l + 1 < widths_.size(); ++l) size += padded(samples * widths_[l]);
    return size;
  }

  template <class T>
  void rhs(std::int64_t samples, T const* y, T const* p, T* dydt, T* scratch) const {
    Scratch<T> const work(*this, samples, scratch);
    std::copy_n(y, samples * sample_size(), work.input);
    T const* const last_input = hidden_layers(samples, p, work);
    Layer<T> const last = layer(widths_.size() - 2, p);
    Block<T> out(work.output, last.w.rows(), samples);
    out.noalias() = last.w * ConstBlock<T>(last_input, last.w.cols(), samples);
    out.colwise() += last.b;
    std::copy_n(work.output, samples * sample_size(), dydt);
  }

  template <class T>
  void vjp(std::int64_t samples, T const* y, T const* p, T const* w, T* y_bar, T* p_bar, T* scratch) const {
    Scratch<T> const work(*this, samples, scratch);
    std::copy_n(y, samples * sample_size(), work.input);
    std::copy_n(w, samples * sample_size(), work.output);
    T const* input = hidden_layers(samples, p, work);
    T const* delta = work.output;  // adjoint of the layer's output before its activation
    T* parameter_end = p_bar + parameters_;
    for (std::size_t l = widths_.size() - 1; l-- > 0;) {
      Layer<T> const here = layer(l, p);
      auto const in = here.w.cols(), out = here.w.rows();
      ConstBlock<T> const delta_block(delta, out, samples), input_block(input, in, samples);
      parameter_end -= out * (in + 1);
      Block<T>(parameter_end, out, in).noalias() += delta_block * input_block.transpose();
      Eigen::Map<Vector<T>>(parameter_end + out * in, out) += delta_block.rowwise().sum();
      T* const input_bar = work.adjoint[l % 2];
      Block<T> input_bar_block(input_bar, in, samples);
      input_bar_block.noalias() = here.w.transpose() * delta_block;
      if (l > 0) {  // through tanh: 1 - tanh^2 from the kept activations
        input_bar_block.array() *= T(1.0) - input_block.array() * input_block.array();
        input = l == 1 ? work.input : input - padded(widths_[l - 1] * samples);
      }
      delta = input_bar;
    }
    std::copy_n(delta, samples * sample_size(), y_bar);
  }

  template <class T>
  [[nodiscard]] T loss(std::int64_t samples, T const* y) const {
    T sum(0.0);
    for (std::int64_t i = 0; i < samples * sample_size(); ++i) sum += y[i] * y[i];
    return sum * T(0.5 / static_cast<double>(samples_));
  }
  void loss_gradient(std::int64_t samples, double const* y, double* gradient) const {
    double const scale = 1.0 / static_cast<double>(samples_);
    for (std::int64_t i = 0; i < samples * sample_size(); ++i) gradient[i] = scale * y[i];
  }

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
  }

 private:
  template <class T>
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  template <class T>
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  template <class T>
  using Block = Eigen::Map<Matrix<T>>;  // [component][sample], a column per sample
  template <class T>
  using ConstBlock = Eigen::Map<Matrix<T> const>;
  template <class T>
  struct Layer {
    ConstBlock<T> w;
    Eigen::Map<Vector<T> const> b;
  };

  template <class T>
  [[nodiscard]] Layer<T> layer(std::size_t l, T const* p) const {
    for (std::size_t k = 0; k < l; ++k) p += widths_[k + 1] * (widths_[k] + 1);
    return {ConstBlock<T>(p, widths_[l + 1], widths_[l]),
            Eigen::Map<Vector<T> const>(p + widths_[l + 1] * widths_[l], widths_[l + 1])};
  }

  /// Rounded up to whole cache lines of doubles.
  [[nodiscard]] static std::int64_t padded(std::int64_t entries) { return (entries + 7) / 8 * 8; }
  [[nodiscard]] std::int64_t widest() const { return *std::max_element(widths_.begin(), widths_.end()); }

  template <class T>
  struct Scratch {
    T *input, *output, *adjoint[2], *hidden;
    Scratch(NeuralMlp const& mlp, std::int64_t samples, T* memory) {
      std::int64_t const state = padded(samples * mlp.sample_size()), wide = padded(samples * mlp.widest());
      input = memory;
      output = input + state;
      adjoint[0] = output + state;
      adjoint[1] = adjoint[0] + wide;
      hidden = adjoint[1] + wide;
    }
  };

  /// Fills the hidden activations, layer after layer; returns the input of the last layer.
  template <class T>
  T const* hidden_layers(std::int64_t samples, T const* p, Scratch<T> const& work) const {
    T const* input = work.input;
    T* hidden = work.hidden;
    for (std::size_t l = 0; l + 2 < widths_.size(); ++l) {
      Layer<T> const here = layer(l, p);
      Block<T> out(hidden, here.w.rows(), samples);
      out.noalias() = here.w * ConstBlock<T>(input, here.w.cols(), samples);
      out.colwise() += here.b;
      for (Eigen::Index i = 0; i < out.size(); ++i) {
        using std::tanh;
        hidden[i] = tanh(hidden[i]);
      }
      input = hidden;
      hidden += padded(here.w.rows() * samples);
    }
    return input;
  }

  /// 2 u - 1 with u from splitmix64; Steele, Lea & Flood (2014).
  [[nodiscard]] static double symmetric_uniform(std::uint64_t counter) {
    std::uint64_t x = (counter + 1) * 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    x ^= x >> 31U;
    return 2.0 * (static_cast<double>(x >> 11U) * 0x1p-53) - 1.0;
  }

  std::vector<std::int64_t> widths_;
  std::int64_t samples_, block_, parameters_ = 0;
  double gain_;
};
static_assert(FieldProblem<NeuralMlp>);

}  // namespace retrace
