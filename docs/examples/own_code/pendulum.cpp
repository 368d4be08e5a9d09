#include "pendulum.hpp"

#include "my_aca.hpp"
#include "registration.hpp"
#include "verification/method_catalogue.hpp"
#include "verification/user_problem.hpp"

void register_problem_and_method() {
  retrace::add_method<MyAca>();
  retrace::add_problem<Pendulum, MyAca>();
}
