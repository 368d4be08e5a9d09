#include "gradients/external/cvodes.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cvodes/cvodes.h>
#include <memory>
#include <new>
#include <nvector/nvector_serial.h>
#include <span>
#include <stdexcept>
#include <string>
#include <sundials/sundials_context.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>
#include <sunnonlinsol/sunnonlinsol_newton.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace retrace {

namespace {

/// Steps between two checkpoints, within which every step's y is kept; what the manual of CVODES begins with.
constexpr long steps_between_checkpoints = 100;

// --- Vectors: those of SUNDIALS, with memory that Kokkos announces, so that it is counted as ours is -----------------

/// Bytes in vectors alive. One thread solves.
std::int64_t live_bytes = 0;

std::int64_t bytes_of(N_Vector v) {
  return static_cast<std::int64_t>(NV_LENGTH_S(v)) * static_cast<std::int64_t>(sizeof(realtype));
}
void allocate(N_Vector v) {
  if (NV_LENGTH_S(v) == 0) return;
  NV_DATA_S(v) = static_cast<realtype*>(
      Kokkos::kokkos_malloc<Kokkos::HostSpace>("retrace::cvodes::vector", static_cast<std::size_t>(bytes_of(v))));
  NV_OWN_DATA_S(v) = SUNTRUE;
  live_bytes += bytes_of(v);
}
N_Vector clone(N_Vector like) {
  N_Vector const v = N_VCloneEmpty_Serial(like);  // takes over the operations, these two as well
  if (v != nullptr) allocate(v);
  return v;
}
void destroy(N_Vector v) {
  if (v == nullptr) return;
  if (NV_OWN_DATA_S(v) == SUNTRUE) {
    live_bytes -= bytes_of(v);
    Kokkos::kokkos_free<Kokkos::HostSpace>(NV_DATA_S(v));
    NV_OWN_DATA_S(v) = SUNFALSE;
    NV_DATA_S(v) = nullptr;
  }
  N_VDestroy_Serial(v);
}

/// Frees by a function of C; an address, or a handle that is one.
template <class Handle, auto Free>
struct FreedBy {
  using pointer = Handle;
  void operator()(Handle handle) const { Free(handle); }
};
template <class Handle, auto Free>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, FreedBy<Handle, Free>>;

void free_context(SUNContext context) {
  SUNContext_Free(&context);
}
void free_integrator(void* memory) {
  CVodeFree(&memory);
}
void free_linear(SUNLinearSolver solver) {
  SUNLinSolFree(solver);
}
void free_nonlinear(SUNNonlinearSolver solver) {
  SUNNonlinSolFree(solver);
}

using Context = Owned<SUNContext, &free_context>;
using Vector = Owned<N_Vector, &destroy>;
using Linear = Owned<SUNLinearSolver, &free_linear>;
using Nonlinear = Owned<SUNNonlinearSolver, &free_nonlinear>;

Vector make_vector(std::int64_t length, SUNContext context) {
  Vector v(N_VNewEmpty_Serial(static_cast<sunindextype>(length), context));
  if (v == nullptr) throw std::bad_alloc();
  v->ops->nvclone = &clone;
  v->ops->nvdestroy = &destroy;
  allocate(v.get());
  N_VConst(0.0, v.get());
  return v;
}

/// For calls that fail by misuse or for want of memory only.
void checked(int flag, char const* call) {
  if (flag >= 0) return;
  Owned<char*, &std::free> const name(CVodeGetReturnFlagName(flag));
  throw std::runtime_error(std::string(call) + " of SUNDIALS failed: " + name.get());
}
void say_nothing(int, char const*, char const*, char*, void*) {}  // flags say it

SolveStatus status_of(int flag) {
  if (flag >= 0) return SolveStatus::success;
  if (flag == CV_TOO_MUCH_WORK) return SolveStatus::max_steps_reached;
  if (flag == CV_ERR_FAILURE || flag == CV_CONV_FAILURE || flag == CV_TOO_MUCH_ACC || flag == CV_TOO_CLOSE)
    return SolveStatus::step_too_small;
  return SolveStatus::non_finite;
}

// --- What CVODES calls
// ------------------------------------------------------------------------------------------------

struct Callbacks {
  PlainSystem* system;
  bool on_the_way_back = false;
  WorkCounts work{};
  std::vector<double> y_bar{}, p_bar{};  // the part of a VJP that a call does not ask for; a direction in p
};

Callbacks& callbacks(void* user) {
  return *static_cast<Callbacks*>(user);
}

constexpr int try_smaller_step = 1;
int finite_or_smaller_step(N_Vector v) {
  std::span<realtype const> const values(NV_DATA_S(v), static_cast<std::size_t>(NV_LENGTH_S(v)));
  return std::ranges::all_of(values, [](double x) { return std::isfinite(x); }) ? 0 : try_smaller_step;
}

int rhs(realtype t, N_Vector y, N_Vector dydt, void* user) {
  Callbacks& c = callbacks(user);
  c.system->rhs(t, NV_DATA_S(y), NV_DATA_S(dydt));
  ++(c.on_the_way_back ? c.work.rhs_backward : c.work.rhs_forward);
  return finite_or_smaller_step(dydt);
}
int jacobian_times(N_Vector v, N_Vector jv, realtype t, N_Vector y, N_Vector, void* user, N_Vector) {
  Callbacks& c = callbacks(user);
  c.system->jvp(t, NV_DATA_S(y), NV_DATA_S(v), nullptr, NV_DATA_S(jv));
  ++c.work.jvp;
  return finite_or_smaller_step(jv);
}
/// lambda' = -f_y^T lambda
int adjoint_rhs(realtype t, N_Vector y, N_Vector lambda, N_Vector dlambda_dt, void* user) {
  Callbacks& c = callbacks(user);
  c.system->vjp(t, NV_DATA_S(y), NV_DATA_S(lambda), NV_DATA_S(dlambda_dt), c.p_bar.data());
  ++c.work.vjp;
  N_VScale(-1.0, dlambda_dt, dlambda_dt);
  return finite_or_smaller_step(dlambda_dt);
}
int adjoint_jacobian_times(N_Vector v, N_Vector jv, realtype t, N_Vector y, N_Vector, N_Vector, void* user, N_Vector) {
  return adjoint_rhs(t, y, v, jv, user);
}
/// mu' = -f_p^T lambda
int parameter_rhs(realtype t, N_Vector y, N_Vector lambda, N_Vector dmu_dt, void* user) {
  Callbacks& c = callbacks(user);
  c.system->vjp(t, NV_DATA_S(y), NV_DATA_S(lambda), c.y_bar.data(), NV_DATA_S(dmu_dt));
  ++c.work.vjp;
  N_VScale(-1.0, dmu_dt, dmu_dt);
  return finite_or_smaller_step(dmu_dt);
}
/// s_i' = f_y s_i + f_p e_j: unknowns are y0, then p.
int sensitivity_rhs(int count, realtype t, N_Vector y, N_Vector, N_Vector* s, N_Vector* ds_dt, void* user, N_Vector,
                    N_Vector) {
  Callbacks& c = callbacks(user);
  std::int64_t const n = c.system->dimension();
  int outcome = 0;
  for (int i = 0; i < count; ++i) {
    bool const of_parameter = i >= n;
    if (of_parameter) c.p_bar[static_cast<std::size_t>(i - n)] = 1.0;
    c.system->jvp(t, NV_DATA_S(y), NV_DATA_S(s[i]), of_parameter ? c.p_bar.data() : nullptr, NV_DATA_S(ds_dt[i]));
    if (of_parameter) c.p_bar[static_cast<std::size_t>(i - n)] = 0.0;
    outcome = std::max(outcome, finite_or_smaller_step(ds_dt[i]));
  }
  c.work.jvp += count;
  return outcome;
}

// --- One solve
// --------------------------------------------------------------------------------------------------------

int method_of(std::string_view solver) {
  return solver == "cvodes_bdf" ? CV_BDF : CV_ADAMS;
}

/// An instance of CVODES at t0, and what it works with.
class Solve {
 public:
  Solve(PlainSystem& system, int method, StepControl const& control)
      : calls_{.system = &system}, system_(&system), method_(method), control_(control) {
    SUNContext context = nullptr;
    checked(SUNContext_Create(nullptr, &context), "SUNContext_Create");
    context_.reset(context);
    calls_.y_bar.resize(static_cast<std::size_t>(system.dimension()));
    calls_.p_bar.resize(static_cast<std::size_t>(system.parameters()));
    y_ = make_vector(system.dimension(), context);
    system.initial_state(NV_DATA_S(y_.get()));
    memory_.reset(CVodeCreate(method, context));
    if (memory_ == nullptr) throw std::bad_alloc();
    checked(CVodeSetErrHandlerFn(memory(), &say_nothing, nullptr), "CVodeSetErrHandlerFn");
    checked(CVodeInit(memory(), &rhs, system.t0(), y()), "CVodeInit");
    checked(CVodeSetUserData(memory(), &calls_), "CVodeSetUserData");
    checked(CVodeSStolerances(memory(), control.relative_tolerance, control.absolute_tolerance), "CVodeSStolerances");
    checked(CVodeSetMaxNumSteps(memory(), static_cast<long>(control.max_steps)), "CVodeSetMaxNumSteps");
    checked(CVodeSetStopTime(memory(), system.t1()), "CVodeSetStopTime");
    if (control.initial_step > 0.0)
      checked(CVodeSetInitStep(memory(), std::copysign(control.initial_step, system.t1() - system.t0())),
              "CVodeSetInitStep");
    if (method == CV_BDF) {
      linear_.reset(SUNLinSol_SPGMR(y(), SUN_PREC_NONE, 0, context));
      checked(CVodeSetLinearSolver(memory(), linear_.get(), nullptr), "CVodeSetLinearSolver");
      checked(CVodeSetJacTimes(memory(), nullptr, &jacobian_times), "CVodeSetJacTimes");
    } else {
      nonlinear_.reset(SUNNonlinSol_FixedPoint(y(), 0, context));
      checked(CVodeSetNonlinearSolver(memory(), nonlinear_.get()), "CVodeSetNonlinearSolver");
    }
  }

