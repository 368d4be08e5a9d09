// The gradients of PETSc, as a module of its own: see petsc.hpp. Nothing of the program is called from here but through
// the interfaces that it hands over.
#include "core/error.hpp"
#include "gradients/external/petsc.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <petscts.h>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Outside of the project's namespace, in which `Vec` is something else.
namespace {

using retrace::ExternalIntegrator;
using retrace::ExternalOutcome;
using retrace::PetscHost;
using retrace::PlainSystem;
using retrace::SolveStatus;
using retrace::StepControl;
using retrace::StepSpan;
using retrace::Tableau;
using retrace::UsageError;
using retrace::WorkCounts;

void checked(PetscErrorCode code, char const* call) {
  if (code == 0) return;
  char const* text = nullptr;
  PetscErrorMessage(code, &text, nullptr);
  throw std::runtime_error(std::string(call) + " of PETSc failed: " + (text != nullptr ? text : "unknown error"));
}

// --- Memory: from the program, so that it is counted as ours is -----------------------------------------------------

PetscHost host{};
std::int64_t live_bytes = 0;  // one thread solves

/// In front of each piece: its size, in a whole cache line, so that what follows stays aligned.
constexpr std::size_t header = 64;

PetscErrorCode take(std::size_t bytes, PetscBool clear, int, char const*, char const*, void** memory) {
  *memory = nullptr;
  if (bytes == 0) return 0;
  try {
    auto* const piece = static_cast<std::byte*>(host.allocate(header + bytes));
    std::memcpy(piece, &bytes, sizeof bytes);
    *memory = piece + header;
  } catch (std::bad_alloc const&) {
    return PETSC_ERR_MEM;
  }
  live_bytes += static_cast<std::int64_t>(bytes);
  if (clear) std::memset(*memory, 0, bytes);
  return 0;
}
std::size_t size_of(void* memory) {
  std::size_t bytes = 0;
  if (memory != nullptr) std::memcpy(&bytes, static_cast<std::byte*>(memory) - header, sizeof bytes);
  return bytes;
}
PetscErrorCode give_back(void* memory, int, char const*, char const*) {
  if (memory == nullptr) return 0;
  live_bytes -= static_cast<std::int64_t>(size_of(memory));
  host.release(static_cast<std::byte*>(memory) - header);
  return 0;
}
PetscErrorCode take_again(std::size_t bytes, int line, char const* function, char const* file, void** memory) {
  void* larger = nullptr;
  PetscErrorCode const code = take(bytes, PETSC_FALSE, line, function, file, &larger);
  if (code != 0) return code;
  std::size_t const kept = std::min(bytes, size_of(*memory));
  if (kept > 0) std::memcpy(larger, *memory, kept);
  (void)give_back(*memory, line, function, file);
  *memory = larger;
  return 0;
}

void finalize() {
  (void)PetscFinalize();
}
/// Once: signals, messages and options stay the program's.
void start(PetscHost const& given) {
  if (host.allocate != nullptr) return;
  host = given;
  checked(PetscMallocSet(&take, &give_back, &take_again), "PetscMallocSet");
  checked(PetscOptionsSetValue(nullptr, "-no_signal_handler", "1"), "PetscOptionsSetValue");
  checked(PetscInitializeNoArguments(), "PetscInitialize");
  checked(PetscPushErrorHandler(&PetscReturnErrorHandler, nullptr), "PetscPushErrorHandler");
  host.before_the_end(&finalize);
}

template <class Handle, PetscErrorCode (*Destroy)(Handle*)>
struct DestroyedBy {
  using pointer = Handle;
  void operator()(Handle handle) const { (void)Destroy(&handle); }
};
template <class Handle, PetscErrorCode (*Destroy)(Handle*)>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, DestroyedBy<Handle, Destroy>>;
using Vector = Owned<Vec, &VecDestroy>;
using Matrix = Owned<Mat, &MatDestroy>;
using Stepper = Owned<TS, &TSDestroy>;

Vector make_vector(std::int64_t length) {
  Vec v = nullptr;
  checked(VecCreateSeq(PETSC_COMM_SELF, static_cast<PetscInt>(length), &v), "VecCreateSeq");
  return Vector(v);
}

/// The numbers of a vector while this lives.
class Read {
 public:
  explicit Read(Vec v) : v_(v) { (void)VecGetArrayRead(v, &x_); }
  Read(Read const&) = delete;
  Read& operator=(Read const&) = delete;
  ~Read() { (void)VecRestoreArrayRead(v_, &x_); }
  [[nodiscard]] double const* data() const { return x_; }
  [[nodiscard]] std::vector<double> values() const {
    PetscInt n = 0;
    (void)VecGetLocalSize(v_, &n);
    return {x_, x_ + n};
  }

