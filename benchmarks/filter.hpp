#pragma once

#include "benchmarks/case_spec.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// Whether `text` matches the glob: `?` is one character and `*` any number of them, but neither crosses a slash; `**`
/// crosses. `**/` also stands for nothing, so that `**/rk4/**` finds the segment anywhere.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

/// A condition on cases: globs on the id and tags, joined by `&`, `|`, `!` and parentheses (`!` binds closest, `|`
/// loosest), such as `lorenz63/*/rk4/**` or `tag:stiff & !tag:slow`. A glob without a slash asks for a whole segment
/// anywhere in the id: `rk4`, `van_der_pol*`. The name of a tag may be a glob too.
class CaseFilter {
 public:
  /// Throws UsageError that names the expression, the column and what was expected there.
  [[nodiscard]] static CaseFilter parse(std::string_view expression);

  [[nodiscard]] bool matches(std::string_view id, std::span<std::string const> tags) const;
  [[nodiscard]] bool matches(CaseSpec const& spec) const { return matches(case_id(spec), spec.tags); }

  struct Node;  ///< of the parsed expression

 private:
  explicit CaseFilter(std::shared_ptr<Node const> root) : root_(std::move(root)) {}
  std::shared_ptr<Node const> root_;
};

/// The cases that at least one of `keep` matches (all cases if there is none) and none of `drop`; order is kept.
[[nodiscard]] std::vector<CaseSpec> select_cases(std::span<CaseSpec const> cases, std::span<CaseFilter const> keep,
                                                 std::span<CaseFilter const> drop);

}  // namespace retrace