  [[nodiscard]] ExternalOutcome adjoint() {
    std::int64_t const before = live_bytes;
    checked(CVodeAdjInit(memory(), steps_between_checkpoints, CV_HERMITE), "CVodeAdjInit");
    double t = 0.0;
    int checkpoints = 0, flag = CVodeF(memory(), system_->t1(), y(), &t, CV_NORMAL, &checkpoints);
    note_forward();
    out_.status = status_of(flag);
    out_.kept_bytes = live_bytes - before;
    if (out_.status != SolveStatus::success) return finish();
    out_.loss = system_->loss(NV_DATA_S(y()));

    Vector const lambda = make_vector(system_->dimension(), context_.get()),
                 mu = make_vector(system_->parameters(), context_.get());
    system_->loss_gradient(NV_DATA_S(y()), NV_DATA_S(lambda.get()));
    calls_.on_the_way_back = true;
    int which = 0;
    checked(CVodeCreateB(memory(), method_, &which), "CVodeCreateB");
    checked(CVodeInitB(memory(), which, &adjoint_rhs, system_->t1(), lambda.get()), "CVodeInitB");
    void* const back = CVodeGetAdjCVodeBmem(memory(), which);
    checked(CVodeSetErrHandlerFn(back, &say_nothing, nullptr), "CVodeSetErrHandlerFn");
    checked(CVodeSetUserDataB(memory(), which, &calls_), "CVodeSetUserDataB");
    double const rtol = control_.relative_tolerance, atol = control_.absolute_tolerance;
    checked(CVodeSStolerancesB(memory(), which, rtol, atol), "CVodeSStolerancesB");
    checked(CVodeSetMaxNumStepsB(memory(), which, static_cast<long>(control_.max_steps)), "CVodeSetMaxNumStepsB");
    Linear linear;
    Nonlinear nonlinear;
    if (method_ == CV_BDF) {
      linear.reset(SUNLinSol_SPGMR(lambda.get(), SUN_PREC_NONE, 0, context_.get()));
      checked(CVodeSetLinearSolverB(memory(), which, linear.get(), nullptr), "CVodeSetLinearSolverB");
      checked(CVodeSetJacTimesB(memory(), which, nullptr, &adjoint_jacobian_times), "CVodeSetJacTimesB");
    } else {
      nonlinear.reset(SUNNonlinSol_FixedPoint(lambda.get(), 0, context_.get()));
      checked(CVodeSetNonlinearSolverB(memory(), which, nonlinear.get()), "CVodeSetNonlinearSolverB");
    }
    checked(CVodeQuadInitB(memory(), which, &parameter_rhs, mu.get()), "CVodeQuadInitB");
    checked(CVodeQuadSStolerancesB(memory(), which, rtol, atol), "CVodeQuadSStolerancesB");
    checked(CVodeSetQuadErrConB(memory(), which, SUNTRUE), "CVodeSetQuadErrConB");
    flag = CVodeB(memory(), system_->t0(), CV_NORMAL);
    out_.status = status_of(flag);
    if (out_.status == SolveStatus::success) {
      checked(CVodeGetB(memory(), which, &t, lambda.get()), "CVodeGetB");
      checked(CVodeGetQuadB(memory(), which, &t, mu.get()), "CVodeGetQuadB");
    }
    calls_.work.readvanced = std::int64_t{checkpoints} * steps_between_checkpoints;
    calls_.work.reverse_accepted = count(back, &CVodeGetNumSteps);
    calls_.work.reverse_rejected = count(back, &CVodeGetNumErrTestFails);
    note_iterations(back);
    out_.dloss_dy0 = values_of(lambda.get());
    out_.dloss_dp = values_of(mu.get());
    return finish();
  }

