#pragma once

#include "core/blocks.hpp"
#include "core/math.hpp"
#include "problems/batched_product.hpp"
#include "problems/neural_net.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace retrace {

/// The kernels of NeuralMlpBatch: everything that is not a product. Neighbouring work items have neighbouring numbers.
namespace neural_kernels {

/// x = x + b for each column x of `out` numbers.
template <class T>
struct AddBias {
  std::int64_t out;
  T const* b;
  T* x;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { x[i] += b[i % out]; }
};
/// x = tanh(x + b).
template <class T>
struct BiasTanh {
  std::int64_t out;
  T const* b;
  T* x;
  KOKKOS_FUNCTION void operator()(std::int64_t i) const { x[i] = math::tanh(x[i] + b[i % out]); }
};

/// The samples of a rank, cut into blocks; the last may be shorter.
struct Blocks {
  std::int64_t samples, block;
  [[nodiscard]] KOKKOS_FUNCTION std::int64_t begin(std::int64_t b) const { return b * block; }
  [[nodiscard]] KOKKOS_FUNCTION std::int64_t end(std::int64_t b) const {
    return (b + 1) * block < samples ? (b + 1) * block : samples;
  }
};
/// b_bar += sum of delta over the samples of a block, in their order; one unit of one block per work item.
template <class T>
struct BiasGradient {
  Blocks blocks;
  std::int64_t out, stride;  // stride: from one block's b_bar to the next
  T const* delta;
  T* b_bar;
  KOKKOS_FUNCTION void operator()(std::int64_t item) const {
    std::int64_t const block = item / out, i = item % out;
    T sum = b_bar[block * stride + i];
    for (std::int64_t j = blocks.begin(block); j < blocks.end(block); ++j) sum += delta[j * out + i];
    b_bar[block * stride + i] = sum;
  }
};
/// delta *= 1 - tanh^2, from the activations kept, and as above.
template <class T>
struct ThroughTanh {
  Blocks blocks;
  std::int64_t out, stride;
  T const* activation;
  T *delta, *b_bar;
  KOKKOS_FUNCTION void operator()(std::int64_t item) const {
    std::int64_t const block = item / out, i = item % out;
    T sum = b_bar[block * stride + i];
    for (std::int64_t j = blocks.begin(block); j < blocks.end(block); ++j) {
      T const a = activation[j * out + i];
      T const d = delta[j * out + i] * math::fma(-a, a, T(1.0));
      delta[j * out + i] = d;
      sum += d;
    }
    b_bar[block * stride + i] = sum;
  }
};
/// What the loss adds up, in double for floats too.
template <class T>
struct Square {
  T const* y;
  template <class Width>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION double operator()(Width /*one*/, std::int64_t i) const {
    auto const x = static_cast<double>(y[i]);
    return x * x;
  }
};
template <class T>
struct Multiple {
  T factor;
  T const* y;
  T* to;
  template <class Width>
  KOKKOS_INLINE_FUNCTION void operator()(Width /*one*/, std::int64_t i) const {
    to[i] = factor * y[i];
  }
};

}  // namespace neural_kernels

/// The neural ODE of NeuralNet where `Exec` computes, all samples of a rank at once (DeviceFieldModel): a layer's
/// products are one product over the rank's batch, except the weights' gradients, which are one per block. Arrays are
/// in the memory of `Exec`, columns of samples as in NeuralMlp; the operations are those of NeuralMlp, in its order
/// outside products. Work is left on `exec`; allocates nothing after construction.
template <class T, class Exec_>
class NeuralMlpBatch {
 public:
  using Description = NeuralNet;
  using Scalar = T;
  using Exec = Exec_;

  NeuralMlpBatch(NeuralNet const& net, BlockPartition const& partition, Exec const& exec)
      : net_(net),
        exec_(exec),
        multiply_(exec),
        blocks_{partition.local_items(), partition.block_size()},
        block_count_(partition.local_blocks()),
        delta_("retrace::neural_mlp::delta", static_cast<std::size_t>(scratch_size() / 2)),
        input_bar_("retrace::neural_mlp::input_bar", static_cast<std::size_t>(scratch_size() / 2)) {}

  [[nodiscard]] NeuralNet const& description() const { return net_; }
  /// Numbers that one evaluation leaves for its VJP: the hidden activations.
  [[nodiscard]] std::int64_t kept_size() const { return kept_offset(net_.widths().size() - 1); }
  /// Numbers that it has for itself: two adjoints of the widest layer.
  [[nodiscard]] std::int64_t scratch_size() const {
    return 2 * blocks_.samples * *std::max_element(net_.widths().begin(), net_.widths().end());
  }