 private:
  Vec v_;
  double const* x_ = nullptr;
};
class Written {
 public:
  explicit Written(Vec v) : v_(v) { (void)VecGetArray(v, &x_); }
  Written(Written const&) = delete;
  Written& operator=(Written const&) = delete;
  ~Written() { (void)VecRestoreArray(v_, &x_); }
  [[nodiscard]] double* data() const { return x_; }

 private:
  Vec v_;
  double* x_ = nullptr;
};

// --- What PETSc calls -----------------------------------------------------------------------------------------------

struct Callbacks {
  PlainSystem* system;
  WorkCounts work{};
  double t = 0.0;                // where the Jacobians are taken
  std::vector<double> y{};       // there
  std::vector<double> unused{};  // the part of a VJP that a call does not ask for
  double step_size = 0.0, t_last = 0.0;
  std::vector<StepSpan<double>> steps{};
};

PetscErrorCode rhs(TS, PetscReal t, Vec y, Vec dydt, void* user) {
  auto& c = *static_cast<Callbacks*>(user);
  c.system->rhs(t, Read(y).data(), Written(dydt).data());
  ++c.work.rhs_forward;
  return 0;
}
/// The matrices are known by their products only; setting one up is to remember where.
PetscErrorCode move_to(PetscReal t, Vec y, Mat matrix, Callbacks& c) {
  c.t = t;
  Read const state(y);
  std::copy_n(state.data(), c.y.size(), c.y.begin());
  PetscErrorCode const code = MatAssemblyBegin(matrix, MAT_FINAL_ASSEMBLY);
  return code != 0 ? code : MatAssemblyEnd(matrix, MAT_FINAL_ASSEMBLY);  // takes back a factor of -1
}
PetscErrorCode jacobian(TS, PetscReal t, Vec y, Mat matrix, Mat, void* user) {
  return move_to(t, y, matrix, *static_cast<Callbacks*>(user));
}
PetscErrorCode jacobian_of_p(TS, PetscReal t, Vec y, Mat matrix, void* user) {
  return move_to(t, y, matrix, *static_cast<Callbacks*>(user));
}
template <bool of_p>
PetscErrorCode transposed_product(Mat matrix, Vec w, Vec product) {
  Callbacks* c = nullptr;
  if (PetscErrorCode const code = MatShellGetContext(matrix, &c); code != 0) return code;
  Written const result(product);
  if constexpr (of_p)
    c->system->vjp(c->t, c->y.data(), Read(w).data(), c->unused.data(), result.data());
  else
    c->system->vjp(c->t, c->y.data(), Read(w).data(), result.data(), c->unused.data());
  ++c->work.vjp;
  return 0;
}
/// The size of the trial that is under way; the last one before the end of a step is that of the step.
PetscErrorCode note_size(TS ts, PetscReal, PetscInt, Vec*) {
  Callbacks* c = nullptr;
  PetscErrorCode const code = TSGetApplicationContext(ts, &c);
  return code != 0 ? code : TSGetTimeStep(ts, &c->step_size);
}
PetscErrorCode note_step(TS, PetscInt number, PetscReal t, Vec, void* user) {
  auto& c = *static_cast<Callbacks*>(user);
  if (number > 0) c.steps.push_back({c.t_last, c.step_size, t});
  c.t_last = t;
  return 0;
}

// --- One solve ------------------------------------------------------------------------------------------------------

struct Scheme {
  std::string_view name;
  TSRKType type;
  int order, embedded_order;
};
constexpr std::array<Scheme, 3> schemes{
    {{"petsc_3bs", TSRK3BS, 3, 2}, {"petsc_4", TSRK4, 4, 0}, {"petsc_5dp", TSRK5DP, 5, 4}}};

/// The coefficients that PETSc steps by, in our form.
Tableau tableau_of_petsc(Scheme const& scheme) {
  TS made = nullptr;
  checked(TSCreate(PETSC_COMM_SELF, &made), "TSCreate");
  Stepper const ts(made);
  checked(TSSetType(ts.get(), TSRK), "TSSetType");
  checked(TSRKSetType(ts.get(), scheme.type), "TSRKSetType");
  PetscInt stages = 0, unused_order = 0;
  PetscReal const *a = nullptr, *b = nullptr, *c = nullptr, *b_hat = nullptr, *unused = nullptr;
  PetscBool fsal = PETSC_FALSE;
  checked(TSRKGetTableau(ts.get(), &stages, &a, &b, &c, &b_hat, &unused_order, &unused, &fsal), "TSRKGetTableau");
  Tableau tab;
  tab.stages = static_cast<int>(stages);
  tab.order = scheme.order;
  tab.embedded_order = scheme.embedded_order;
  tab.adaptive = scheme.embedded_order > 0;
  tab.fsal = fsal == PETSC_TRUE;
  tab.controller_exponent = 1.0 / (1.0 + std::min(scheme.order, scheme.embedded_order));
  auto const s = static_cast<std::size_t>(stages);
  for (std::size_t i = 0; i < s; ++i) {
    for (std::size_t j = 0; j < s; ++j) tab.a[i][j] = a[i * s + j];
    tab.b[i] = b[i];
    tab.error[i] = tab.adaptive ? b[i] - b_hat[i] : 0.0;
    tab.c[i] = c[i];
    if (b[i] != 0.0) tab.last_used_stage = static_cast<int>(i) + 1;
  }
  return tab;
}

class PetscIntegrator final : public ExternalIntegrator {
 public:
  PetscIntegrator(Scheme const& scheme, StepControl const& control)
      : scheme_(scheme), control_(control), tableau_(tableau_of_petsc(scheme)) {}