  [[nodiscard]] ExternalOutcome forward() {
    auto const n = static_cast<int>(system_->dimension()), all = n + static_cast<int>(system_->parameters());
    std::vector<Vector> owned;
    std::vector<N_Vector> s;
    for (int i = 0; i < all; ++i) {
      owned.push_back(make_vector(n, context_.get()));
      s.push_back(owned.back().get());
      if (i < n) NV_Ith_S(s.back(), i) = 1.0;
    }
    checked(CVodeSensInit(memory(), all, CV_SIMULTANEOUS, &sensitivity_rhs, s.data()), "CVodeSensInit");
    std::vector<realtype> absolute(static_cast<std::size_t>(all), control_.absolute_tolerance);
    checked(CVodeSensSStolerances(memory(), control_.relative_tolerance, absolute.data()), "CVodeSensSStolerances");
    checked(CVodeSetSensErrCon(memory(), SUNTRUE), "CVodeSetSensErrCon");
    Nonlinear const together(method_ == CV_BDF ? SUNNonlinSol_NewtonSens(all + 1, y(), context_.get())
                                               : SUNNonlinSol_FixedPointSens(all + 1, y(), 0, context_.get()));
    checked(CVodeSetNonlinearSolverSensSim(memory(), together.get()), "CVodeSetNonlinearSolverSensSim");
    double t = 0.0;
    int const flag = CVode(memory(), system_->t1(), y(), &t, CV_NORMAL);
    note_forward();
    out_.status = status_of(flag);
    std::vector<double> gradient(static_cast<std::size_t>(n)), along;
    if (out_.status == SolveStatus::success) {
      checked(CVodeGetSens(memory(), &t, s.data()), "CVodeGetSens");
      out_.loss = system_->loss(NV_DATA_S(y()));
      system_->loss_gradient(NV_DATA_S(y()), gradient.data());
    }
    for (N_Vector const of_unknown : s) {
      double sum = 0.0;
      for (int d = 0; d < n; ++d) sum += gradient[static_cast<std::size_t>(d)] * NV_Ith_S(of_unknown, d);
      along.push_back(sum);
    }
    out_.dloss_dy0.assign(along.begin(), along.begin() + n);
    out_.dloss_dp.assign(along.begin() + n, along.end());
    return finish();
  }

