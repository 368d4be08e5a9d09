"""Retrace for Ramble and Benchpark: put it into repo/retrace/ of an application repository.

Each figure of merit is one line `FOM name value unit` of `retrace run --fom`, first those of the suite, then of each case.
"""

from ramble.appkit import *


class Retrace(ExecutableApplication):
    """Gradients through ODE solvers: verified, timed and measured"""

    name = "retrace"

    tags("ode", "gradient", "adjoint", "verification")

    executable(
        "run",
        "retrace run --suite {suite} --no-ceilings -q --fom -o {experiment_run_dir}/retrace.h5",
        use_mpi=True,
    )
    # From the result file: launchers do not always pass a code on.
    executable("verdict", "retrace inspect --exit-code {experiment_run_dir}/retrace.h5; echo exit code $?", use_mpi=False)

    workload("suite", executables=["run", "verdict"])

    workload_variable(
        "suite",
        default="quick",
        description="smoke, quick, standard, full, scaling; retrace list suites",
        workloads=["suite"],
    )

    log_file = "{experiment_run_dir}/{experiment_name}.out"

    figure_of_merit(
        "{name}",
        fom_regex=r"^FOM (?P<name>\S+) (?P<value>\S+) (?P<unit>\S+)$",
        group_name="value",
        units="{unit}",
        log_file=log_file,
    )

    success_criteria("every case passed", mode="string", match=r"exit code 0$", file=log_file)
