#pragma once

#include "core/error.hpp"
#include "core/lane_loops.hpp"
#include "core/math.hpp"
#include "problems/field_problem.hpp"
#include "problems/matrix_product.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace retrace {

/// A neural ODE: dy/dt = W_l tanh(… tanh(W_1 y + b_1) …) + b_l for each sample of a batch; L = 1/(2 n) sum |y(T)|^2.
/// Weights by a formula, so that every machine has the same net: entry number i of the parameters (layer by layer, W
/// column-major, then b) is 2 u(i) - 1 times gain * sqrt(3 / fan-in) for W and 0.1 for b, with u the 53 top bits of
/// splitmix64(i + 1); initial entries are 2 u - 1 with the counter starting at 2^40.
///
/// Operations of one sample, with w = sum over layers of (width in) (width out): 2 w for the products of `rhs`, as many
/// less 2 (last in) (last out) for those of `keep`, 4 w for those of `vjp`; besides, one tanh for each hidden unit of
/// `rhs` and `keep`. Each layer makes one pass over its output besides the product: bias and tanh on the way forward;
/// derivative of tanh and the bias's gradient on the way back.
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
             .default_number = 0,
             .minimum = 0,
             .maximum = 1e6,
             .description = "samples per block, the unit of work and distribution; 0 takes about n/8, from 16 to 128"},
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
        block_(a.integer("block") > 0 ? a.integer("block") : block_for(a.integer("n"))),
        gain_(a.number("gain")) {
    if (widths_.size() < 2 || widths_.front() != widths_.back())
      throw UsageError("neural_mlp: widths need at least two entries, the first equal to the last");
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l) parameters_ += widths_[l + 1] * (widths_[l] + 1);
    matrix::use_calling_thread_only();
  }

  [[nodiscard]] std::int64_t samples() const { return samples_; }
  [[nodiscard]] std::int64_t sample_size() const { return widths_.front(); }
  [[nodiscard]] std::int64_t block_size() const { return block_; }
  [[nodiscard]] std::int64_t parameters() const { return parameters_; }
  [[nodiscard]] std::vector<std::int64_t> const& widths() const { return widths_; }
  /// The input and the hidden activations of all layers.
  [[nodiscard]] std::int64_t kept_size(std::int64_t samples) const {
    std::int64_t size = 0;
    for (std::size_t l = 0; l + 1 < widths_.size(); ++l) size += padded(samples * widths_[l]);
    return size;
  }
  /// Two adjoints (or the output) of the widest layer. Work happens here and in `kept`, not in the caller's arrays,
  /// because a library's order of additions may depend on the alignment of its operands: these are aligned alike for
  /// every block, so a block gives the same bits wherever it lies.
  [[nodiscard]] std::int64_t scratch_size(std::int64_t samples) const {
    return 2 * padded(samples * *std::max_element(widths_.begin(), widths_.end()));
  }

  template <class T>
  void rhs(std::int64_t samples, T const* y, T const* p, T* dydt, T* kept, T* scratch) const {
    keep(samples, y, p, kept);
    std::size_t const last = widths_.size() - 2;
    Layer<T> const here = layer(last, p);
    multiply(matrix::Op::plain, here, samples, kept + kept_offset(last, samples), scratch);
    for (std::int64_t j = 0; j < samples; ++j) {
      T const* const from = scratch + j * here.out;
      T* const to = dydt + j * here.out;
      for_lanes<loop_lanes<T>>(0, here.out, [&](auto width, std::int64_t i) {
        store_lanes(load_lanes<width()>(from + i) + load_lanes<width()>(here.b + i), to + i);
      });
    }
  }

  template <class T>
  void keep(std::int64_t samples, T const* y, T const* p, T* kept) const {
    std::copy_n(y, samples * sample_size(), kept);
    for (std::size_t l = 0; l + 2 < widths_.size(); ++l) {
      Layer<T> const here = layer(l, p);
      T* const hidden = kept + kept_offset(l + 1, samples);
      multiply(matrix::Op::plain, here, samples, kept + kept_offset(l, samples), hidden);
      for (std::int64_t j = 0; j < samples; ++j) {
        T* const column = hidden + j * here.out;
        for_lanes<loop_lanes<T>>(0, here.out, [&](auto width, std::int64_t i) {
          store_lanes(math::tanh(load_lanes<width()>(column + i) + load_lanes<width()>(here.b + i)), column + i);
        });
      }
    }
  }

  template <class T>
  void vjp(std::int64_t samples, T const* p, T const* w, T* y_bar, T* p_bar, T const* kept, T* scratch) const {
    T *delta = scratch, *input_bar = scratch + scratch_size(samples) / 2;  // delta: adjoint of W x + b
    T* parameter_end = p_bar + parameters_;
    for (std::size_t l = widths_.size() - 1; l-- > 0;) {
      Layer<T> const here = layer(l, p);
      T* const b_bar = parameter_end - here.out;
      T* const w_bar = b_bar - here.out * here.in;
      parameter_end = w_bar;
      if (l + 2 == widths_.size())
        begin_reverse(samples, here.out, w, delta, b_bar);
      else
        through_tanh(samples, here.out, kept + kept_offset(l + 1, samples), delta, b_bar);
      matrix::multiply(matrix::Op::plain, matrix::Op::transposed, here.out, here.in, samples, delta,
                       kept + kept_offset(l, samples), matrix::Into::add, w_bar);
      multiply(matrix::Op::transposed, here, samples, delta, input_bar);
      std::swap(delta, input_bar);
    }
    std::copy_n(delta, samples * sample_size(), y_bar);
  }

  /// Added up in double for floats too.
  template <class T>
  [[nodiscard]] auto loss(std::int64_t samples, T const* y) const {
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double, T>;
    constexpr int lanes = loop_lanes<Sum>;
    Sum const sum = sum_of_lanes<lanes, Sum>(0, samples * sample_size(), [&](auto width, std::int64_t i) {
      Lanes<Sum, width()> const x(load_lanes<width()>(y + i));
      return x * x;
    });
    return sum * Sum(0.5 / static_cast<double>(samples_));
  }
  template <class T>
  void loss_gradient(std::int64_t samples, T const* y, T* gradient) const {
    auto const scale = static_cast<T>(1.0 / static_cast<double>(samples_));
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
  /// y = W x, or y = W^T x, for a block of columns x.
  template <class T>
  static void multiply(matrix::Op op, Layer<T> const& layer, std::int64_t samples, T const* x, T* y) {
    bool const plain = op == matrix::Op::plain;
    matrix::multiply(op, matrix::Op::plain, plain ? layer.out : layer.in, samples, plain ? layer.in : layer.out,
                     layer.w, x, matrix::Into::set, y);
  }

  /// delta = w, b_bar += its sum over the samples.
  template <class T>
  static void begin_reverse(std::int64_t samples, std::int64_t out, T const* w, T* delta, T* b_bar) {
    for (std::int64_t j = 0; j < samples; ++j) {
      for_lanes<loop_lanes<T>>(0, out, [&](auto width, std::int64_t i) {
        auto const d = load_lanes<width()>(w + j * out + i);
        store_lanes(d, delta + j * out + i);
        store_lanes(load_lanes<width()>(b_bar + i) + d, b_bar + i);
      });
    }
  }
  /// delta *= 1 - tanh^2, from the activations kept; b_bar += its sum over the samples.
  template <class T>
  static void through_tanh(std::int64_t samples, std::int64_t out, T const* activation, T* delta, T* b_bar) {
    for (std::int64_t j = 0; j < samples; ++j) {
      for_lanes<loop_lanes<T>>(0, out, [&](auto width, std::int64_t i) {
        using X = Lanes<T, width()>;
        X const a = load_lanes<width()>(activation + j * out + i);
        X const d = load_lanes<width()>(delta + j * out + i) * math::fma(-a, a, X(1.0));
        store_lanes(d, delta + j * out + i);
        store_lanes(load_lanes<width()>(b_bar + i) + d, b_bar + i);
      });
    }
  }

  /// Rounded up to whole cache lines, of floats and so of doubles.
  [[nodiscard]] static std::int64_t padded(std::int64_t entries) { return (entries + 15) / 16 * 16; }
  /// Where in `kept` the input of layer `l` begins.
  [[nodiscard]] std::int64_t kept_offset(std::size_t l, std::int64_t samples) const {
    std::int64_t offset = 0;
    for (std::size_t k = 0; k < l; ++k) offset += padded(samples * widths_[k]);
    return offset;
  }
  /// Large enough for products at full speed, small enough to leave work for several threads and ranks.
  [[nodiscard]] static std::int64_t block_for(std::int64_t samples) {
    return std::clamp<std::int64_t>((samples / 8 + 15) / 16 * 16, 16, 128);
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