 private:
  [[nodiscard]] void* memory() const { return memory_.get(); }
  [[nodiscard]] N_Vector y() const { return y_.get(); }
  [[nodiscard]] static std::int64_t count(void* memory, int (*get)(void*, long*)) {
    long n = 0;
    checked(get(memory, &n), "a counter");
    return n;
  }
  [[nodiscard]] static std::vector<double> values_of(N_Vector v) {
    return std::vector<double>(NV_DATA_S(v), NV_DATA_S(v) + NV_LENGTH_S(v));
  }
  void note_forward() {
    calls_.work.accepted = count(memory(), &CVodeGetNumSteps);
    calls_.work.rejected = count(memory(), &CVodeGetNumErrTestFails);
    note_iterations(memory());
    out_.final_state = values_of(y());
  }
  void note_iterations(void* memory) {
    if (method_ != CV_BDF) return;
    out_.newton_iterations += count(memory, &CVodeGetNumNonlinSolvIters);
    out_.linear_solves += count(memory, &CVodeGetNumLinIters);
  }
  [[nodiscard]] ExternalOutcome finish() {
    out_.work = calls_.work;
    out_.dloss_dy0.resize(static_cast<std::size_t>(system_->dimension()));
    out_.dloss_dp.resize(static_cast<std::size_t>(system_->parameters()));
    memory_.reset();  // while the solvers and vectors that it refers to are there
    return std::move(out_);
  }

  // In the order in which they must outlive one another.
  Callbacks calls_;
  PlainSystem* system_;
  int method_;
  StepControl control_;
  Context context_;
  Vector y_;
  Linear linear_;
  Nonlinear nonlinear_;
  Owned<void*, &free_integrator> memory_;
  ExternalOutcome out_;
};

template <auto Run>
class CvodesIntegrator final : public ExternalIntegrator {
 public:
  CvodesIntegrator(std::string_view solver, StepControl const& control)
      : method_(method_of(solver)), control_(control) {}
  [[nodiscard]] ExternalOutcome solve(PlainSystem& system) override {
    Solve solve(system, method_, control_);
    return (solve.*Run)();
  }

 private:
  int method_;
  StepControl control_;
};

}  // namespace

std::unique_ptr<ExternalIntegrator> make_cvodes_adjoint(std::string_view solver, StepControl const& control) {
  return std::make_unique<CvodesIntegrator<&Solve::adjoint>>(solver, control);
}
std::unique_ptr<ExternalIntegrator> make_cvodes_forward(std::string_view solver, StepControl const& control) {
  return std::make_unique<CvodesIntegrator<&Solve::forward>>(solver, control);
}

}  // namespace retrace
