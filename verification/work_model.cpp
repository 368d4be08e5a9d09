#include "verification/work_model.hpp"

namespace retrace {

namespace {

/// Coefficients that are not zero.
double terms(CoefficientRow const& row) {
  double count = 0.0;
  for (int j = row.begin; j < row.end; ++j) count += row.at(j) != 0.0 ? 1.0 : 0.0;
  return count;
}

/// States read or written by the linear combinations of a trial, and by the reverse of a step.
struct Combinations {
  double terms = 0.0, results = 0.0;
};
Combinations of_trial(Tableau const& tab) {
  Combinations c;
  for (int i = 1; i < tab.stages; ++i) c.terms += terms(tab.stage_row(i));
  c.results = tab.stages - 1;
  if (!tab.fsal) {
    c.terms += terms(tab.weight_row());
    c.results += 1.0;
  }
  return c;
}
Combinations of_reverse(Tableau const& tab) {
  Combinations c;
  int const last = tab.last_used_stage;
  for (int i = 0; i < last; ++i) c.terms += terms(tab.adjoint_row(i, last));
  c.terms += last;  // lambda += sum of the stages' adjoints
  c.results = last + 1;
  return c;
}

}  // namespace

WorkModel model_of(GradientResult const& result, Tableau const& tab, ProblemOperations const& problem,
                   WorkShape const& shape) {
  WorkCounts const& w = result.work;
  auto const trials = static_cast<double>(w.accepted + w.rejected + w.readvanced),
             backward = static_cast<double>(w.reverse_accepted + w.reverse_rejected);
  bool const integrates_back = shape.backward_numbers > 0.0;
  double const backward_numbers = integrates_back ? shape.backward_numbers : shape.numbers;
  Combinations const forward = of_trial(tab), back = integrates_back ? forward : of_reverse(tab);
  // Of each component: a multiply-add for each term, another for the base state; the error norm is a combination, and
  // a weight of four operations, a quotient and a multiply-add. A combination reads its base state and writes its
  // result; the norm reads two states more.
  constexpr double norm_operations = 7.0, norm_states = 2.0;
  double const estimate = tab.adaptive ? terms(tab.error_row()) : 0.0,
               norm = tab.adaptive ? 2.0 * estimate + norm_operations : 0.0,
               norm_reads = tab.adaptive ? estimate + norm_states : 0.0;
  auto const operations = [](Combinations const& c) { return 2.0 * (c.terms + c.results); };
  auto const states = [](Combinations const& c) { return c.terms + 2.0 * c.results; };

  WorkModel model{};
  // A tangent of f costs about as much as f again for each direction.
  model.operations = static_cast<double>(w.rhs_forward + w.rhs_backward + w.jvp) * problem.rhs +
                     static_cast<double>(w.vjp) * problem.vjp + shape.numbers * trials * (operations(forward) + norm) +
                     backward_numbers * backward * (operations(back) + (integrates_back ? norm : 0.0));
  model.bytes_moved = 2.0 * static_cast<double>(result.tape_bytes);
  if (shape.in_memory)
    model.bytes_moved +=
        shape.bytes_of_number * (shape.numbers * trials * (states(forward) + norm_reads) +
                                 backward_numbers * backward * (states(back) + (integrates_back ? norm_reads : 0.0)));
  return model;
}

}  // namespace retrace
