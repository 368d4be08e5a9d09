"""A suite of Retrace as a ReFrame test: reframe -c retrace_check.py -r -S suite=quick -S num_tasks=4

Sane: every case passed and the result is complete, as the result file says, not the launcher. Performance: the figures of
merit of the whole suite; give references per system as for any other test.
"""

import json
import os

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import deferrable, run_before, sanity_function, variable


@rfm.simple_test
class RetraceSuite(rfm.RunOnlyRegressionTest):
    descr = "Retrace: gradients through ODE solvers, verified, timed and measured"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    suite = variable(str, value="smoke")
    executable = "retrace"
    time_limit = "30m"

    @run_before("run")
    def set_command(self):
        self.executable_opts = ["run", "--suite", self.suite, "--no-ceilings", "-q"]
        self.executable_opts += ["-o", "retrace.h5", "--json", "retrace.json"]
        self.postrun_cmds = ["retrace inspect --exit-code retrace.h5; echo \"exit code $?\""]
        self.keep_files = ["retrace.h5", "retrace.json"]

    @deferrable
    def finalized(self):
        return self.result()["finalized"]

    def result(self):
        with open(os.path.join(self.stagedir, "retrace.json")) as file:
            return json.load(file)

    @sanity_function
    def every_case_passed(self):
        return sn.all([sn.assert_found(r"^exit code 0$", self.stdout), sn.assert_true(self.finalized())])

    @run_before("performance")
    def set_figures(self):
        self.perf_variables = {
            name: sn.make_performance_function(sn.defer(merit["value"]), merit["unit"])
            for name, merit in self.result()["merits"].items()
        }
