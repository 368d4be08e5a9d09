#pragma once

namespace retrace {

/// The whole command line `retrace`, with everything that has been registered before the call: for programs that bring
/// problems, schemes or gradient methods of their own. Initialises and finalises MPI and Kokkos where the command needs
/// them; prints; the result is the exit code, the same on every rank. Call it once.
///
///   #include "app/retrace_main.hpp"
///   #include "verification/user_problem.hpp"
///
///   int main(int argc, char** argv) {
///     retrace::add_problem<Pendulum>();                        // verification/user_problem.hpp
///     retrace::add_tableau({"mine", retrace::tableau_of<Mine>});  // solvers/registry.hpp
///     return retrace::retrace_main(argc, argv);
///   }
[[nodiscard]] int retrace_main(int argc, char** argv);

}  // namespace retrace