  [[nodiscard]] Tableau const* tableau() const override { return &tableau_; }

  [[nodiscard]] ExternalOutcome solve(PlainSystem& system) override {
    if (!(system.t1() > system.t0()))
      throw UsageError("method 'petsc_adjoint' integrates forward in time only, and the span ends before it begins");
    std::int64_t const n = system.dimension(), p = system.parameters();
    Callbacks calls{.system = &system};
    calls.y.resize(static_cast<std::size_t>(n));
    calls.unused.resize(static_cast<std::size_t>(std::max(n, p)));
    calls.t_last = system.t0();
    Vector const y = make_vector(n), lambda = make_vector(n), mu = make_vector(p);
    system.initial_state(Written(y.get()).data());
    Matrix const f_y = make_shell(n, n, calls, &transposed_product<false>),
                 f_p = make_shell(n, p, calls, &transposed_product<true>);
    Stepper const owned = make_stepper(system, calls, f_y.get(), f_p.get(), y.get());
    TS const ts = owned.get();

    ExternalOutcome out;
    std::int64_t const before = live_bytes;
    checked(TSSolve(ts, y.get()), "TSSolve");
    out.kept_bytes = live_bytes - before;
    out.status = status_of(ts);
    out.final_state = Read(y.get()).values();
    out.steps = calls.steps;
    calls.work.accepted = static_cast<std::int64_t>(calls.steps.size());
    PetscInt rejections = 0;
    checked(TSGetStepRejections(ts, &rejections), "TSGetStepRejections");
    calls.work.rejected = rejections;
    if (out.status == SolveStatus::success) {
      out.loss = system.loss(Read(y.get()).data());
      system.loss_gradient(Read(y.get()).data(), Written(lambda.get()).data());
      checked(VecZeroEntries(mu.get()), "VecZeroEntries");
      Vec of_y = lambda.get(), of_p = mu.get();
      checked(TSSetCostGradients(ts, 1, &of_y, &of_p), "TSSetCostGradients");
      checked(TSAdjointSolve(ts), "TSAdjointSolve");
      calls.work.reverse_accepted = calls.work.accepted;
    }
    out.dloss_dy0 = Read(lambda.get()).values();
    out.dloss_dp = Read(mu.get()).values();
    out.work = calls.work;
    return out;
  }

