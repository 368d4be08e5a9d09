#include "benchmarks/agreement.hpp"

#include "core/error.hpp"

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <vector>

namespace retrace {

namespace {

enum Grade : int { well, usage, environment, memory, other };  // in the order of gravity

struct Outcome {
  Grade grade = well;
  std::string text;
};

Outcome outcome_of(std::function<void()> const& body) {
  try {
    body();
    return {};
  } catch (UsageError const& error) {
    return {usage, error.what()};
  } catch (EnvironmentError const& error) {
    return {environment, error.what()};
  } catch (OutOfMemory const& error) {
    return {memory, error.what()};
  } catch (std::bad_alloc const&) {
    return {memory, "out of memory"};
  } catch (std::exception const& error) {
    return {other, error.what()};
  } catch (...) {
    return {other, "an exception without a text"};
  }
}

}  // namespace

void Agreement::run(std::function<void()> const& body) const {
  Outcome const own = outcome_of(body);
  settle(own.grade, own.text, true);
}

void Agreement::run_on_first(std::function<void()> const& body) const {
  Outcome const own = comm_->rank() == 0 ? outcome_of(body) : Outcome{};
  settle(own.grade, own.text, false);
}

void Agreement::settle(int grade, std::string const& text, bool name_rank) const {
  int const worst = static_cast<int>(comm_->all_max(std::int64_t{grade}));
  if (worst == well) return;
  bool const all_failed = comm_->all_sum(grade == well ? 0 : 1) == comm_->size();
  std::int64_t const last = comm_->size() - 1;
  std::int64_t const first = last - comm_->all_max(grade == worst ? last - comm_->rank() : std::int64_t{-1});
  std::vector<std::string> const texts = comm_->gather_text(grade == worst ? text : "");
  std::string what;
  if (comm_->rank() == 0) {
    what = texts[static_cast<std::size_t>(first)];
    if (name_rank && !all_failed) what.insert(0, "rank " + std::to_string(first) + ": ");
  }
  what = comm_->broadcast_text(what);
  switch (worst) {
    case usage:
      throw UsageError(what);
    case environment:
      throw EnvironmentError(what);
    case memory:
      throw OutOfMemory(what);
    default:
      throw std::runtime_error(what);
  }
}

}  // namespace retrace
