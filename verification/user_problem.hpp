#pragma once

#include "verification/ensemble_instance.hpp"
#include "verification/ensemble_witness.hpp"
#include "verification/extended_instance.hpp"
#include "verification/field_instance.hpp"
#include "verification/field_witness.hpp"
#include "verification/problem_catalogue.hpp"
#include "verification/witness_catalogue.hpp"

#include <memory>

namespace retrace {

namespace detail {
template <class First, class Second>
struct Joined;
template <class... First, class... Second>
struct Joined<TypeList<First...>, TypeList<Second...>> {
  using type = TypeList<First..., Second...>;
};
}  // namespace detail

/// Adds a problem of a user's program to the catalogue, before anything is run: in one translation unit, which compiles
/// its gradients by every method of the suite and by `Methods` of the user's own. Throws UsageError if the name is
/// taken.
///
///   retrace::add_problem<Pendulum>();
///   retrace::add_problem<Pendulum, MyMethod>();   // after add_method<MyMethod>()
template <EnsembleProblem Problem, class... Methods>
void add_problem() {
  using Instance = EnsembleInstance<Problem, typename detail::Joined<AllGradientMethods, TypeList<Methods...>>::type>;
  add_problem({Problem::name, Problem::family, Problem::summary, "ensemble", Problem::arguments(),
               [](Arguments const& arguments, Communicator const& comm) -> std::unique_ptr<ProblemInstance> {
                 return extend<Problem>(std::make_unique<Instance>(arguments, comm), arguments, comm);
               }});
  add_witness(Problem::name,
              [](Arguments const& arguments, Communicator const& comm) -> std::unique_ptr<ProblemWitness> {
                return std::make_unique<EnsembleWitness<Problem>>(arguments, comm);
              });
}
template <FieldProblem Problem>
void add_problem() {
  add_problem({Problem::name, Problem::family, Problem::summary, "field", Problem::arguments(),
               [](Arguments const& arguments, Communicator const& comm) -> std::unique_ptr<ProblemInstance> {
                 return extend<Problem>(std::make_unique<FieldInstance<Problem>>(arguments, comm), arguments, comm);
               }});
  add_witness(Problem::name,
              [](Arguments const& arguments, Communicator const& comm) -> std::unique_ptr<ProblemWitness> {
                return std::make_unique<FieldWitness<Problem>>(arguments, comm);
              });
}

}  // namespace retrace
