"""Words of the appendix: what each method promises, what each check asks, what the statuses mean."""

from __future__ import annotations

from .points import ordered
from .reader import ResultFile

METHODS = {
    "naive": "Differentiates the program as it ran: every trial step, accepted or not, the error norm and the "
    "step-size control. Keeps the stages of all trials.",
    "adjoint": "Continuous adjoint: keeps the final state only and solves state, adjoint and parameter integrals "
    "backwards with steps of its own. Its reverse solution can leave the forward one.",
    "aca": "Adaptive checkpoint adjoint: keeps accepted times, steps and states; backwards it replays each accepted "
    "step and differentiates that step alone. No search, no reconstruction.",
    "forward": "Forward sensitivities: carries the derivative along with the solution. One sweep per direction.",
    "aca_stages": "ACA with the stages of each accepted step stored, too: nothing is evaluated again backwards.",
    "naive_detached": "The naive tape with the step-size control left out of the derivative: aca's gradient, at the "
    "memory of naive.",
    "aca_budget": "ACA with a fixed number of checkpoints; the rest is recomputed by a binomial schedule.",
    "adjoint_seminorm": "Continuous adjoint whose error control leaves the parameter integrals out.",
    "adjoint_blocks": "Continuous adjoint whose error control takes the worst of state, adjoint and parameter integrals.",
    "adjoint_reset": "Continuous adjoint that puts its state back to the kept one at every observation.",
    "adjoint_interpolated": "Continuous adjoint on the forward dense output: no reverse solution of the state.",
    "mali": "Asynchronous leapfrog, a reversible scheme of order 2: backwards each step is undone, no state is kept.",
    "reversible_rk": "A Runge-Kutta scheme in reversible form: backwards each step is undone, no state is kept.",
    "symplectic_adjoint": "The discrete adjoint by its partner tableau; one evaluation's graph alive at a time.",
    "cvodes_adjoint": "SUNDIALS CVODES: continuous adjoint, the state interpolated between checkpoints.",
    "cvodes_forward": "SUNDIALS CVODES: forward sensitivities.",
    "petsc_adjoint": "PETSc TSAdjoint: discrete adjoint of the steps that PETSc takes.",
    "finite_difference": "Differences of two solutions. A witness, not a competitor.",
}
PROMISES = {
    "exact_program": "exact derivative of the adaptive program as it ran, step sizes included, to round-off",
    "exact_frozen": "exact derivative of the discretisation with its steps held fixed, to round-off",
    "consistent": "derivative of the flow, up to a multiple of the tolerance",
}
CHECKS = {
    "finite": "Loss, state and gradient are finite.",
    "repro": "The same case gives the same gradient again, to the class stated for method and backend.",
    "rank_invariance": "The gradient does not depend on the number of ranks.",
    "round_trip": "A method that undoes its steps finds the initial state again, with half of the digits at least.",
    "copies": "The two copies of the state that a reversible scheme steps have not come apart.",
    "times": "Derivatives in t0, T and observation times are those of differences in these times, or near the flow's.",
    "dual": "Directional derivatives equal those of dual numbers sent through the same steps.",
    "thread_invariance": "The gradient does not depend on the number of threads.",
    "dotprod": "The right-hand side's vector-Jacobian product is the transpose of its tangent.",
    "dotprod_rhs": "The right-hand side's vector-Jacobian product is the transpose of its tangent.",
    "dotprod_step": "The reverse of a step is the transpose of its tangent.",
    "program_dual": "Directional derivatives equal those of dual numbers sent through the whole adaptive program.",
    "difference_frozen": "The gradient lies within the error bar of central differences on the recorded steps.",
    "difference_program": "The gradient lies within the error bar of central differences of the live adaptive program.",
    "adjoint_growth": "dL/dy0 does not owe its size to steps beyond the limit of stability.",
    "consistency": "The distance to the reference falls with the tolerance.",
    "complex_step": "The gradient equals the complex-step derivative of the same steps in plain loops.",
    "program_complex_step": "The gradient equals the complex-step derivative of the whole adaptive program, in plain loops.",
    "invariants": "What the flow keeps, lambda . f or an energy, solve and gradient keep better with the tolerance.",
    "finite_difference": "The gradient lies within the error bar of central differences.",
    "taylor": "The remainder of the linear model falls with the square of the step.",
    "order": "The gradient's error falls with the step size as the order of the scheme says, or with the tolerance.",
    "reference": "The error against the reference is within its limit, and the reference sharp enough to say so.",
    "closed_form": "The gradient equals the closed form.",
    "methods_agree": "Methods that promise the same derivative agree.",
    "mutation": "Seeded faults are caught.",
    "memory_model": "Measured peak bytes over the method's formula; the limit is the largest ratio allowed.",
    "leak": "Every byte of the case was freed.",
}
STATUSES = {
    "pass": "every check passed",
    "fail": "a check failed",
    "error": "the case ended with an error",
    "timeout": "the case took longer than its limit",
    "nonfinite": "a number left the range of its type",
    "oom": "memory ran out",
    "skipped": "not run, for the reason given",
    "xfail": "failed as the suite expected: a known limit",
    "xpass": "passed although the suite expected failure: the expectation is out of date",
    "inconclusive": "a witness was too weak to decide: a warning, not a failure",
    "crashed": "ended the program more than once",
}
PAPER = (
    "Zhuang, Dvornek, Li, Tatikonda, Papademetris, Duncan: Adaptive Checkpoint Adjoint Method for Gradient "
    "Estimation in Neural ODE. ICML 2020."
)
PAPER_LINK = "https://arxiv.org/abs/2006.02493"


def methods(result: ResultFile) -> list[tuple[str, str, str]]:
    """(method, what it does, what it promises) for the methods of the file."""
    classes = dict(zip(result["cases"]["method"], result["cases"]["method_class"]))
    return [
        (method, METHODS.get(method, ""), PROMISES.get(classes[method], classes[method]))
        for method in ordered(list(classes))
    ]


def checks(names: list[str]) -> list[tuple[str, str]]:
    return [(name, CHECKS.get(name) or _limit(name)) for name in names]


def _limit(name: str) -> str:
    """Checks that a suite makes of its absolute limits are named after the quantity."""
    return f"The suite's absolute limit for {name.removeprefix('limit_')}." if name.startswith("limit_") else ""
