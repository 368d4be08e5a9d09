#include "verification/witness_catalogue.hpp"

#include "core/error.hpp"
#include "problems/registry.hpp"

#include <map>
#include <string>

namespace retrace {

namespace {

template <class... Problems>
void add(TypeList<Problems...>, std::map<std::string, WitnessMaker, std::less<>>& makers) {
  (makers.emplace(Problems::name, &make_problem_witness<Problems>), ...);
}

std::map<std::string, WitnessMaker, std::less<>>& makers() {
  static std::map<std::string, WitnessMaker, std::less<>> all = [] {
    std::map<std::string, WitnessMaker, std::less<>> registered;
    add(AllEnsembleProblems{}, registered);
    add(AllFieldProblems{}, registered);
    return registered;
  }();
  return all;
}

}  // namespace

std::unique_ptr<ProblemWitness> make_witness(std::string_view problem, Arguments const& arguments,
                                             Communicator const& comm) {
  auto const found = makers().find(problem);
  if (found == makers().end())
    throw UsageError("no witnesses were added for problem '" + std::string(problem) +
                     "'; use add_problem<Problem>() of verification/user_problem.hpp");
  return found->second(arguments, comm);
}

void add_witness(std::string_view problem, WitnessMaker make) {
  makers().emplace(problem, make);
}

}  // namespace retrace
