#pragma once

#include "core/lane_loops.hpp"
#include "core/math.hpp"
#include "problems/field_problem.hpp"
#include "problems/matrix_product.hpp"
#include "problems/neural_net.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace retrace {

/// The neural ODE of NeuralNet on the host, block by block.
///
/// Operations of one sample, with w = sum over layers of (width in) (width out): 2 w for the products of `rhs`, as many
/// less 2 (last in) (last out) for those of `keep`, 4 w for those of `vjp`; besides, one tanh for each hidden unit of
/// `rhs` and `keep`. Each layer makes one pass over its output besides the product: bias and tanh on the way forward;
/// derivative of tanh and the bias's gradient on the way back.
class NeuralMlp : public NeuralNet {
 public:
  /// What a device is given of it; NeuralMlpBatch (neural_mlp_batch.hpp) computes with that.
  using Description = NeuralNet;

  explicit NeuralMlp(Arguments const& a) : NeuralNet(a) { matrix::use_calling_thread_only(); }

  /// The input and the hidden activations of all layers.
  [[nodiscard]] std::int64_t kept_size(std::int64_t samples) const {
    std::int64_t size = 0;
    for (std::size_t l = 0; l + 1 < widths().size(); ++l) size += padded(samples * widths()[l]);
    return size;
  }
  /// Two adjoints (or the output) of the widest layer. Work happens here and in `kept`, not in the caller's arrays,
  /// because a library's order of additions may depend on the alignment of its operands: these are aligned alike for
  /// every block, so a block gives the same bits wherever it lies.
  [[nodiscard]] std::int64_t scratch_size(std::int64_t samples) const {
    return 2 * padded(samples * *std::max_element(widths().begin(), widths().end()));
  }

  template <class T>
  void rhs(std::int64_t samples, T const* y, T const* p, T* dydt, T* kept, T* scratch) const {
    keep(samples, y, p, kept);
    std::size_t const last = widths().size() - 2;
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
    for (std::size_t l = 0; l + 2 < widths().size(); ++l) {
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
    T* parameter_end = p_bar + parameters();
    for (std::size_t l = widths().size() - 1; l-- > 0;) {
      Layer<T> const here = layer(l, p);
      T* const b_bar = parameter_end - here.out;
      T* const w_bar = b_bar - here.out * here.in;
      parameter_end = w_bar;
      if (l + 2 == widths().size())
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
    return sum * Sum(0.5 / static_cast<double>(this->samples()));
  }
  template <class T>
  void loss_gradient(std::int64_t samples, T const* y, T* gradient) const {
    auto const scale = static_cast<T>(1.0 / static_cast<double>(this->samples()));
    for (std::int64_t i = 0; i < samples * sample_size(); ++i) gradient[i] = scale * y[i];
  }

 private:
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
    for (std::size_t k = 0; k < l; ++k) offset += padded(samples * widths()[k]);
    return offset;
  }
};
static_assert(DeviceFieldProblem<NeuralMlp>);

}  // namespace retrace