 private:
  [[nodiscard]] static Matrix make_shell(std::int64_t rows, std::int64_t columns, Callbacks& calls,
                                         PetscErrorCode (*product)(Mat, Vec, Vec)) {
    Mat matrix = nullptr;
    auto const m = static_cast<PetscInt>(rows), n = static_cast<PetscInt>(columns);
    checked(MatCreateShell(PETSC_COMM_SELF, m, n, m, n, &calls, &matrix), "MatCreateShell");
    Matrix owned(matrix);
    checked(MatShellSetOperation(matrix, MATOP_MULT_TRANSPOSE, reinterpret_cast<void (*)()>(product)),
            "MatShellSetOperation");
    return owned;
  }
  [[nodiscard]] Stepper make_stepper(PlainSystem const& system, Callbacks& calls, Mat f_y, Mat f_p, Vec y) const {
    TS ts = nullptr;
    checked(TSCreate(PETSC_COMM_SELF, &ts), "TSCreate");
    Stepper owned(ts);
    checked(TSSetProblemType(ts, TS_NONLINEAR), "TSSetProblemType");
    checked(TSSetType(ts, TSRK), "TSSetType");
    checked(TSRKSetType(ts, scheme_.type), "TSRKSetType");
    checked(TSSetApplicationContext(ts, &calls), "TSSetApplicationContext");
    checked(TSSetRHSFunction(ts, nullptr, &rhs, &calls), "TSSetRHSFunction");
    checked(TSSetRHSJacobian(ts, f_y, f_y, &jacobian, &calls), "TSSetRHSJacobian");
    checked(TSSetRHSJacobianP(ts, f_p, &jacobian_of_p, &calls), "TSSetRHSJacobianP");
    checked(TSSetPostStage(ts, &note_size), "TSSetPostStage");
    checked(TSMonitorSet(ts, &note_step, &calls, nullptr), "TSMonitorSet");
    checked(TSSetTime(ts, system.t0()), "TSSetTime");
    checked(TSSetMaxTime(ts, system.t1()), "TSSetMaxTime");
    checked(TSSetExactFinalTime(ts, TS_EXACTFINALTIME_MATCHSTEP), "TSSetExactFinalTime");
    checked(TSSetErrorIfStepFails(ts, PETSC_FALSE), "TSSetErrorIfStepFails");
    checked(TSSetMaxSteps(ts, static_cast<PetscInt>(control_.adaptive() ? control_.max_steps : control_.fixed_steps)),
            "TSSetMaxSteps");
    choose_steps(ts, system.t1() - system.t0());
    TSTrajectory trajectory = nullptr;
    checked(TSSetSaveTrajectory(ts), "TSSetSaveTrajectory");
    checked(TSGetTrajectory(ts, &trajectory), "TSGetTrajectory");
    checked(TSTrajectorySetType(trajectory, ts, TSTRAJECTORYMEMORY), "TSTrajectorySetType");
    checked(TSSetSolution(ts, y), "TSSetSolution");
    checked(TSSetUp(ts), "TSSetUp");
    return owned;
  }
  void choose_steps(TS ts, double span) const {
    if (!control_.adaptive()) {
      TSAdapt adapt = nullptr;
      checked(TSGetAdapt(ts, &adapt), "TSGetAdapt");
      checked(TSAdaptSetType(adapt, TSADAPTNONE), "TSAdaptSetType");
      checked(TSSetTimeStep(ts, span / static_cast<double>(control_.fixed_steps)), "TSSetTimeStep");
      return;
    }
    // PETSc does not choose a first step; one that is too large is rejected.
    constexpr double first = 0.01;
    double const given = control_.initial_step > 0.0 ? std::copysign(control_.initial_step, span) : first * span;
    checked(TSSetTimeStep(ts, given), "TSSetTimeStep");
    checked(TSSetTolerances(ts, control_.absolute_tolerance, nullptr, control_.relative_tolerance, nullptr),
            "TSSetTolerances");
  }
  [[nodiscard]] static SolveStatus status_of(TS ts) {
    TSConvergedReason reason = TS_CONVERGED_ITERATING;
    checked(TSGetConvergedReason(ts, &reason), "TSGetConvergedReason");
    if (reason == TS_CONVERGED_ITS) {
      PetscReal t = 0.0, end = 0.0;
      checked(TSGetTime(ts, &t), "TSGetTime");
      checked(TSGetMaxTime(ts, &end), "TSGetMaxTime");
      return t == end ? SolveStatus::success : SolveStatus::max_steps_reached;
    }
    return reason > 0 ? SolveStatus::success : SolveStatus::step_too_small;
  }

  Scheme scheme_;
  StepControl control_;
  Tableau tableau_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) ExternalIntegrator* retrace_make_petsc_integrator(
    PetscHost const& given, std::string_view solver, StepControl const& control) {
  static_assert(std::is_same_v<retrace::MakePetscIntegrator, decltype(&retrace_make_petsc_integrator)>);
  start(given);
  auto const scheme = std::ranges::find(schemes, solver, &Scheme::name);
  if (scheme == schemes.end()) throw std::logic_error("no scheme of PETSc is called '" + std::string(solver) + "'");
  return new PetscIntegrator(*scheme, control);
}