  /// dydt := f(y; p), and `kept`.
  void rhs(T const* y, T const* p, T* dydt, T* kept) const {
    static std::string const label("retrace::neural_mlp::bias");
    keep(y, p, kept);
    std::size_t const last = net_.widths().size() - 2;
    auto const here = net_.layer(last, p);
    through_weights(matrix::Op::plain, here, input(last, y, kept), dydt);
    each(label, blocks_.samples * here.out, neural_kernels::AddBias<T>{here.out, here.b, dydt});
  }
  /// `kept` alone.
  void keep(T const* y, T const* p, T* kept) const {
    static std::string const label("retrace::neural_mlp::bias_tanh");
    for (std::size_t l = 0; l + 2 < net_.widths().size(); ++l) {
      auto const here = net_.layer(l, p);
      T* const hidden = kept + kept_offset(l + 1);
      through_weights(matrix::Op::plain, here, input(l, y, kept), hidden);
      each(label, blocks_.samples * here.out, neural_kernels::BiasTanh<T>{here.out, here.b, hidden});
    }
  }
  /// y_bar := f_y^T w, and f_p^T w of each block added to its row of `p_bar`, `stride` numbers long, at the y that
  /// `kept` belongs to. `w` and `y_bar` must not overlap.
  void vjp(T const* y, T const* p, T const* w, T* y_bar, T* p_bar, std::int64_t stride, T const* kept) const {
    static std::string const label_first("retrace::neural_mlp::bias_gradient"),
        label_hidden("retrace::neural_mlp::through_tanh");
    T* delta = delta_.data();  // adjoint of W x + b
    T* input_bar = input_bar_.data();
    T const* seed = w;
    T* parameter_end = p_bar + net_.parameters();
    for (std::size_t l = net_.widths().size() - 1; l-- > 0;) {
      auto const here = net_.layer(l, p);
      T* const b_bar = parameter_end - here.out;
      T* const w_bar = b_bar - here.out * here.in;
      parameter_end = w_bar;
      std::int64_t const items = block_count_ * here.out;
      if (l + 2 == net_.widths().size())
        each(label_first, items, neural_kernels::BiasGradient<T>{blocks_, here.out, stride, seed, b_bar});
      else
        each(label_hidden, items,
             neural_kernels::ThroughTanh<T>{blocks_, here.out, stride, kept + kept_offset(l + 1), delta, b_bar});
      weight_gradients(here.out, here.in, seed, input(l, y, kept), w_bar, stride);
      T* const below = l == 0 ? y_bar : input_bar;
      through_weights(matrix::Op::transposed, here, seed, below);
      std::swap(delta, input_bar);
      seed = delta;
    }
  }
  /// Block sums of this term, times `loss_factor`, are the block's share of L.
  [[nodiscard]] neural_kernels::Square<T> loss_term(T const* y) const { return {y}; }
  [[nodiscard]] double loss_factor() const { return 0.5 / static_cast<double>(net_.samples()); }
  [[nodiscard]] neural_kernels::Multiple<T> loss_gradient(T const* y, T* gradient) const {
    return {static_cast<T>(1.0 / static_cast<double>(net_.samples())), y, gradient};
  }

 private:
  using Layer = NeuralNet::Layer<T>;

  /// Where in `kept` the input of layer `l` > 0 begins.
  [[nodiscard]] std::int64_t kept_offset(std::size_t l) const {
    std::int64_t width = 0;
    for (std::size_t k = 1; k < l; ++k) width += net_.widths()[k];
    return blocks_.samples * width;
  }
  [[nodiscard]] T const* input(std::size_t l, T const* y, T const* kept) const {
    return l == 0 ? y : kept + kept_offset(l);
  }
  template <class Kernel>
  void each(std::string const& label, std::int64_t items, Kernel const& kernel) const {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Exec, Kokkos::IndexType<std::int64_t>>(exec_, 0, items), kernel);
  }
  /// y = W x, or y = W^T x, for all samples.
  void through_weights(matrix::Op op, Layer const& layer, T const* x, T* y) const {
    bool const plain = op == matrix::Op::plain;
    matrix::BatchedShape const shape{
        op, matrix::Op::plain, plain ? layer.out : layer.in, blocks_.samples, plain ? layer.in : layer.out, 1};
    multiply_(exec_, shape, {layer.w}, {x}, matrix::Into::set, matrix::BatchedOperand<T>{y});
  }
  /// W_bar += delta x^T, summed over the samples of each block.
  void weight_gradients(std::int64_t out, std::int64_t in, T const* delta, T const* x, T* w_bar,
                        std::int64_t stride) const {
    std::int64_t const whole = blocks_.samples / blocks_.block, rest = blocks_.samples % blocks_.block;
    auto const from_block = [&](std::int64_t first, std::int64_t samples, std::int64_t count) {
      std::int64_t const sample = first * blocks_.block;
      multiply_(exec_, {matrix::Op::plain, matrix::Op::transposed, out, in, samples, count},
                {delta + sample * out, blocks_.block * out}, {x + sample * in, blocks_.block * in}, matrix::Into::add,
                matrix::BatchedOperand<T>{w_bar + first * stride, stride});
    };
    if (whole > 0) from_block(0, blocks_.block, whole);
    if (rest > 0) from_block(whole, rest, 1);
  }

  NeuralNet net_;
  Exec exec_;
  matrix::BatchedProduct<Exec> multiply_;
  neural_kernels::Blocks blocks_;
  std::int64_t block_count_;
  Kokkos::View<T*, typename Exec::memory_space> delta_, input_bar_;
};

}  // namespace retrace
