#include "benchmarks/filter.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace retrace {

bool glob_matches(std::string_view glob, std::string_view text) {
  // reached[j]: the part of the glob read so far can match the first j characters of the text. No backtracking, so the
  // time is bounded by the product of the two lengths.
  std::vector<char> reached(text.size() + 1, 0), next(reached.size(), 0);
  reached[0] = 1;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    bool const segment_begins = i == 0 || glob[i - 1] == '/';
    bool const crosses = glob.substr(i, 2) == "**";
    bool const whole_segments = crosses && segment_begins && glob.substr(i + 2, 1) == "/";
    std::ranges::fill(next, 0);
    if (glob[i] == '*') {
      bool open = false;
      for (std::size_t j = 0; j <= text.size(); ++j) {
        if (j > 0 && open && !crosses && text[j - 1] == '/') open = false;
        open = open || reached[j] != 0;
        // `**/` ends before a segment: right here (it stands for nothing) or behind any slash.
        bool const ends_here = !whole_segments || reached[j] != 0 || (j > 0 && text[j - 1] == '/');
        next[j] = open && ends_here ? 1 : 0;
      }
      i += whole_segments ? 2 : (crosses ? 1 : 0);
    } else {
      for (std::size_t j = 1; j <= text.size(); ++j) {
        bool const fits = glob[i] == '?' ? text[j - 1] != '/' : text[j - 1] == glob[i];
        next[j] = reached[j - 1] != 0 && fits ? 1 : 0;
      }
    }
    std::swap(reached, next);
  }
  return reached[text.size()] != 0;
}

namespace {

bool any_segment_matches(std::string_view glob, std::string_view id) {
  while (true) {
    std::size_t const slash = id.find('/');
    if (glob_matches(glob, id.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    id.remove_prefix(slash + 1);
  }
}

}  // namespace

struct CaseFilter::Node {
  enum class Kind { glob, segment, tag, negation, conjunction, disjunction };
  Kind kind;
  std::string text{};
  std::vector<Node> operands{};

  [[nodiscard]] bool matches(std::string_view id, std::span<std::string const> tags) const {
    auto const holds = [&](Node const& node) { return node.matches(id, tags); };
    switch (kind) {
      case Kind::glob:
        return glob_matches(text, id);
      case Kind::segment:
        return any_segment_matches(text, id);
      case Kind::tag:
        return std::ranges::any_of(tags, [&](std::string const& tag) { return glob_matches(text, tag); });
      case Kind::negation:
        return !holds(operands.front());
      case Kind::conjunction:
        return std::ranges::all_of(operands, holds);
      case Kind::disjunction:
        return std::ranges::any_of(operands, holds);
    }
    return false;
  }
};

namespace {

using Node = CaseFilter::Node;

/// Recursive descent over `|`, then `&`, then `!` and parentheses.
class FilterParser {
 public:
  explicit FilterParser(std::string_view expression) : expression_(expression) {}

  [[nodiscard]] Node whole() {
    Node node = disjunction();
    if (peek() == ')') fail("')' closes nothing");
    if (!at_end()) fail("expected '&' or '|' before the next condition");
    return node;
  }

 private:
  [[nodiscard]] Node disjunction() { return joined('|', Node::Kind::disjunction, &FilterParser::conjunction); }
  [[nodiscard]] Node conjunction() { return joined('&', Node::Kind::conjunction, &FilterParser::negation); }

  [[nodiscard]] Node joined(char mark, Node::Kind kind, Node (FilterParser::*operand)()) {
    std::vector<Node> operands{(this->*operand)()};
    while (peek() == mark) {
      ++position_;
      operands.push_back((this->*operand)());
    }
    return operands.size() == 1 ? std::move(operands.front()) : Node{kind, {}, std::move(operands)};
  }

  [[nodiscard]] Node negation() {
    constexpr int deepest = 200;  // keeps a hostile expression from overflowing the stack
    if (++depth_ > deepest) fail(fmt::format("nested more than {} deep", deepest));
    Node node = peek() == '!' ? negated() : primary();
    --depth_;
    return node;
  }

  [[nodiscard]] Node negated() {
    ++position_;
    return {Node::Kind::negation, {}, {negation()}};
  }

  [[nodiscard]] Node primary() {
    if (peek() != '(') return condition();
    std::size_t const opening = position_++;
    Node node = disjunction();
    if (peek() != ')') {
      position_ = opening;
      fail("'(' is never closed");
    }
    ++position_;
    return node;
  }

  [[nodiscard]] Node condition() {
    peek();
    std::size_t const end = std::min(expression_.find_first_of(" \t\n()|&!", position_), expression_.size());
    std::string_view const word = expression_.substr(position_, end - position_);
    if (word.empty()) fail("expected a glob on the case id, tag:NAME, '!' or '('");
    constexpr std::string_view tag_prefix = "tag:";
    if (word.starts_with(tag_prefix)) {
      if (word.size() == tag_prefix.size()) fail("expected a name after 'tag:'");
      position_ = end;
      return {Node::Kind::tag, std::string(word.substr(tag_prefix.size())), {}};
    }
    if (std::size_t const colon = word.find(':'); colon != std::string_view::npos) {
      fail(fmt::format("unknown prefix '{}'; did you mean 'tag:'?", word.substr(0, colon + 1)));
    }
    position_ = end;
    bool const one_segment = word.find('/') == std::string_view::npos && word.find("**") == std::string_view::npos;
    return {one_segment ? Node::Kind::segment : Node::Kind::glob, std::string(word), {}};
  }

  /// The next character that is not blank, or 0 at the end.
  char peek() {
    position_ = std::min(expression_.find_first_not_of(" \t\n", position_), expression_.size());
    return at_end() ? '\0' : expression_[position_];
  }
  [[nodiscard]] bool at_end() const { return position_ >= expression_.size(); }

  [[noreturn]] void fail(std::string_view what) const {
    throw UsageError(fmt::format("filter '{}', column {}: {}", expression_, position_ + 1, what));
  }

  std::string_view expression_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

CaseFilter CaseFilter::parse(std::string_view expression) {
  return CaseFilter(std::make_shared<Node const>(FilterParser(expression).whole()));
}

bool CaseFilter::matches(std::string_view id, std::span<std::string const> tags) const {
  return root_->matches(id, tags);
}

std::vector<CaseSpec> select_cases(std::span<CaseSpec const> cases, std::span<CaseFilter const> keep,
                                   std::span<CaseFilter const> drop) {
  std::vector<CaseSpec> selected;
  for (CaseSpec const& spec : cases) {
    auto const matches = [&](CaseFilter const& filter) { return filter.matches(spec); };
    bool const kept = keep.empty() || std::ranges::any_of(keep, matches);
    if (kept && std::ranges::none_of(drop, matches)) selected.push_back(spec);
  }
  return selected;
}

}  // namespace retrace
