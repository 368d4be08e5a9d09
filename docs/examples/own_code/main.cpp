#include "app/retrace_main.hpp"
#include "cash_karp54.hpp"
#include "registration.hpp"
#include "solvers/registry.hpp"

int main(int argc, char** argv) {
  register_problem_and_method();
  retrace::add_tableau<CashKarp54>();
  return retrace::retrace_main(argc, argv);
}
