#pragma once

/// `pendulum`, compiled with every method of the suite and with `my_aca`.
void register_problem_and_method();
